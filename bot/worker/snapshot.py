"""Merge MindVideo's snapshot of a task into the job's row. Pure and idempotent."""

from __future__ import annotations

from dataclasses import replace

from bot.base.ports import Snapshot, TaskState
from storage.job import Instant, Job


def with_snapshot(job: Job, snapshot: Snapshot, now: Instant) -> Job:
    """Return the row with the snapshot's values; a value that the snapshot lacks is kept."""
    rendering = snapshot.state is TaskState.PROCESSING or snapshot.state.is_terminal
    return replace(
        job,
        provider_memo=snapshot.memo,
        provider_state=snapshot.state_text,
        request_id=job.request_id or snapshot.request_id,
        started_at=job.started_at or (now if rendering else None),
        cost_estimate=job.cost_estimate
        if snapshot.cost_estimate is None
        else snapshot.cost_estimate,
        cost_actual=job.cost_actual if snapshot.cost_actual is None else snapshot.cost_actual,
        outputs=snapshot.outputs or job.outputs,
        problem=snapshot.problem or job.problem,
        missing_since=None,
        missing_at=None,
    )
