"""Look how the render goes, tell the person, and say when to look again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.base.errors import NotFoundError
from bot.base.ports import Snapshot, TaskState
from bot.jobs import pacing
from bot.steps.learn import learn
from bot.steps.progress import show_progress
from bot.worker.context import Turn
from bot.worker.result import Advance, Again, Park, Result
from storage.job import Job, Outcome, Stage

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


async def poll(turn: Turn) -> Result:
    """Ask MindVideo once. Safe to repeat: it only reads, and `learn` is idempotent."""
    job, tools = turn.job, turn.tools
    if job.unfollowed_at is not None:
        return _given_up(job, tools.now())
    now = tools.now()
    history = await tools.history(job)
    age = now - (job.submitted_at or job.created_at)
    pause = pacing.next_look(age, history, tools.poll_min, tools.poll_max)
    try:
        snapshot = await tools.video.look(job.task_id or "", job.look_by)
    except NotFoundError:
        return _missing(turn, job, now, pause, "MindVideo no longer knows this render.")
    seen = learn(job, snapshot, now)
    if snapshot.state is TaskState.SUCCEEDED and not seen.outputs:
        return _missing(turn, seen, now, pause, "MindVideo finished but gave no file.")
    if snapshot.state in OUTCOMES:
        return _finished(seen, snapshot, now)
    if pacing.is_abandoned(age, history) and _was_told_late(seen, now):
        problem = "MindVideo has been rendering this for far too long."
        return Park(job=replace(seen, late_told_at=None), problem=problem)
    if pacing.is_late(age, history) and seen.late_told_at is None:
        seen = replace(seen, late_told_at=now)
    shown = await show_progress(seen, tools)
    return Again(job=shown, after=pause, note=_news(job, seen), detail=_said(snapshot))


def _was_told_late(job: Job, now: float) -> bool:
    """Tell whether the person knows for a while: one odd look after an outage decides nothing."""
    return job.late_told_at is not None and now - job.late_told_at > PATIENCE_SECONDS


def _missing(turn: Turn, seen: Job, now: float, pause: float, problem: str) -> Again | Park:
    before = turn.job
    silence = now - (before.missing_at or now)
    is_anew = silence > max(SILENCE_SECONDS, 2 * turn.tools.poll_max)
    since = now if is_anew else before.missing_since or now
    if now - since > PATIENCE_SECONDS:
        # Whoever resumes it grants the same patience anew.
        fresh = replace(seen, missing_since=None, missing_at=None)
        return Park(job=fresh, problem=problem, detail=f"task {seen.task_id}")
    note = "missing" if before.missing_since is None else None
    missing = replace(seen, missing_since=since, missing_at=now)
    # A try that got nowhere: where silences begin the patience anew for ever, the tries end it.
    return Again(job=missing, after=pause, note=note, detail=problem, failed=True)


def _finished(job: Job, snapshot: Snapshot, now: float) -> Advance:
    ended = replace(job, stage=Stage.FINISHED, outcome=OUTCOMES[snapshot.state], finished_at=now)
    return Advance(job=ended, note="finished", detail=_said(snapshot))


def _given_up(job: Job, now: float) -> Advance:
    """End the job for the person; MindVideo renders on, and its bill is looked for afterwards."""
    ended = replace(
        job, stage=Stage.FINISHED, outcome=Outcome.CANCELLED, finished_at=now, problem=None
    )
    return Advance(job=ended, note="given up")


def _news(before: Job, after: Job) -> str | None:
    if after.late_told_at != before.late_told_at:
        return "late"
    return "state" if after.provider_state != before.provider_state else None


def _said(snapshot: Snapshot) -> str:
    known = snapshot.state is not TaskState.UNKNOWN
    return snapshot.state_text if known else f"unknown state {snapshot.state_text}"
