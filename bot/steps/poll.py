"""Ask MindVideo how the render goes, show the person, and say when to ask again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.base.errors import NotFoundError
from bot.base.ports import Snapshot, TaskState
from bot.jobs import pacing
from bot.jobs.view import load_history
from bot.steps.progress import show_progress
from bot.worker.context import Claim
from bot.worker.result import Advance, Park, Result, Snooze
from bot.worker.snapshot import with_snapshot
from storage.job import EventName, Instant, Job, Outcome, Stage

OUTCOMES: Mapping[TaskState, Outcome] = MappingProxyType(
    {
        TaskState.SUCCEEDED: Outcome.SUCCEEDED,
        TaskState.FAILED: Outcome.FAILED,
        TaskState.CANCELLED: Outcome.CANCELLED,
    },
)
# A task that MindVideo accepted and then does not know, or that succeeded without a file, is
# most likely not there *yet*: wait this long before a person must look.
PATIENCE_SECONDS = 15 * 60.0
# Two such answers with a longer silence between them say nothing of the time in between: MindVideo
# or this process was down, and the first word after an outage is often an odd one.
SILENCE_SECONDS = 5 * 60.0


async def poll(claim: Claim[Job]) -> Result[Job]:
    """Ask MindVideo once. Safe to repeat: it only reads, and `with_snapshot` is idempotent."""
    job, services = claim.row, claim.services
    now = services.now()
    if job.unfollowed_at is not None:
        return _given_up(job, now)
    history = await load_history(job, services)
    age = now - (job.submitted_at or job.created_at)
    pause = pacing.next_poll(age, history, services.poll_min, services.poll_max)
    try:
        snapshot = await services.video.get_task(job.task_id or "", job.provider_memo)
    except NotFoundError:
        return _missing(claim, job, now, pause, "MindVideo no longer knows this render.")
    seen = with_snapshot(job, snapshot, now)
    if snapshot.state is TaskState.SUCCEEDED and not seen.outputs:
        return _missing(claim, seen, now, pause, "MindVideo finished but gave no file.")
    if snapshot.state in OUTCOMES:
        return _finished(seen, snapshot, now)
    if pacing.is_abandoned(age, history) and _was_told_late(seen, now):
        problem = "MindVideo has been rendering this for far too long."
        return Park(row=replace(seen, late_told_at=None), problem=problem)
    if pacing.is_late(age, history) and seen.late_told_at is None:
        seen = replace(seen, late_told_at=now)
    shown = await show_progress(seen, services, history)
    return Snooze(row=shown, after=pause, note=_news(job, seen), detail=_said(snapshot))


def _was_told_late(job: Job, now: Instant) -> bool:
    """Tell whether the person knows for a while: one odd look after an outage decides nothing."""
    return job.late_told_at is not None and now - job.late_told_at > PATIENCE_SECONDS


def _missing(
    claim: Claim[Job], seen: Job, now: Instant, pause: float, problem: str
) -> Snooze[Job] | Park[Job]:
    before = claim.row
    silence = now - (before.missing_at or now)
    is_anew = silence > max(SILENCE_SECONDS, 2 * claim.services.poll_max)
    since = now if is_anew else before.missing_since or now
    if now - since > PATIENCE_SECONDS:
        # Whoever resumes it grants the same patience anew.
        fresh = replace(seen, missing_since=None, missing_at=None)
        return Park(row=fresh, problem=problem, detail=f"task {seen.task_id}")
    note = EventName.MISSING if before.missing_since is None else None
    missing = replace(seen, missing_since=since, missing_at=now)
    # A try that got nowhere: where silences begin the patience anew for ever, the tries end it.
    return Snooze(row=missing, after=pause, note=note, detail=problem, failed=True)


def _finished(job: Job, snapshot: Snapshot, now: Instant) -> Advance[Job]:
    ended = replace(job, stage=Stage.FINISHED, outcome=OUTCOMES[snapshot.state], finished_at=now)
    return Advance(row=ended, note=EventName.FINISHED, detail=_said(snapshot))


def _given_up(job: Job, now: Instant) -> Advance[Job]:
    """End the job for the person; MindVideo renders on, and its bill is looked for afterwards."""
    ended = replace(
        job, stage=Stage.FINISHED, outcome=Outcome.CANCELLED, finished_at=now, problem=None
    )
    return Advance(row=ended, note=EventName.GIVEN_UP)


def _news(before: Job, after: Job) -> EventName | None:
    if after.late_told_at != before.late_told_at:
        return EventName.LATE
    return EventName.STATE if after.provider_state != before.provider_state else None


def _said(snapshot: Snapshot) -> str:
    known = snapshot.state is not TaskState.UNKNOWN
    return snapshot.state_text if known else f"unknown state {snapshot.state_text}"
