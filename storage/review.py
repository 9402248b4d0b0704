"""What people say of results: notes, each with its time in the video, and reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from storage.job import Instant, Job, ReviewKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note about a job's result: a row, which nothing changes but the erasure of its words."""

    by: str
    at: Instant
    """When it was made."""
    second: float | None = None
    """The second in the video that it is about; `None`: it is about all of it."""
    words: str = ""
    """Empty for a review without words, and once they were erased."""
    review: ReviewKind | None = None
    """The review that it is; `None`: it is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Notes that are in the store, and their job as it is now."""

    job: Job
    is_new: bool
    """Whether this call inserted them."""


class Notes(Protocol):
    """Notes about the results of jobs."""

    async def add(
        self, job_id: str, notes: Sequence[Note], dedup_key: str, now: Instant
    ) -> Noted | None:
        """Insert the notes of one interaction; the last review among them becomes the job's.

        One commit has the notes, the number of notes of the job, and its review, which makes the
        job due, because its message is to show it. No step writes these fields, so it needs no
        fence. Idempotent by `dedup_key`: notes that are there stay with the job that they are
        about, which is returned, so that a repeat changes no later review. Nothing is written about
        a job that is not delivered, or has no result. Of a job whose texts were erased no words
        are kept. Returns `None` if there is no such job.
        """

    async def of_job(self, job_id: str) -> list[Note]:
        """Return the notes about a job, in the order in which they were made.

        Rows that cannot be read are left out.
        """
