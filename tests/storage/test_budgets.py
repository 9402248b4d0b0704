"""Tests of budgets in the store: counters in the commit of each write, admission, rules, audit."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from storage.budget import (
    ALL_TIME,
    NO_USE,
    Alert,
    AuditAction,
    Calendar,
    Cap,
    CapShort,
    Mismatch,
    NotAdmitted,
    Policy,
    Raise,
    Rules,
    Scope,
    ScopeKind,
    Settlement,
    Stop,
    TooManyActive,
    UnknownPrice,
    Use,
    Window,
    period_of,
    scopes_of,
)
from storage.job import (
    Event,
    EventName,
    IllegalTransitionError,
    Job,
    Outcome,
    Price,
    QuestionKind,
    Stage,
    waiting,
)
from storage.store import Inserted, InsertTerms, Store
from tests.support.databases import Backend
from tests.support.store_samples import ACCEPTED, NOW, TODAY, a_job, a_limit, insert

ANA = Scope(kind=ScopeKind.PERSON, team="T1", name="U1")
HERE = Scope(kind=ScopeKind.CHANNEL, team="T1", name="C1")
ALL = Scope(kind=ScopeKind.WORKSPACE, team="T1")
ADMIN = "U9"
COST = Event(at=NOW + 9, name=EventName.COST)


def priced(number: int, reserved: str | None = "2", **fields: object) -> Job:
    """Return a request with a forecast."""
    amount = None if reserved is None else Decimal(reserved)
    return replace(a_job(number), reserved=amount, **fields)  # type: ignore[arg-type] # by name


def cap(scope: Scope, limit: str, window: Window = Window.DAY) -> Cap:
    """Return a hard cap."""
    return Cap(scope=scope, window=window, limit=Decimal(limit))


def held(amount: str) -> Use:
    """Return a use of which all is held."""
    return Use(held=Decimal(amount))


def spent(amount: str) -> Use:
    """Return a use of which all is spent."""
    return Use(spent=Decimal(amount))


async def uses(store: Store, job: Job) -> set[Use]:
    """Return what is used in all scopes of a job on all days; `ALL_TIME` has every day."""
    found = {await store.budgets.use(scope, ALL_TIME) for scope in scopes_of(job)}
    assert await store.budgets.mismatches() == []
    return found


async def test_each_write_counts_what_it_changes(store: Store) -> None:
    """Held at the insert, more with a higher estimate, spent once named, corrected later."""
    job = await insert(store, priced(1, project="launch"))
    assert await uses(store, job) == {held("2")}
    steps = [
        (replace(job, stage=Stage.ANNOUNCED), held("2")),
        (replace(job, cost_estimate=Decimal("1.5")), held("2")),
        (replace(job, cost_estimate=Decimal("2.5")), held("2.5")),
        (replace(job, cost_actual=Decimal("3.1")), spent("3.1")),
        (replace(job, cost_actual=Decimal("2.9")), spent("2.9")),
    ]
    for changed, use in steps:
        after = replace(
            job,
            stage=max(job.stage, changed.stage, key=list(Stage).index),
            cost_estimate=changed.cost_estimate or job.cost_estimate,
            cost_actual=changed.cost_actual or job.cost_actual,
        )
        job = await store.jobs.apply(job, after, COST)
        assert await uses(store, job) == {use}


async def test_what_was_never_sent_frees_its_hold(store: Store) -> None:
    job = await insert(store, priced(1))
    await store.jobs.apply(job, replace(job, stage=Stage.REJECTED), None)
    assert await uses(store, job) == {NO_USE}


async def test_a_failure_without_an_amount_is_held_until_it_is_settled(store: Store) -> None:
    """Nothing else ends it: no amount is not zero."""
    job = await insert(store, priced(1, chargeable_since=NOW))
    for stage in (Stage.ANNOUNCED, Stage.RENDERING, Stage.FINISHED, Stage.DELIVERED):
        ended = replace(job, stage=stage, outcome=Outcome.FAILED)
        job = await store.jobs.apply(job, ended, None)
    assert await uses(store, job) == {held("2")}
    settlement = Settlement(amount=Decimal(0), by=ADMIN, because="receipt 7", at=NOW + 99)
    settled = await store.jobs.settle(job.id, settlement)
    assert settled is not None
    assert await uses(store, job) == {NO_USE}
    assert (settled.cost_actual, settled.due_at) == (Decimal(0), NOW)
    assert await store.jobs.settle(job.id, settlement) == settled
    [entry] = await store.budgets.audit(0)
    assert (entry.action, entry.subject, entry.before, entry.after, entry.because) == (
        AuditAction.SETTLED,
        job.id,
        "",
        "0",
        "receipt 7",
    )


async def test_what_runs_or_was_never_sent_cannot_be_settled(store: Store) -> None:
    settlement = Settlement(amount=Decimal(1), by=ADMIN, because="", at=NOW)
    await insert(store, priced(1))
    await insert(store, priced(2, stage=Stage.DELIVERED, chargeable_since=None))
    for job_id in ("job1", "job2"):
        with pytest.raises(IllegalTransitionError):
            await store.jobs.settle(job_id, settlement)
    assert await store.jobs.settle("job9", settlement) is None


async def test_a_settlement_that_a_step_did_not_see_is_counted_once(store: Store) -> None:
    """The step writes what it knew before, and that is not the amount."""
    await insert(store, priced(1, stage=Stage.DELIVERED, chargeable_since=NOW))
    [held_row] = await store.jobs.claim(NOW, 60, [a_limit(1)])
    settlement = Settlement(amount=Decimal(3), by=ADMIN, because="", at=NOW)
    await store.jobs.settle("job1", settlement)
    row = await store.jobs.apply(held_row, replace(held_row, cost_checks=1), None)
    assert row.cost_actual == Decimal(3)
    assert await uses(store, row) == {spent("3")}


async def test_what_waits_counts_nowhere_until_it_is_confirmed(store: Store) -> None:
    """And then on the day of the confirmation."""
    asked = waiting(priced(1, counted_on=None), QuestionKind.SMALL_TALK, "Hello!")
    await insert(store, asked)
    assert await uses(store, asked) == {NO_USE}
    later = NOW + 3000
    await store.budgets.set_policy(
        "T1", Policy(calendar=Calendar(zone="Pacific/Auckland")), ADMIN, NOW
    )
    made = await store.jobs.confirm("job1", "U1", later)
    assert isinstance(made, Job)
    # 8:50 in London is 21:50 in Auckland.
    assert made.counted_on == TODAY
    assert await uses(store, made) == {held("2")}
    assert await store.jobs.confirm("job1", "U1", later) == made
    assert await uses(store, made) == {held("2")}


async def test_an_answer_that_comes_too_late_admits_nothing(store: Store) -> None:
    """The row stays as it is, and counts nowhere."""
    asked = await insert(store, waiting(priced(1, counted_on=None), QuestionKind.PRICE, "1"))
    assert asked.question is not None
    assert await store.jobs.confirm("job1", "U1", asked.question.expires_at) == asked
    assert await uses(store, asked) == {NO_USE}


async def test_of_many_asks_at_one_instant_as_many_are_admitted_as_fit(store: Store) -> None:
    """The decision and the insert are one transaction, however many share a commit."""
    await store.budgets.set_cap(cap(HERE, "10"), ADMIN, NOW)
    made = await asyncio.gather(
        *(store.jobs.insert(priced(n, user=f"U{n % 3}"), ACCEPTED) for n in range(40))
    )
    assert sum(isinstance(one, Inserted) for one in made) == 5
    assert await store.budgets.use(HERE, ALL_TIME) == held("10")
    assert await store.budgets.mismatches() == []


async def test_confirmations_at_one_instant_are_admitted_as_far_as_they_fit(
    store: Store,
) -> None:
    """Those that are not wait on, and are confirmed once there is room."""
    await store.budgets.set_cap(cap(ANA, "3"), ADMIN, NOW)
    for number in range(3):
        await insert(store, waiting(priced(number), QuestionKind.PRICE, "1"))
    made = await asyncio.gather(*(store.jobs.confirm(f"job{n}", "U1", NOW + 9) for n in range(3)))
    refused = [one for one in made if isinstance(one, NotAdmitted)]
    assert len(refused) == 2
    [short] = refused[0].reasons
    assert isinstance(short, CapShort)
    assert (short.use, short.missing) == (held("2"), Decimal(1))
    await store.budgets.set_cap(cap(ANA, "4"), ADMIN, NOW)
    first_refused = next(n for n, one in enumerate(made) if isinstance(one, NotAdmitted))
    again = await store.jobs.confirm(f"job{first_refused}", "U1", NOW + 10)
    assert isinstance(again, Job)
    assert again.stage is Stage.ACCEPTED


async def test_a_set_is_admitted_whole_or_not_at_all(store: Store) -> None:
    """And its parts are no duplicates of each other."""
    await store.budgets.set_cap(cap(ANA, "7"), ADMIN, NOW)
    alike = [replace(priced(n), input={"prompt": "take"}) for n in range(4)]
    asks = [(job, ACCEPTED) for job in alike]
    made = await store.jobs.insert_set(asks, InsertTerms(equal_since=NOW - 60))
    assert isinstance(made, NotAdmitted)
    assert await uses(store, alike[0]) == {NO_USE}
    assert await store.jobs.get("job0") is None
    made = await store.jobs.insert_set(asks[:3], InsertTerms(equal_since=NOW - 60))
    assert not isinstance(made, NotAdmitted)
    assert [one.job.stage for one in made] == [Stage.ACCEPTED] * 3
    assert await uses(store, alike[0]) == {held("6")}
    again = await store.jobs.insert_set(asks[:3], InsertTerms(equal_since=NOW - 60))
    assert not isinstance(again, NotAdmitted)
    assert [(one.job.id, one.is_new) for one in again] == [(f"job{n}", False) for n in range(3)]


async def test_a_set_equal_to_an_earlier_request_waits_as_a_whole(store: Store) -> None:
    first = await insert(store, priced(1))
    parts = [replace(priced(n), created_at=NOW + 9) for n in (2, 3)]
    parts[1] = replace(parts[1], input=first.input)
    made = await store.jobs.insert_set(
        [(job, ACCEPTED) for job in parts], InsertTerms(equal_since=NOW - 60)
    )
    assert not isinstance(made, NotAdmitted)
    assert [one.job.stage for one in made] == [Stage.WAITING] * 2
    assert await uses(store, first) == {held("2")}


async def test_a_repeated_ask_finds_its_row_although_the_cap_is_full(store: Store) -> None:
    await store.budgets.set_cap(cap(ANA, "2"), ADMIN, NOW)
    job = await insert(store, priced(1))
    assert await store.jobs.insert(priced(1), ACCEPTED) == Inserted(job=job, is_new=False)


async def test_a_person_has_so_many_jobs_under_way_and_no_more(store: Store) -> None:
    """Decided in the insert; one that is on hold for the operator does not count."""
    made = await asyncio.gather(
        *(store.jobs.insert(a_job(n), ACCEPTED, InsertTerms(most_active=3)) for n in range(5))
    )
    refused = NotAdmitted(reasons=(TooManyActive(active=3, most=3),))
    assert made.count(refused) == 2
    other = replace(a_job(7), user="U2")
    assert isinstance(
        await store.jobs.insert(other, ACCEPTED, InsertTerms(most_active=3)), Inserted
    )
    first = next(one.job for one in made if isinstance(one, Inserted))
    await store.jobs.apply(first, replace(first, stage=Stage.PARKED), None)
    assert isinstance(
        await store.jobs.insert(a_job(8), ACCEPTED, InsertTerms(most_active=3)), Inserted
    )


async def test_a_price_above_the_limit_waits_for_its_asker(store: Store) -> None:
    """It is on disk with its question, and counts nowhere."""
    await store.budgets.set_policy("T1", Policy(confirm_above=Decimal(1)), ADMIN, NOW)
    made = await store.jobs.insert(priced(1), ACCEPTED)
    assert isinstance(made, Inserted)
    assert made.job.stage is Stage.WAITING
    assert made.job.question is not None
    assert (made.job.question.kind, made.job.question.about) == (QuestionKind.PRICE, "1")
    assert [event.name for event in await store.jobs.events("job1")] == [EventName.ASKED]
    confirmed = await store.jobs.confirm("job1", "U1", NOW + 9)
    assert isinstance(confirmed, Job)
    assert await uses(store, confirmed) == {held("2")}


async def test_an_unknown_price_holds_what_the_workspace_says(store: Store) -> None:
    policy = Policy(unknown_price=UnknownPrice.HOLD, unknown_hold=Decimal(5))
    await store.budgets.set_policy("T1", policy, ADMIN, NOW)
    job = await insert(store, priced(1, None))
    assert job.reserved == Decimal(5)
    assert await uses(store, job) == {held("5")}


async def test_a_raise_lets_in_what_did_not_fit_until_it_ends(store: Store) -> None:
    await store.budgets.set_cap(cap(ANA, "1"), ADMIN, NOW)
    more = Raise(scope=ANA, amount=Decimal(3), until=NOW + 5, by=ADMIN, because="launch", at=NOW)
    await store.budgets.add_raise(more)
    assert isinstance(await store.jobs.insert(priced(1), ACCEPTED), Inserted)
    assert isinstance(await store.jobs.insert(priced(6), ACCEPTED), NotAdmitted)


async def test_a_late_amount_goes_to_the_day_of_its_job(store: Store) -> None:
    """Weeks later, when that period is long over."""
    job = await insert(store, priced(1))
    late = replace(COST, at=NOW + 40 * 86400)
    await store.jobs.apply(job, replace(job, cost_actual=Decimal("2.2")), late)
    calendar = Calendar()
    then = period_of(Window.DAY, TODAY, calendar)
    assert await store.budgets.use(ANA, then) == spent("2.2")
    assert await store.budgets.use(ANA, period_of(Window.DAY, "2027-02-24", calendar)) == NO_USE


async def test_an_alert_is_noted_once_in_the_commit_that_reaches_it(store: Store) -> None:
    """Each level once for its scope and period, whatever happens to the use afterwards."""
    await store.budgets.set_cap(cap(ANA, "10"), ADMIN, NOW)
    job = await insert(store, priced(1, "5"))
    [alert] = await store.budgets.alerts()
    assert alert == Alert(
        scope=ANA,
        period=f"day {TODAY}",
        level=50,
        limit=Decimal(10),
        use=held("5"),
        at=NOW,
    )
    job = await store.jobs.apply(job, replace(job, cost_actual=Decimal(1)), COST)
    await store.jobs.apply(job, replace(job, cost_actual=Decimal(12)), COST)
    assert [one.level for one in await store.budgets.alerts()] == [50, 80, 100]


async def test_every_change_of_a_rule_is_in_the_audit(store: Store) -> None:
    """With what was before and after, and what changed nothing is not."""
    budgets = store.budgets
    await budgets.set_cap(cap(ANA, "5"), ADMIN, NOW)
    await budgets.set_cap(cap(ANA, "6"), ADMIN, NOW + 1)
    assert await budgets.remove_cap(ANA, Window.DAY, ADMIN, NOW + 2)
    assert not await budgets.remove_cap(ANA, Window.DAY, ADMIN, NOW + 3)
    stop = Stop(scope=ALL, by=ADMIN, because="audit", at=NOW + 4)
    assert await budgets.stop(stop)
    assert not await budgets.stop(stop)
    assert (await budgets.rules("T1", NOW)).stops == (stop,)
    assert await budgets.go_on(ALL, ADMIN, NOW + 5)
    assert not await budgets.go_on(ALL, ADMIN, NOW + 6)
    policy = Policy(confirm_above=Decimal(1))
    await budgets.set_policy("T1", policy, ADMIN, NOW + 7)
    assert await budgets.rules("T1", NOW) == Rules(policy=policy)
    told = [(one.action, one.before, one.after) for one in await budgets.audit(NOW + 1)]
    assert told == [
        (AuditAction.CAP_SET, "5 per day, hard", "6 per day, hard"),
        (AuditAction.CAP_REMOVED, "6 per day, hard", ""),
        (AuditAction.STOPPED, "", ""),
        (AuditAction.WENT_ON, "", ""),
        (
            AuditAction.POLICY_SET,
            "confirm above None, unknown price ask, UTC from weekday 0",
            "confirm above 1, unknown price ask, UTC from weekday 0",
        ),
    ]


async def test_the_rules_of_one_workspace_are_not_those_of_another(store: Store) -> None:
    await store.budgets.set_cap(cap(replace(ANA, team="T2"), "0"), ADMIN, NOW)
    assert await store.budgets.rules("T1", NOW) == Rules()
    assert isinstance(await store.jobs.insert(priced(1), ACCEPTED), Inserted)


async def test_caps_that_apply_are_shown_with_their_use(store: Store) -> None:
    await store.budgets.set_cap(cap(ANA, "5"), ADMIN, NOW)
    await store.budgets.set_cap(cap(HERE, "9", Window.ONCE), ADMIN, NOW)
    await store.budgets.set_cap(cap(replace(HERE, name="C2"), "9"), ADMIN, NOW)
    job = await insert(store, priced(1))
    shown = await store.budgets.cap_uses(job, NOW)
    assert [(one.applied.cap.scope, one.use, one.resets_at) for one in shown] == [
        (HERE, held("2"), None),
        (ANA, held("2"), NOW + 16 * 3600),
    ]


async def test_a_wrong_counter_is_found_and_recomputed(store: Store, backend: Backend) -> None:
    """Whatever made it wrong; the correction is in the audit."""
    await insert(store, priced(1))
    await backend.query("UPDATE budget_use SET held = '7' WHERE scope LIKE 'channel%'")
    await backend.query("INSERT INTO budget_use VALUES ('person:T1:U7', '2020-01-01', '1', '0')")
    wrong = [
        Mismatch(scope=HERE.key, day=TODAY, counted=held("7"), summed=held("2")),
        Mismatch(scope="person:T1:U7", day="2020-01-01", counted=held("1"), summed=NO_USE),
    ]
    assert await store.budgets.mismatches() == wrong
    assert await store.budgets.recompute(ADMIN, NOW) == wrong
    assert await store.budgets.mismatches() == []
    entries = await store.budgets.audit(0)
    assert [entry.action for entry in entries] == [AuditAction.RECOMPUTED] * 2


@pytest.mark.parametrize("statement", ["UPDATE audit SET after = '0'", "DELETE FROM audit"])
async def test_the_audit_can_only_grow(store: Store, backend: Backend, statement: str) -> None:
    await store.budgets.set_cap(cap(ANA, "5"), ADMIN, NOW)
    with pytest.raises(backend.refusals, match="append-only"):
        await backend.query(statement)


PRICE = Price(key="kling-v3 mode=std", size=Decimal(5))


async def test_prices_are_the_last_amounts_of_the_same_price(store: Store) -> None:
    """The actual amount, else the estimate, the newest first; others by their size."""
    rows = [
        priced(1, price=PRICE, cost_estimate=Decimal("0.1")),
        priced(2, price=PRICE, cost_estimate=Decimal("0.1"), cost_actual=Decimal("0.2")),
        priced(3, price=PRICE),
        priced(4, price=replace(PRICE, size=Decimal(10)), cost_actual=Decimal("0.4")),
        priced(5, price=replace(PRICE, key="kling-v3 mode=pro"), cost_actual=Decimal(9)),
    ]
    for row in rows:
        await insert(store, row)
    prices = store.budgets.prices
    same = [(Decimal(5), Decimal("0.2")), (Decimal(5), Decimal("0.1"))]
    assert await prices(PRICE, NOW, 20) == same
    assert len(await prices(PRICE, NOW, 1)) == 1
    assert await prices(PRICE, NOW + 99, 20) == []
    other, none = replace(PRICE, size=Decimal(7)), replace(PRICE, size=None)
    assert await prices(other, NOW, 20) == [(Decimal(10), Decimal("0.4")), *same]
    assert await prices(none, NOW, 20) == []
