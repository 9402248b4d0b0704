"""Ways to break the budgets on purpose: the simulation must notice every one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from sqlite_utils import Database

from bot.steps import STEPS, expire, reconcile
from bot.worker.context import Claim
from bot.worker.result import Done, Result, Snooze
from storage import admission, budget
from storage.budget import (
    NO_USE,
    Active,
    Admitted,
    AppliedCap,
    AskFirst,
    Calendar,
    CapShort,
    Consent,
    NotAdmitted,
    Period,
    Policy,
    Raise,
    Rules,
    ScopeKind,
    Settlement,
    Stopped,
    Use,
    UseOf,
    Window,
    day_at,
)
from storage.job import Event, Instant, Job, Outcome, Stage, is_direct
from storage.notification import Notification
from storage.sqlite import admissions, budget_rules, budget_use, job_writes
from storage.sqlite.budget_use import Uses
from storage.store import NO_TERMS, Inserted, InsertTerms
from tests.simulation import life
from tests.simulation.replaced import replaced
from tests.simulation.watched import WatchedJobs

LATE_SECONDS = 600.0
DAY_SECONDS = 86_400.0


@contextmanager
def admit_outside_insert() -> Iterator[None]:
    """Look at the caps first, and then insert whatever was admitted in between."""
    real, insert_watched = budget.admit, WatchedJobs.insert

    def admit(
        jobs: Sequence[Job],
        rules: Rules,
        use_of: UseOf,
        now: Instant,
        *,
        consent: Consent = Consent.NONE,
        active: Active | None = None,
    ) -> Admitted | AskFirst | NotAdmitted:
        made = real(jobs, rules, use_of, now, consent=consent, active=active)
        if isinstance(made, NotAdmitted):
            looked_at = replace(rules, caps=())
            return real(jobs, looked_at, use_of, now, consent=consent, active=active)
        return made

    async def insert(
        jobs: WatchedJobs,
        job: Job,
        event: Event,
        terms: InsertTerms = NO_TERMS,
    ) -> Inserted | NotAdmitted:
        looked = jobs.decided(job, real)
        if isinstance(looked, NotAdmitted):
            return looked
        return await insert_watched(jobs, job, event, terms)

    with replaced(admissions, "admit", admit), replaced(WatchedJobs, "insert", insert):
        yield


@contextmanager
def free_at_failure() -> Iterator[None]:
    """Take a failed render without an amount for a free one."""
    real = budget.exposure

    def exposure(job: Job) -> Use:
        is_unknown = job.outcome is Outcome.FAILED and job.cost_actual is None
        return NO_USE if is_unknown else real(job)

    with replaced(budget_use, "exposure", exposure):
        yield


async def freed_by_timer(claim: Claim[Job]) -> Result[Job]:
    """Free the hold of a render of which nobody named the amount in time."""
    result = await reconcile.reconcile(claim)
    if isinstance(result, Done) and result.row.cost_actual is None:
        return replace(result, row=replace(result.row, reserved=None, cost_estimate=None))
    return result


async def estimate_written_as_amount(claim: Claim[Job]) -> Result[Job]:
    """Take the estimate for the amount that nobody named in time."""
    result = await reconcile.reconcile(claim)
    if isinstance(result, Done) and result.row.cost_actual is None:
        return replace(result, row=replace(result.row, cost_actual=result.row.cost_estimate))
    return result


@contextmanager
def spend_estimates() -> Iterator[None]:
    """Count the estimate of a render that is over as spent."""
    real = budget.exposure

    def exposure(job: Job) -> Use:
        is_over = job.stage in {Stage.FINISHED, Stage.DELIVERED}
        if is_over and job.cost_actual is None and job.cost_estimate is not None:
            return Use(spent=job.cost_estimate)
        return real(job)

    with replaced(budget_use, "exposure", exposure), replaced(job_writes, "exposure", exposure):
        yield


@contextmanager
def settle_twice() -> Iterator[None]:
    """Count what an operator settles once more."""
    real = job_writes.settle

    def settle(db: Database, job_id: str, settlement: Settlement) -> Job | None:
        row = real(db, job_id, settlement)
        if row is not None:
            budget_use.count(db, NO_USE, row, settlement.at)
        return row

    with replaced(job_writes, "settle", settle):
        yield


@contextmanager
def insert_parts() -> Iterator[None]:
    """Take of several requests at once those that fit."""
    real = admissions.insert_set

    def insert_set(
        db: Database,
        asks: Sequence[tuple[Job, Event]],
        terms: InsertTerms,
        message: Notification | None = None,
    ) -> tuple[Inserted, ...] | NotAdmitted:
        found: list[Inserted] = []
        for ask in asks:
            made = real(db, [ask], terms, None if found else message)
            if isinstance(made, NotAdmitted):
                return tuple(found) or made
            found += made
        return tuple(found)

    with replaced(admissions, "insert_set", insert_set):
        yield


def no_stop(_jobs: Sequence[Job], _rules: Rules) -> list[Stopped]:
    """Take new requests where somebody stopped them."""
    return []


@contextmanager
def raise_for_longer() -> Iterator[None]:
    """Let raises end a day later."""
    real = budget_rules.add_raise

    def add_raise(db: Database, one: Raise, *, dedup_key: str = "") -> None:
        real(db, replace(one, until=one.until + DAY_SECONDS), dedup_key=dedup_key)

    with replaced(budget_rules, "add_raise", add_raise):
        yield


def day_in_utc(now: Instant, _calendar: Calendar) -> str:
    """Return the date of a moment in London, wherever the workspace is."""
    return day_at(now, Calendar())


@contextmanager
def begin_weeks_on_monday() -> Iterator[None]:
    """Let weeks begin on Monday, whatever the workspace says."""
    real = budget.period_of

    def period_of(window: Window, day: str, calendar: Calendar) -> Period:
        return real(window, day, replace(calendar, first_weekday=0))

    with replaced(budget, "period_of", period_of), replaced(budget_use, "period_of", period_of):
        yield


def no_level(_limit: Decimal, _use: Use) -> tuple[int, ...]:
    """Overlook that a level is reached."""
    return ()


@contextmanager
def count_on_day_of_amount() -> Iterator[None]:
    """Count an amount on the day on which it is named."""
    real = budget_use.count

    def count(
        db: Database,
        before: Use,
        job: Job,
        at: Instant,
        rules: Rules | None = None,
        *,
        uses: Uses | None = None,
    ) -> None:
        if job.cost_actual is not None and job.counted_on is not None:
            job = replace(job, counted_on=day_at(at, budget_rules.policy(db, job.team).calendar))
        real(db, before, job, at, rules, uses=uses)

    with replaced(budget_use, "count", count):
        yield


@contextmanager
def count_twice() -> Iterator[None]:
    """Count an amount once more when it is named."""
    real = budget_use.count

    def count(
        db: Database,
        before: Use,
        job: Job,
        at: Instant,
        rules: Rules | None = None,
        *,
        uses: Uses | None = None,
    ) -> None:
        real(db, before, job, at, rules, uses=uses)
        if job.cost_actual is not None:
            real(db, before, job, at, rules, uses=uses)

    with replaced(budget_use, "count", count):
        yield


@contextmanager
def add_floats() -> Iterator[None]:
    """Add amounts as binary fractions."""

    def add(one: Decimal, other: Decimal) -> Decimal:
        return Decimal(float(one) + float(other))

    with replaced(budget, "add", add):
        yield


@contextmanager
def hold_nothing_unknown() -> Iterator[None]:
    """Reserve nothing for an unknown price."""

    def begun(job: Job, _policy: Policy, day: str) -> Job:
        return replace(job, stage=Stage.ACCEPTED, counted_on=day)

    with replaced(budget, "_begun", begun):
        yield


@contextmanager
def forget_person_in_direct() -> Iterator[None]:
    """Apply no cap of a person in their direct conversation."""
    real = budget.applied_caps

    def applied_caps(rules: Rules, job: Job, now: Instant) -> tuple[AppliedCap, ...]:
        found = real(rules, job, now)
        if not is_direct(job.channel):
            return found
        return tuple(one for one in found if one.counted.kind is not ScopeKind.PERSON)

    with replaced(budget, "applied_caps", applied_caps):
        yield


@contextmanager
def confirm_after_expiry() -> Iterator[None]:
    """Accept an answer that comes too late, because the step that ends the question does."""
    real = admission.is_open

    def is_open(job: Job, _now: Instant, *, for_approvers: bool) -> bool:
        return real(job, 0.0, for_approvers=for_approvers)

    async def expire_later(claim: Claim[Job]) -> Result[Job]:
        question = claim.row.question
        is_new = question is None or claim.services.now() < question.expires_at + LATE_SECONDS
        return Snooze(row=claim.row, after=60.0) if is_new else await expire.expire(claim)

    steps = MappingProxyType({**STEPS, Stage.WAITING: expire_later})
    with (
        replaced(admissions, "is_open", is_open),
        replaced(life, "STEPS", steps),
    ):
        yield


@contextmanager
def let_anybody_decide() -> Iterator[None]:
    """Take everybody for an approver, the asker too."""

    def may_decide(*_: object) -> bool:
        return True

    with replaced(admission, "may_decide", may_decide):
        yield


@contextmanager
def let_the_last_decision_stand() -> Iterator[None]:
    """Let a later approval take the place of a denial."""
    real = admission.is_open

    def is_open(job: Job, now: Instant, *, for_approvers: bool) -> bool:
        is_denied = job.decision is not None and job.stage is Stage.UNCONFIRMED
        return (for_approvers and is_denied) or real(job, now, for_approvers=for_approvers)

    with replaced(admissions, "is_open", is_open):
        yield


@contextmanager
def confirm_what_needs_approval() -> Iterator[None]:
    """Take the asker's confirmation for an approval."""
    real = budget._question  # noqa: SLF001 - to be broken

    def question(
        jobs: Sequence[Job],
        shorts: Sequence[CapShort],
        rules: Rules,
        now: Instant,
        consent: Consent,
    ) -> AskFirst | NotAdmitted | None:
        if consent is Consent.CONFIRMED:
            return None
        return real(jobs, shorts, rules, now, consent)

    with replaced(budget, "_question", question):
        yield
