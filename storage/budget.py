"""Budgets: what a job counts for, where and in which windows, and whether it is admitted. Pure.

Every store calls these functions inside its transactions, so that all decide by the same rules.
Amounts are exact decimals in the unit in which the provider bills.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_CEILING, Context, Decimal, Inexact
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from storage.approval import ApprovalRule, ApprovalTerms, Approvers, approvers_for, terms_of
from storage.job import (
    NOT_REQUESTED,
    QUESTION_SECONDS,
    Instant,
    Job,
    QuestionKind,
    Stage,
    is_direct,
)

ZERO = Decimal(0)

# An amount of the provider's has up to 9 digits before the point and 20 behind it, which are more
# than the 28 of Python's default context: a sum that would be rounded raises instead.
_EXACT = Context(prec=80, traps=[Inexact])


def add(one: Decimal, other: Decimal) -> Decimal:
    """Return the exact sum of two amounts."""
    return _EXACT.add(one, other)


def subtract(one: Decimal, other: Decimal) -> Decimal:
    """Return the exact difference of two amounts."""
    return _EXACT.subtract(one, other)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of amounts."""
    found = ZERO
    for amount in amounts:
        found = add(found, amount)
    return found


def times(amount: Decimal, count: int) -> Decimal:
    """Return the exact sum of so many equal amounts."""
    return _EXACT.multiply(amount, Decimal(count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Money that is held for renders without an amount, and money that was billed."""

    held: Decimal = ZERO
    spent: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """What counts against a cap."""
        return add(self.held, self.spent)

    def __add__(self, other: Use) -> Use:
        return Use(held=add(self.held, other.held), spent=add(self.spent, other.spent))

    def __sub__(self, other: Use) -> Use:
        return Use(held=subtract(self.held, other.held), spent=subtract(self.spent, other.spent))


NO_USE = Use()


def exposure(job: Job) -> Use:
    """Return what a job counts for."""
    return exposure_of(job.stage, job.reserved, job.cost_estimate, job.cost_actual)


def exposure_of(
    stage: Stage, reserved: Decimal | None, estimate: Decimal | None, actual: Decimal | None
) -> Use:
    """Return what a job with these values counts for: the one rule of all budgets.

    Nothing while it waits or is planned, and if it was never sent; the amount once the provider
    named one, at any stage; until then the larger of what was reserved and of the provider's
    estimate. A render that failed without an amount is unknown and not free, so it goes on to be
    held.
    """
    if actual is not None:
        return Use(spent=actual)
    if stage in NOT_REQUESTED or stage in {Stage.PLANNED, Stage.REJECTED}:
        return NO_USE
    held = max(reserved or ZERO, estimate or ZERO)
    return Use(held=held) if held else NO_USE


class ScopeKind(StrEnum):
    """What a cap applies to. The values are stored and never change."""

    PERSON = "person"
    EVERYONE = "everyone"
    """Each person who has no cap of their own for the same window."""
    CHANNEL = "channel"
    MODEL = "model"
    PROJECT = "project"
    WORKSPACE = "workspace"


SHARED = frozenset(ScopeKind) - {ScopeKind.PERSON, ScopeKind.EVERYONE}
"""Kinds of scopes that several people use up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a cap applies to, and whose use is counted."""

    kind: ScopeKind
    team: str
    name: str = ""
    """The ID or name of the person, channel, model or project; empty for the other kinds."""

    @property
    def key(self) -> str:
        """The scope as text, unique in the store: `person:T1:U1`, `workspace:T1:`."""
        return f"{self.kind.value}:{self.team}:{self.name}"


@lru_cache(maxsize=1024)
def scope_of(key: str) -> Scope:
    """Return the scope with this key."""
    kind, team, name = key.split(":", 2)
    return Scope(kind=ScopeKind(kind), team=team, name=name)


def scopes_of(job: Job) -> tuple[Scope, ...]:
    """Return the scopes in which a job is counted: first the person's."""
    return scopes_in(
        team=job.team,
        user=job.user,
        channel=job.channel,
        model=job.model,
        project=job.project,
    )


def scopes_in(
    *, team: str, user: str, channel: str, model: str, project: str | None
) -> tuple[Scope, ...]:
    """Return the scopes in which a job with these values is counted: first the person's.

    A direct conversation is no channel that has a budget. `EVERYONE` is none of them, because a
    cap of everyone applies to the use of each person.
    """
    named = (
        (ScopeKind.PERSON, user),
        (ScopeKind.CHANNEL, None if is_direct(channel) else channel),
        (ScopeKind.MODEL, model),
        (ScopeKind.PROJECT, project),
        (ScopeKind.WORKSPACE, ""),
    )
    return tuple(Scope(kind=kind, team=team, name=name) for kind, name in named if name is not None)


class Window(StrEnum):
    """The kind of period for which a cap limits the sum. The values are stored and never change."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ONCE = "once"
    """Without an end: the sum of all time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The calendar of a workspace, which says when a period begins."""

    zone: str = "UTC"
    first_weekday: int = 0
    """The day on which weeks begin: 0 is Monday, 6 is Sunday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One window of a calendar: the days from `first` until before `until`, as ISO dates."""

    key: str
    """The period as text: `week 2026-11-23`, `once`."""
    first: str = ""
    until: str = "9999-12-31"


ALL_TIME = Period(key=Window.ONCE.value)


def day_at(now: Instant, calendar: Calendar) -> str:
    """Return the date of a moment: the day on which a job that is accepted then counts."""
    return _local_date(now, calendar).isoformat()


@lru_cache(maxsize=256)
def period_of(window: Window, day: str, calendar: Calendar) -> Period:
    """Return the period that contains a day."""
    bounds = _bounds(window, date.fromisoformat(day), calendar)
    if bounds is None:
        return ALL_TIME
    first, until = (bound.isoformat() for bound in bounds)
    return Period(key=f"{window.value} {first}", first=first, until=until)


def resets_at(window: Window, now: Instant, calendar: Calendar) -> Instant | None:
    """Return when the period that contains `now` ends; `None`: never."""
    bounds = _bounds(window, _local_date(now, calendar), calendar)
    if bounds is None:
        return None
    _, until = bounds
    return _midnight(until, calendar)


def begins_at(window: Window, now: Instant, calendar: Calendar) -> Instant:
    """Return when the period that contains `now` began; 0 for one without a beginning."""
    bounds = _bounds(window, _local_date(now, calendar), calendar)
    return 0.0 if bounds is None else _midnight(bounds[0], calendar)


def _midnight(day: date, calendar: Calendar) -> Instant:
    """Return when a day begins.

    A midnight that a change of the clock leaves out is the moment of that change.
    https://docs.python.org/3/library/datetime.html#datetime.datetime.fold
    """
    return datetime(day.year, day.month, day.day, tzinfo=_zone(calendar)).timestamp()


PACE_FROM_DAY = 5
"""The day of a period from which its pace says something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a cap is used up before its period ends, if it goes on like this."""

    used_up_on: str
    """The ISO date of the day."""
    total: Decimal
    """What would be used at the end of the period; rounded up to a hundredth."""


def pace(
    used: Decimal, limit: Decimal, window: Window, now: Instant, calendar: Calendar
) -> Pace | None:
    """Return how a cap is used up before its period ends.

    `None`: it is not, it is used up already, or it is too early to say. A day, and all time, have
    no pace. Today counts as a whole day, so it is rather too slow than too fast.
    """
    today = _local_date(now, calendar)
    bounds = _bounds(window, today, calendar)
    if bounds is None or used >= limit:
        return None
    first, until = bounds
    elapsed, length = (today - first).days + 1, (until - first).days
    if elapsed < PACE_FROM_DAY or used * length <= limit * elapsed:
        return None
    days = int((limit * elapsed / used).to_integral_value(ROUND_CEILING))
    return Pace(
        used_up_on=(first + timedelta(days=days - 1)).isoformat(),
        total=(used * length / elapsed).quantize(_HUNDREDTH, ROUND_CEILING),
    )


_HUNDREDTH = Decimal("0.01")


def _bounds(window: Window, day: date, calendar: Calendar) -> tuple[date, date] | None:
    """Return the first day of the period of a day, and the first day after it."""
    match window:
        case Window.DAY:
            return day, day + timedelta(days=1)
        case Window.WEEK:
            first = day - timedelta(days=(day.weekday() - calendar.first_weekday) % 7)
            return first, first + timedelta(days=7)
        case Window.MONTH:
            first = day.replace(day=1)
            # No month has more than 31 days, and the next has at least 28.
            return first, (first + timedelta(days=32)).replace(day=1)
        case Window.ONCE:
            return None
        case _:
            assert_never(window)


def _local_date(now: Instant, calendar: Calendar) -> date:
    return datetime.fromtimestamp(now, _zone(calendar)).date()


def _zone(calendar: Calendar) -> tzinfo:
    return UTC if calendar.zone == "UTC" else ZoneInfo(calendar.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most that may be held and spent in a scope within a window.

    Exactly that much is allowed, and 0 allows nobody anything.
    """

    scope: Scope
    window: Window
    limit: Decimal
    is_hard: bool = True
    """Whether what exceeds it is refused; a soft cap asks first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """An amount by which every cap of a scope is higher until it ends by itself."""

    scope: Scope
    amount: Decimal
    until: Instant
    by: str
    because: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A workspace or a channel that takes no new requests; what is under way goes on."""

    scope: Scope
    by: str
    because: str
    at: Instant


class UnknownPrice(StrEnum):
    """What happens to a request without a forecast, where a cap or a threshold applies."""

    ASK = "ask"
    """Its asker confirms it."""
    HOLD = "hold"
    """It holds an amount that the workspace named."""
    REFUSE = "refuse"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of a workspace beside its caps."""

    confirm_above: Decimal | None = None
    """A request whose forecast is higher waits until its asker confirms it; `None`: none does."""
    unknown_price: UnknownPrice = UnknownPrice.ASK
    unknown_hold: Decimal | None = None
    """What `UnknownPrice.HOLD` holds."""
    calendar: Calendar = field(default_factory=Calendar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of a workspace, as they are now."""

    caps: tuple[Cap, ...] = ()
    raises: tuple[Raise, ...] = ()
    """Those that have not ended."""
    stops: tuple[Stop, ...] = ()
    policy: Policy = field(default_factory=Policy)
    approvals: tuple[ApprovalRule, ...] = ()
    admins: tuple[str, ...] = ()
    uncounted_since: Instant | None = None
    """Since when requests may be missing in what is used, because a backup was restored.

    `None`: none was, or somebody in charge has checked it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCap:
    """A cap, and the scope whose use it limits here: for one of everyone, the person's."""

    cap: Cap
    counted: Scope
    limit: Decimal
    """The cap's limit with the raises that apply now."""


def applied_caps(rules: Rules, job: Job, now: Instant) -> tuple[AppliedCap, ...]:
    """Return every cap that applies to a job: a person's own goes before that of everyone."""
    return caps_within(rules, scopes_of(job), now) if rules.caps else ()


def caps_within(rules: Rules, scopes: Sequence[Scope], now: Instant) -> tuple[AppliedCap, ...]:
    """Return every cap that applies in these scopes, of which the first is a person's."""
    person = scopes[0]
    own = {cap.window for cap in rules.caps if cap.scope == person}
    everyone = Scope(kind=ScopeKind.EVERYONE, team=person.team)
    found = []
    for cap in rules.caps:
        if cap.scope in scopes:
            raised = {cap.scope}
            counted = cap.scope
        elif cap.scope == everyone and cap.window not in own:
            raised = {everyone, person}
            counted = person
        else:
            continue
        more = total(one.amount for one in raises_of(rules, raised, now))
        found.append(AppliedCap(cap=cap, counted=counted, limit=add(cap.limit, more)))
    return tuple(found)


def raises_of(rules: Rules, scopes: Collection[Scope], now: Instant) -> tuple[Raise, ...]:
    """Return the raises of these scopes that have not ended."""
    return tuple(one for one in rules.raises if one.scope in scopes and one.until > now)


def all_caps(rules: Rules, now: Instant) -> tuple[AppliedCap, ...]:
    """Return every cap by itself; that of everyone has no use, which is counted for each person."""
    return tuple(
        AppliedCap(
            cap=cap,
            counted=cap.scope,
            limit=add(cap.limit, total(one.amount for one in raises_of(rules, {cap.scope}, now))),
        )
        for cap in rules.caps
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CapShort:
    """A cap that has no room for a request."""

    applied: AppliedCap
    use: Use
    """What is held and spent already."""
    amount: Decimal
    """What the request would hold."""
    resets_at: Instant | None
    """When the cap's period ends; `None`: never."""

    @property
    def missing(self) -> Decimal:
        """By how much it is short; 0 where nothing is left for a price that nobody knows."""
        wanted = add(self.use.total, self.amount)
        return max(subtract(wanted, self.applied.limit), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The channel or the workspace takes no new requests."""

    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyActive:
    """A person has as many jobs under way as one may have."""

    active: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceUnknown:
    """The workspace refuses what has no forecast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyApproves:
    """The price is above the approval limit, and nobody may approve it."""

    above: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSetForApprovers:
    """An approver would have to decide about a set, and an approver decides about one job."""


Reason: TypeAlias = (
    CapShort | Stopped | TooManyActive | PriceUnknown | NobodyApproves | NoSetForApprovers
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdmitted:
    """A request is refused, for all these reasons; it counts nothing."""

    reasons: tuple[Reason, ...]
    waiting: Job | None = None
    """The request as it waits, if its asker may have an approver asked; else nothing is kept."""
    uncounted_since: Instant | None = None
    """As of `Rules`, if a cap refuses it."""

    @property
    def is_by_caps_alone(self) -> bool:
        """Whether only caps refuse it, beyond which an approver may let it go."""
        return all(isinstance(reason, CapShort) for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskFirst:
    """A request waits until its asker confirms it, or until an approver decides."""

    kind: QuestionKind
    about: str
    approvers: Approvers | None = None
    """`None`: its asker is asked."""
    seconds: float = QUESTION_SECONDS
    """How long it waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The jobs may begin to count, as they are here: with their day and what they hold."""

    jobs: tuple[Job, ...]


class Consent(StrEnum):
    """What was agreed to before an admission."""

    NONE = "none"
    CONFIRMED = "confirmed"
    """Its asker confirmed it: only approvers are still asked."""
    APPROVED = "approved"
    """Nobody is asked any more."""
    BEYOND_CAPS = "beyond caps"
    """Hard caps do not hold it up either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """How many jobs of a person are under way, and how many may be; `most` `None`: any number."""

    jobs: int = 0
    most: int | None = None


UseOf: TypeAlias = Callable[[Scope, Period], Use]
"""Returns what is held and spent in a scope within a period."""


def admit(
    jobs: Sequence[Job],
    rules: Rules,
    use_of: UseOf,
    now: Instant,
    *,
    consent: Consent = Consent.NONE,
    active: Active | None = None,
) -> Admitted | AskFirst | NotAdmitted:
    """Decide about the requests of one person, all together: every one is admitted, or none.

    Call it in the transaction that then writes the jobs, after the counters were locked.
    """
    day = day_at(now, rules.policy.calendar)
    held = tuple(_begun(job, rules.policy, day) for job in jobs)
    shorts = _short_caps(held, rules, use_of, now)
    hard = [short for short in shorts if short.applied.cap.is_hard]
    reasons: list[Reason] = [*_stopped(held, rules), *_too_many(held, active or Active())]
    if consent is not Consent.BEYOND_CAPS:
        reasons += hard
    if rules.policy.unknown_price is UnknownPrice.REFUSE and _is_limited_unknown(held, rules, now):
        reasons.append(PriceUnknown())
    if reasons:
        is_by_cap = any(isinstance(reason, CapShort) for reason in reasons)
        since = rules.uncounted_since if is_by_cap else None
        return NotAdmitted(reasons=tuple(reasons), uncounted_since=since)
    return _question(held, shorts, rules, now, consent) or Admitted(jobs=held)


def _begun(job: Job, policy: Policy, day: str) -> Job:
    """Return the job as it counts from `day` on; one that waits counts nothing as it is.

    It holds what the workspace says, if its price is unknown and the workspace says an amount.
    """
    holds = job.reserved is None and policy.unknown_price is UnknownPrice.HOLD
    return replace(
        job,
        stage=Stage.ACCEPTED if job.stage is Stage.WAITING else job.stage,
        reserved=policy.unknown_hold if holds else job.reserved,
        counted_on=day,
    )


def _stopped(jobs: Sequence[Job], rules: Rules) -> list[Stopped]:
    if not rules.stops:
        return []
    scopes = {scope for job in jobs for scope in scopes_of(job)}
    return [Stopped(stop=stop) for stop in rules.stops if stop.scope in scopes]


def _too_many(jobs: Sequence[Job], active: Active) -> list[TooManyActive]:
    if active.most is None or active.jobs + len(jobs) <= active.most:
        return []
    return [TooManyActive(active=active.jobs, most=active.most)]


def _short_caps(
    jobs: Sequence[Job], rules: Rules, use_of: UseOf, now: Instant
) -> tuple[CapShort, ...]:
    """Return the caps, hard and soft, that have no room for all the jobs that they apply to."""
    wanted: dict[AppliedCap, list[Job]] = {}
    for job in jobs:
        for applied in applied_caps(rules, job, now):
            wanted.setdefault(applied, []).append(job)
    calendar = rules.policy.calendar
    day = day_at(now, calendar)
    shorts = []
    for applied, those in wanted.items():
        window = applied.cap.window
        use = use_of(applied.counted, period_of(window, day, calendar))
        amount = total(exposure(job).total for job in those)
        has_unknown = any(job.reserved is None for job in those)
        is_full = has_unknown and use.total >= applied.limit
        if add(use.total, amount) > applied.limit or is_full or not applied.limit:
            end = resets_at(window, now, calendar)
            shorts.append(CapShort(applied=applied, use=use, amount=amount, resets_at=end))
    return tuple(shorts)


def _question(
    jobs: Sequence[Job],
    shorts: Sequence[CapShort],
    rules: Rules,
    now: Instant,
    consent: Consent,
) -> AskFirst | NotAdmitted | None:
    """Return what an approver or the asker is asked: about the price, or about a soft cap.

    An approver is asked first, and then nobody else: who asks is not to confirm what another
    decides.
    """
    if consent in {Consent.APPROVED, Consent.BEYOND_CAPS}:
        return None
    question = _question_to_approvers(jobs, shorts, rules)
    if question is not None or consent is Consent.CONFIRMED:
        return question
    # Only soft caps are left: a hard one has refused the request.
    if shorts:
        return AskFirst(kind=QuestionKind.SOFT_CAP, about=cap_named(shorts[0]))
    return price_question(jobs, rules, now)


def price_question(jobs: Sequence[Job], rules: Rules, now: Instant) -> AskFirst | None:
    """Return what the asker is asked about the price of requests, if it is to be confirmed."""
    limit = rules.policy.confirm_above
    if limit is not None and _held(jobs) > limit:
        return AskFirst(kind=QuestionKind.PRICE, about=str(limit))
    asks = rules.policy.unknown_price is UnknownPrice.ASK
    if asks and _is_limited_unknown(jobs, rules, now):
        return AskFirst(kind=QuestionKind.PRICE, about="")
    return None


def _question_to_approvers(
    jobs: Sequence[Job], shorts: Sequence[CapShort], rules: Rules
) -> AskFirst | NotAdmitted | None:
    """Return what approvers are asked: about the price, or about a soft cap."""
    terms = approval_terms(rules, jobs[0])
    approvers = approvers_for(terms, jobs[0].user)
    is_beyond = terms.above is not None and _needs_approval(jobs, terms.above, rules.policy)
    if terms.above is not None and is_beyond and not approvers.users:
        return NotAdmitted(reasons=(NobodyApproves(above=terms.above),))
    if len(jobs) > 1 and (is_beyond or (shorts and approvers.users)):
        return NotAdmitted(reasons=(NoSetForApprovers(),))
    if is_beyond:
        return _ask(QuestionKind.APPROVE_PRICE, str(terms.above), approvers, terms)
    if shorts and approvers.users:
        return _ask(QuestionKind.APPROVE_SOFT_CAP, cap_named(shorts[0]), approvers, terms)
    return None


def approval_terms(rules: Rules, job: Job) -> ApprovalTerms:
    """Return what applies to the approval of a request."""
    return terms_of(rules.approvals, rules.admins, job.channel)


def ask_beyond_caps(refusal: NotAdmitted, rules: Rules, job: Job) -> AskFirst | None:
    """Return what approvers are asked about a request that hard caps refuse.

    `None`: something else refuses it too, or nobody may approve it.
    """
    terms = approval_terms(rules, job)
    approvers = approvers_for(terms, job.user)
    hard = [one for one in refusal.reasons if isinstance(one, CapShort) and one.applied.cap.is_hard]
    if not refusal.is_by_caps_alone or not hard or not approvers.users:
        return None
    return _ask(QuestionKind.APPROVE_HARD_CAP, cap_named(hard[0]), approvers, terms)


def cap_named(short: CapShort) -> str:
    """Return what names a cap in a question: its window, a space, and its scope's key."""
    cap = short.applied.cap
    return f"{cap.window.value} {cap.scope.key}"


def _ask(kind: QuestionKind, about: str, approvers: Approvers, terms: ApprovalTerms) -> AskFirst:
    return AskFirst(kind=kind, about=about, approvers=approvers, seconds=terms.seconds)


def _needs_approval(jobs: Sequence[Job], above: Decimal, policy: Policy) -> bool:
    """Return whether an approver decides: an unknown price may be above every limit."""
    asks = policy.unknown_price is UnknownPrice.ASK
    return _held(jobs) > above or (asks and any(job.reserved is None for job in jobs))


def _held(jobs: Sequence[Job]) -> Decimal:
    return total(exposure(job).total for job in jobs)


def _is_limited_unknown(jobs: Sequence[Job], rules: Rules, now: Instant) -> bool:
    """Tell whether a cap or a threshold applies to a job whose price is unknown."""
    thresholds = (rules.policy.confirm_above, approval_terms(rules, jobs[0]).above)
    has_threshold = thresholds != (None, None)
    return any(
        job.reserved is None and (has_threshold or applied_caps(rules, job, now)) for job in jobs
    )


LEVELS = (50, 80, 100)
"""Shares of a cap, in percent, at which an alert is due once for each scope and period."""


def levels_reached(limit: Decimal, use: Use) -> tuple[int, ...]:
    """Return the levels that a use has reached; none of a cap that allows nothing."""
    if not limit:
        return ()
    return tuple(level for level in LEVELS if use.total * 100 >= limit * level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A use that reached a level of a cap. There is one for each scope, period and level."""

    scope: Scope
    """The scope whose use is counted."""
    period: str
    """The key of the period."""
    level: int
    limit: Decimal
    use: Use
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CapUse:
    """A cap that applies, and what is used of it: what a person is shown."""

    applied: AppliedCap
    use: Use
    resets_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A counter that differs from the sum over the jobs."""

    scope: str
    day: str
    counted: Use
    summed: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class UncheckedRestore:
    """A workspace whose budgets count too little since a backup was restored."""

    team: str
    since: Instant
    """The last that the backup knows of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The amount of a job that MindVideo never named, as an operator decided."""

    amount: Decimal
    by: str
    because: str
    at: Instant


OPERATOR = "operator"
"""Who decides in a shell: no user of Slack's."""


class AuditAction(StrEnum):
    """A decision about money. The values are stored and never change."""

    CAP_SET = "cap set"
    CAP_REMOVED = "cap removed"
    RAISED = "raised"
    RAISE_ENDED = "raise ended"
    """Somebody ended it before its time."""
    STOPPED = "stopped"
    WENT_ON = "went on"
    POLICY_SET = "policy set"
    MANAGERS_SET = "managers set"
    APPROVAL_RULE_SET = "approval rule set"
    APPROVED = "approved"
    ADMITTED_BEYOND_CAPS = "admitted beyond caps"
    DENIED = "denied"
    SETTLED = "settled"
    RECOMPUTED = "recomputed"
    COUNTS_CHECKED = "counts checked"
    """Somebody looked at what a restored backup lacks; `before` is since when."""
    CREDIT_BOOKED = "credit booked"
    """`after` is an amount, below 0 where one is taken back; `before`, what was spent until then.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """Credit at the provider that somebody paid for, or took back from the book."""

    amount: Decimal
    """Below 0: it is taken back."""
    by: str
    because: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditBook:
    """What a workspace has booked, and what it used since its first booking."""

    bookings: tuple[Booking, ...]
    """The oldest first."""
    confirmed: Decimal
    held: Decimal
    """For renders without an amount, also those that are over."""

    @property
    def booked(self) -> Decimal:
        """The sum of all bookings."""
        return total(booking.amount for booking in self.bookings)

    @property
    def left(self) -> Decimal:
        """What must be left at the provider, if the book has everything."""
        return subtract(self.booked, add(self.confirmed, self.held))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One decision about money: who decided what, and what it changed."""

    at: Instant
    team: str
    by: str
    action: AuditAction
    subject: str
    """The key of a scope, or the ID of a job."""
    before: str = ""
    after: str = ""
    because: str = ""
    dedup_key: str = ""
    """The same for every delivery of one interaction; empty: every call decides anew."""
