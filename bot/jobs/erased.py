"""Jobs whose texts were erased, because the operator has prompts kept for a limited time only."""

from __future__ import annotations

from bot.base.errors import UsageError
from storage.job import Job


def refuse_erased(job: Job) -> None:
    """Raise `UsageError` for a job that cannot be made again, because its texts were erased."""
    if job.erased_at is not None:
        raise UsageError(
            f"Job {job.id} cannot be made again: its prompt was erased, as prompts are kept for a "
            "limited time only here. Type it once more, behind `/video`."
        )
