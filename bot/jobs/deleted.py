"""Results that were deleted: nothing can be done with them, and the request can be made again."""

from __future__ import annotations

from bot.base.errors import UsageError
from storage.job import Job


def refuse_deleted(job: Job) -> None:
    """Raise `UsageError` for a job whose result was deleted."""
    if job.deleted_at is not None:
        raise UsageError(
            f"What job {job.id} made was deleted, so nothing of it is left here. "
            f"`/video again {job.id}` renders it again, for a charge of its own."
        )
