"""Tests of budgets as they are decided: exposure, periods, admission and alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.budget import (
    NO_USE,
    Active,
    Admitted,
    AskFirst,
    Calendar,
    Cap,
    CapShort,
    Consent,
    NotAdmitted,
    Pace,
    Period,
    Policy,
    PriceUnknown,
    Raise,
    Rules,
    Scope,
    ScopeKind,
    Stop,
    Stopped,
    TooManyActive,
    UnknownPrice,
    Use,
    Window,
    add,
    admit,
    applied_caps,
    day_at,
    exposure,
    levels_reached,
    pace,
    period_of,
    resets_at,
    scope_of,
    scopes_of,
    subtract,
)
from storage.job import NOT_REQUESTED, Job, QuestionKind, Stage
from tests.support.store_samples import NOW, TODAY, a_job

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=20)
MAYBE = st.none() | AMOUNTS
STAGES = st.sampled_from(Stage)
MOMENTS = st.floats(min_value=0, max_value=4_000_000_000)
ZONES = st.sampled_from(
    (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Havana",  # its clocks go back from 1:00 to midnight
        "America/Sao_Paulo",  # its clocks went forward from midnight
        "Asia/Beirut",  # the same
        "Pacific/Apia",  # left out 30 December 2011
        "Asia/Kathmandu",
    )
)
CALENDARS = st.builds(Calendar, zone=ZONES, first_weekday=st.integers(0, 6))
WINDOWS = st.sampled_from(Window)


def job_with(
    stage: Stage = Stage.ACCEPTED,
    reserved: Decimal | None = None,
    estimate: Decimal | None = None,
    actual: Decimal | None = None,
) -> Job:
    """Return a job with these amounts."""
    return replace(
        a_job(), stage=stage, reserved=reserved, cost_estimate=estimate, cost_actual=actual
    )


@given(one=AMOUNTS, other=AMOUNTS)
def test_sums_are_exact(one: Decimal, other: Decimal) -> None:
    """Amounts have more digits than Python's default context."""
    assert subtract(add(one, other), other) == one


@given(stage=STAGES, reserved=MAYBE, estimate=MAYBE, actual=AMOUNTS)
def test_a_named_amount_is_spent_at_any_stage(
    stage: Stage, reserved: Decimal | None, estimate: Decimal | None, actual: Decimal
) -> None:
    """In full, and nothing is held any more, whatever was reserved."""
    assert exposure(job_with(stage, reserved, estimate, actual)) == Use(spent=actual)


@given(stage=STAGES, reserved=MAYBE, estimate=MAYBE)
def test_without_an_amount_the_larger_forecast_is_held(
    stage: Stage, reserved: Decimal | None, estimate: Decimal | None
) -> None:
    """But nothing of what waits or was never sent; a failed render goes on to be held."""
    use = exposure(job_with(stage, reserved, estimate))
    if stage in NOT_REQUESTED | {Stage.PLANNED, Stage.REJECTED}:
        assert use == NO_USE
    else:
        assert use == Use(held=max(reserved or Decimal(0), estimate or Decimal(0)))


@given(now=MOMENTS, calendar=CALENDARS, window=WINDOWS)
def test_a_moment_lies_in_its_period_until_that_ends(
    now: float, calendar: Calendar, window: Window
) -> None:
    """The moment before the end is still in it, and the end is in the next one."""
    day = day_at(now, calendar)
    period = period_of(window, day, calendar)
    assert period.first <= day < period.until
    end = resets_at(window, now, calendar)
    if end is None:
        assert window is Window.ONCE
        return
    assert now < end
    assert period_of(window, day_at(end - 0.5, calendar), calendar) == period
    after = period_of(window, day_at(end, calendar), calendar)
    assert after != period
    assert after.first >= period.until


@given(day=st.dates(date(1971, 1, 1), date(2090, 1, 1)), calendar=CALENDARS)
@example(day=date(2028, 2, 29), calendar=Calendar())
@example(day=date(2027, 12, 31), calendar=Calendar(first_weekday=6))
def test_periods_begin_on_the_first_of_their_kind(day: date, calendar: Calendar) -> None:
    """Weeks on the workspace's first weekday, months on their first day."""
    text = day.isoformat()
    week = period_of(Window.WEEK, text, calendar)
    assert date.fromisoformat(week.first).weekday() == calendar.first_weekday
    month = period_of(Window.MONTH, text, calendar)
    assert (month.first[-2:], month.until[-2:]) == ("01", "01")
    assert month.first[:7] == text[:7]


def moment(text: str, zone: str = "UTC") -> float:
    """Return a local time as a moment."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("now", "zone", "window", "period", "end"),
    [
        ("2028-02-29 12:00", "UTC", Window.DAY, "day 2028-02-29", "2028-03-01 00:00"),
        ("2028-02-29 12:00", "UTC", Window.MONTH, "month 2028-02-01", "2028-03-01 00:00"),
        ("2027-02-28 23:59", "UTC", Window.MONTH, "month 2027-02-01", "2027-03-01 00:00"),
        ("2026-12-31 23:30", "Asia/Tokyo", Window.MONTH, "month 2026-12-01", "2027-01-01 00:00"),
        # The clocks change on 29 March: the day has 23 hours.
        ("2026-03-29 12:00", "Europe/Berlin", Window.DAY, "day 2026-03-29", "2026-03-30 00:00"),
        ("2026-03-29 12:00", "Europe/Berlin", Window.WEEK, "week 2026-03-23", "2026-03-30 00:00"),
    ],
)
def test_the_calendar_is_that_of_the_workspace(
    now: str, zone: str, window: Window, period: str, end: str
) -> None:
    calendar, at = Calendar(zone=zone), moment(now, zone)
    assert period_of(window, day_at(at, calendar), calendar).key == period
    assert resets_at(window, at, calendar) == moment(end, zone)


def test_a_midnight_that_does_not_exist_is_the_change_of_the_clock() -> None:
    """In Beirut the clocks went from 2022-03-26 24:00 to 1:00 of the next day."""
    calendar = Calendar(zone="Asia/Beirut")
    end = resets_at(Window.DAY, moment("2022-03-26 12:00", "Asia/Beirut"), calendar)
    assert end == datetime(2022, 3, 26, 22, tzinfo=UTC).timestamp()


def test_a_job_counts_for_its_person_channel_model_project_and_workspace() -> None:
    """In a direct conversation there is no channel; without a project, no project."""
    job = replace(a_job(), project="launch")
    assert [scope.key for scope in scopes_of(job)] == [
        "person:T1:U1",
        "channel:T1:C1",
        "model:T1:kling-v3",
        "project:T1:launch",
        "workspace:T1:",
    ]
    direct = replace(job, channel="D1", project=None)
    kinds = [scope.kind for scope in scopes_of(direct)]
    assert kinds == [ScopeKind.PERSON, ScopeKind.MODEL, ScopeKind.WORKSPACE]


@given(kind=st.sampled_from(ScopeKind), name=st.text())
def test_a_scope_is_read_from_its_key(kind: ScopeKind, name: str) -> None:
    """A model's slug may have a colon."""
    scope = Scope(kind=kind, team="T1", name=name)
    assert scope_of(scope.key) == scope


ANA = Scope(kind=ScopeKind.PERSON, team="T1", name="U1")
EVERYONE = Scope(kind=ScopeKind.EVERYONE, team="T1")
HERE = Scope(kind=ScopeKind.CHANNEL, team="T1", name="C1")
ALL = Scope(kind=ScopeKind.WORKSPACE, team="T1")


def cap(scope: Scope, limit: str, window: Window = Window.DAY, *, is_hard: bool = True) -> Cap:
    """Return a cap."""
    return Cap(scope=scope, window=window, limit=Decimal(limit), is_hard=is_hard)


def used(**amounts: str) -> dict[str, Use]:
    """Return uses by the kind of their scope."""
    return {kind: Use(spent=Decimal(amount)) for kind, amount in amounts.items()}


def decide(
    *prices: str | None,
    rules: Rules,
    uses: dict[str, Use] | None = None,
    consent: Consent = Consent.NONE,
    active: Active | None = None,
) -> Admitted | AskFirst | NotAdmitted:
    """Decide about requests of Ana's at these prices; `None`: an unknown one."""

    def use_of(scope: Scope, _period: Period) -> Use:
        return (uses or {}).get(scope.kind, NO_USE)

    jobs = [
        replace(a_job(n), counted_on=None, reserved=None if price is None else Decimal(price))
        for n, price in enumerate(prices)
    ]
    return admit(jobs, rules, use_of, NOW, consent=consent, active=active)


def test_what_is_admitted_gets_its_day() -> None:
    """By the calendar of the workspace, which may be a day behind UTC."""
    made = decide("1", rules=Rules())
    assert isinstance(made, Admitted)
    assert [job.counted_on for job in made.jobs] == [TODAY]
    behind = Policy(calendar=Calendar(zone="Pacific/Pago_Pago"))
    made = decide("1", rules=Rules(policy=behind))
    assert isinstance(made, Admitted)
    assert [job.counted_on for job in made.jobs] == ["2027-01-14"]


@pytest.mark.parametrize(
    ("spent", "price", "limit", "fits"),
    [
        ("0", "5", "5", True),
        ("4.62", "0.38", "5", True),
        ("4.62", "0.39", "5", False),
        ("5", "0", "5", True),
        ("6", "0", "5", False),
        ("0", "0", "0", False),
        ("4.99", None, "5", True),
        ("5", None, "5", False),
    ],
)
def test_a_cap_is_full_at_its_limit_and_not_before(
    spent: str, price: str | None, limit: str, *, fits: bool
) -> None:
    """Exactly full is allowed, 0 allows nobody, and an unknown price needs some room."""
    allow = Policy(unknown_price=UnknownPrice.ALLOW)
    rules = Rules(caps=(cap(ANA, limit),), policy=allow)
    made = decide(price, rules=rules, uses=used(person=spent))
    assert isinstance(made, Admitted) is fits


@given(
    prices=st.lists(AMOUNTS, min_size=1, max_size=4),
    limits=st.lists(st.tuples(st.sampled_from((ANA, EVERYONE, HERE, ALL)), AMOUNTS), max_size=5),
    spent=AMOUNTS,
)
def test_what_is_admitted_fits_every_cap_and_what_is_refused_fits_one_not(
    prices: list[Decimal], limits: list[tuple[Scope, Decimal]], spent: Decimal
) -> None:
    """All jobs of a set together."""
    given_windows = zip(limits, [*Window, Window.DAY], strict=False)
    # As in the store, a scope has one cap a window.
    caps = {(scope, window): limit for (scope, limit), window in given_windows}
    rules = Rules(
        caps=tuple(
            Cap(scope=scope, window=window, limit=limit) for (scope, window), limit in caps.items()
        )
    )
    uses = {kind.value: Use(spent=spent) for kind in ScopeKind}
    made = decide(*map(str, prices), rules=rules, uses=uses)
    wanted = spent
    for price in prices:
        wanted = add(wanted, price)
    applied = applied_caps(rules, a_job(), NOW)
    too_small = {one.cap for one in applied if wanted > one.limit or not one.limit}
    if isinstance(made, NotAdmitted):
        assert {r.applied.cap for r in made.reasons if isinstance(r, CapShort)} == too_small
    else:
        assert not too_small


def test_a_refusal_names_every_cap_that_is_short() -> None:
    """With its use, by how much it is short, and when it begins anew."""
    rules = Rules(caps=(cap(ANA, "5"), cap(HERE, "9", Window.WEEK), cap(ALL, "100", Window.ONCE)))
    uses = used(person="4", channel="8.5", workspace="50")
    made = decide("2", rules=rules, uses=uses)
    assert isinstance(made, NotAdmitted)
    shorts = [reason for reason in made.reasons if isinstance(reason, CapShort)]
    assert [(short.applied.cap.scope, short.missing) for short in shorts] == [
        (ANA, Decimal(1)),
        (HERE, Decimal("1.5")),
    ]
    # `NOW` is a Friday.
    assert [short.resets_at for short in shorts] == [
        moment("2027-01-16 00:00"),
        moment("2027-01-18 00:00"),
    ]


def test_a_persons_own_cap_goes_before_that_of_everyone() -> None:
    """For the same window; for others that of everyone still counts, by the person's use."""
    caps = (cap(EVERYONE, "1"), cap(EVERYONE, "30", Window.MONTH), cap(ANA, "20"))
    applied = applied_caps(Rules(caps=caps), a_job(), NOW)
    assert [(one.limit, one.counted) for one in applied] == [
        (Decimal(30), ANA),
        (Decimal(20), ANA),
    ]
    others = applied_caps(Rules(caps=caps), replace(a_job(), user="U2"), NOW)
    assert {one.counted.name for one in others} == {"U2"}


@pytest.mark.parametrize("scope", [ANA, EVERYONE])
def test_a_raise_ends_by_itself(scope: Scope) -> None:
    """It is of the cap's scope, or of the person to whom the cap of everyone applies."""
    more = Raise(scope=scope, amount=Decimal(20), until=NOW + 60, by="U9", because="launch", at=NOW)
    rules = Rules(caps=(cap(EVERYONE, "5"),), raises=(more,))
    assert [one.limit for one in applied_caps(rules, a_job(), NOW + 59)] == [Decimal(25)]
    assert [one.limit for one in applied_caps(rules, a_job(), NOW + 60)] == [Decimal(5)]


def test_a_stop_refuses_what_is_new() -> None:
    """In its channel or workspace, and not elsewhere."""
    stop = Stop(scope=HERE, by="U9", because="audit", at=NOW)
    made = decide("1", rules=Rules(stops=(stop,)), consent=Consent.BEYOND_CAPS)
    assert made == NotAdmitted(reasons=(Stopped(stop=stop),))
    elsewhere = replace(stop, scope=replace(HERE, name="C2"))
    assert isinstance(decide("1", rules=Rules(stops=(elsewhere,))), Admitted)


def test_a_person_may_have_so_many_jobs_under_way() -> None:
    """A set counts as many."""
    nine = Active(jobs=9, most=10)
    assert isinstance(decide("1", rules=Rules(), active=nine), Admitted)
    made = decide("1", "1", rules=Rules(), active=nine)
    assert made == NotAdmitted(reasons=(TooManyActive(active=9, most=10),))


def test_a_soft_cap_asks_and_a_confirmation_answers() -> None:
    rules = Rules(caps=(cap(ANA, "1", is_hard=False),))
    made = decide("2", rules=rules)
    assert made == AskFirst(kind=QuestionKind.SOFT_CAP, about="day person:T1:U1")
    assert isinstance(decide("2", rules=rules, consent=Consent.CONFIRMED), Admitted)


def test_a_hard_cap_holds_after_a_confirmation() -> None:
    """Unless somebody decided to go beyond it."""
    rules = Rules(caps=(cap(ANA, "1"),))
    assert isinstance(decide("2", rules=rules, consent=Consent.CONFIRMED), NotAdmitted)
    assert isinstance(decide("2", rules=rules, consent=Consent.BEYOND_CAPS), Admitted)


@pytest.mark.parametrize(
    ("prices", "asks"),
    [(("1",), False), (("1.01",), True), (("0.6", "0.6"), True), ((None,), True)],
)
def test_a_price_above_the_limit_is_confirmed(
    prices: tuple[str | None, ...], *, asks: bool
) -> None:
    """The price of a set as a whole; an unknown one may be above any limit."""
    rules = Rules(policy=Policy(confirm_above=Decimal(1)))
    made = decide(*prices, rules=rules)
    assert isinstance(made, AskFirst) is asks
    assert isinstance(decide(*prices, rules=rules, consent=Consent.CONFIRMED), Admitted)


def test_an_unknown_price_is_asked_about_only_where_a_cap_applies() -> None:
    assert isinstance(decide(None, rules=Rules()), Admitted)
    elsewhere = Rules(caps=(cap(replace(HERE, name="C2"), "9"),))
    assert isinstance(decide(None, rules=elsewhere), Admitted)
    here = decide(None, rules=Rules(caps=(cap(HERE, "9"),)))
    assert here == AskFirst(kind=QuestionKind.PRICE, about="")


@pytest.mark.parametrize(
    ("policy", "outcome", "reserved"),
    [
        (Policy(unknown_price=UnknownPrice.ALLOW), Admitted, None),
        (Policy(unknown_price=UnknownPrice.REFUSE), NotAdmitted, None),
        (
            Policy(unknown_price=UnknownPrice.HOLD, unknown_hold=Decimal(3)),
            Admitted,
            Decimal(3),
        ),
        (Policy(unknown_price=UnknownPrice.HOLD, unknown_hold=Decimal(10)), NotAdmitted, None),
    ],
)
def test_what_an_unknown_price_does_is_the_workspaces_choice(
    policy: Policy, outcome: type, reserved: Decimal | None
) -> None:
    """What it holds has to fit as a known price has."""
    made = decide(None, rules=Rules(caps=(cap(HERE, "9"),), policy=policy))
    assert isinstance(made, outcome)
    if isinstance(made, Admitted):
        assert [job.reserved for job in made.jobs] == [reserved]
    if policy.unknown_price is UnknownPrice.REFUSE:
        assert made == NotAdmitted(reasons=(PriceUnknown(),))


@pytest.mark.parametrize(
    ("used_up", "levels"),
    [("4.99", ()), ("5", (50,)), ("7.99", (50,)), ("8", (50, 80)), ("10", (50, 80, 100))],
)
def test_levels_are_reached_exactly(used_up: str, levels: tuple[int, ...]) -> None:
    assert levels_reached(Decimal(10), Use(held=Decimal(used_up))) == levels
    assert levels_reached(Decimal(0), Use(held=Decimal(used_up))) == ()


@pytest.mark.parametrize(
    ("window", "day", "limit", "used_up_on", "total"),
    [
        (Window.DAY, "2026-11-26", "11", None, None),
        (Window.ONCE, "2026-11-26", "11", None, None),
        (Window.MONTH, "2026-11-04", "11", None, None),
        (Window.MONTH, "2026-11-05", "11", "2026-11-06", "60"),
        (Window.MONTH, "2026-11-05", "46", "2026-11-23", "60"),
        (Window.MONTH, "2026-11-05", "59.99", "2026-11-30", "60"),
        (Window.MONTH, "2026-11-05", "60", None, None),
        (Window.MONTH, "2026-11-05", "10", None, None),
        (Window.MONTH, "2026-11-05", "0", None, None),
        (Window.MONTH, "2026-11-30", "10.01", None, None),
        (Window.MONTH, "2026-11-07", "42.85", "2026-11-30", "42.86"),
        (Window.MONTH, "2028-02-28", "10.3", "2028-02-29", "10.36"),
        (Window.WEEK, "2026-11-26", "11", None, None),
        (Window.WEEK, "2026-11-27", "11", "2026-11-28", "14"),
    ],
)
def test_the_pace_of_a_period_is_told_from_its_fifth_day(
    window: Window, day: str, limit: str, used_up_on: str | None, total: str | None
) -> None:
    """Of 10 that are used; rounded up. Neither if it just lasts, nor if it is used up already."""
    noon = datetime.fromisoformat(f"{day}T12:00+00:00").timestamp()
    found = pace(Decimal(10), Decimal(limit), window, noon, Calendar())
    if used_up_on is None or total is None:
        assert found is None
    else:
        assert found == Pace(used_up_on=used_up_on, total=Decimal(total))


@given(AMOUNTS, AMOUNTS, MOMENTS, ZONES, st.sampled_from(Window))
def test_a_cap_is_used_up_within_its_period(
    used: Decimal, limit: Decimal, now: float, zone: str, window: Window
) -> None:
    """At a later day than today, whatever the zone does with its clock."""
    calendar = Calendar(zone=zone)
    found = pace(used, limit, window, now, calendar)
    if found is not None:
        today = day_at(now, calendar)
        assert today < found.used_up_on < period_of(window, today, calendar).until
        assert found.total >= limit
