"""Poll MindVideo for the state of a render, show the progress, and schedule the next poll."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.base.errors import NotFoundError
from bot.base.ports import Snapshot, TaskState
from bot.jobs import pacing
from bot.jobs.call_limits import provider
from bot.jobs.view import load_history
from bot.options.failures import failure_of
from bot.steps.progress import show_progress, show_status
from bot.worker.context import Claim
from bot.worker.permits import refuse_known, shared_pauses
from bot.worker.result import Advance, Park, Result, Snooze
from bot.worker.snapshot import with_snapshot
from storage.job import EventName, Failure, Instant, Job, Outcome, Stage

OUTCOMES: Mapping[TaskState, Outcome] = MappingProxyType(
    {
        TaskState.SUCCEEDED: Outcome.SUCCEEDED,
        TaskState.FAILED: Outcome.FAILED,
        TaskState.CANCELLED: Outcome.CANCELLED,
    },
)
# A task that MindVideo accepted and then does not know, or that succeeded without a file, is
# most likely not there *yet*: poll for this long before the job is parked.
PATIENCE_SECONDS = 15 * 60.0
# If two such answers are further apart than this, the time between them does not count: MindVideo
# or this process was down, and the first answer after an outage is often wrong.
SILENCE_SECONDS = 5 * 60.0


async def poll(claim: Claim[Job]) -> Result[Job]:
    """Poll MindVideo once. Safe to repeat: it only reads, and `with_snapshot` is idempotent."""
    job, services = claim.row, claim.services
    now = services.now()
    if job.given_up_at is not None:
        return _given_up(job, now)
    history = await load_history(job, services)
    age = now - (job.submitted_at or job.created_at)
    model = services.catalog.find(job.model)
    pause = pacing.next_poll(
        age,
        history,
        model.usual_time(job.input) if model else None,
        shortest=services.poll_min,
        longest=services.poll_max,
    )
    refuse_known(claim, provider())
    try:
        async with shared_pauses(services):
            snapshot = await services.video.get_task(job.task_id or "", job.provider_memo)
    except NotFoundError:
        return _missing(claim, job, now, pause, "MindVideo no longer knows this render.")
    seen = with_snapshot(job, snapshot, now)
    if snapshot.state is TaskState.SUCCEEDED and not seen.outputs:
        return _missing(claim, seen, now, pause, "MindVideo finished but gave no file.")
    if snapshot.state in OUTCOMES:
        failure = failure_of(model, snapshot.problem_code, seen.problem)
        return _finished(seen, snapshot, now, failure)
    if pacing.is_abandoned(age, history) and _was_told_late(seen, now):
        problem = "MindVideo has been rendering this for far too long."
        return Park(row=replace(seen, late_notified_at=None), problem=problem)
    if pacing.is_late(age, history) and seen.late_notified_at is None:
        seen = replace(seen, late_notified_at=now)
    shown = await show_progress(seen, services, history)
    show_status(seen, services)
    return Snooze(row=shown, after=pause, note=_event_name(job, seen), detail=_state(snapshot))


def _was_told_late(job: Job, now: Instant) -> bool:
    """Return whether the user was told more than `PATIENCE_SECONDS` ago that the render is late.

    Otherwise the first poll after an outage, whose answer may be wrong, could park the job.
    """
    return job.late_notified_at is not None and now - job.late_notified_at > PATIENCE_SECONDS


def _missing(
    claim: Claim[Job], seen: Job, now: Instant, pause: float, problem: str
) -> Snooze[Job] | Park[Job]:
    before = claim.row
    silence = now - (before.missing_at or now)
    starts_over = silence > max(SILENCE_SECONDS, 2 * claim.services.poll_max)
    since = now if starts_over else before.missing_since or now
    if now - since > PATIENCE_SECONDS:
        # A job that is resumed gets the whole time again.
        reset = replace(seen, missing_since=None, missing_at=None)
        return Park(row=reset, problem=problem, detail=f"task {seen.task_id}")
    note = EventName.MISSING if before.missing_since is None else None
    missing = replace(seen, missing_since=since, missing_at=now)
    # Counted as a failed attempt: if outages start the time over again and again, the limit of
    # attempts still parks the job.
    return Snooze(row=missing, after=pause, note=note, detail=problem, failed=True)


def _finished(job: Job, snapshot: Snapshot, now: Instant, failure: Failure | None) -> Advance[Job]:
    outcome = OUTCOMES[snapshot.state]
    ended = replace(
        job,
        stage=Stage.FINISHED,
        outcome=outcome,
        failure=failure if outcome is Outcome.FAILED else None,
        finished_at=now,
    )
    return Advance(row=ended, note=EventName.FINISHED, detail=_state(snapshot))


def _given_up(job: Job, now: Instant) -> Advance[Job]:
    """End the job for the user; MindVideo renders on, and the cost is read after the delivery."""
    ended = replace(
        job, stage=Stage.FINISHED, outcome=Outcome.CANCELLED, finished_at=now, problem=None
    )
    return Advance(row=ended, note=EventName.GIVEN_UP)


def _event_name(before: Job, after: Job) -> EventName | None:
    if after.late_notified_at != before.late_notified_at:
        return EventName.LATE
    return EventName.STATE if after.provider_state != before.provider_state else None


def _state(snapshot: Snapshot) -> str:
    known = snapshot.state is not TaskState.UNKNOWN
    return snapshot.state_text if known else f"unknown state {snapshot.state_text}"
