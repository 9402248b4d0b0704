"""The slot of the last word about a job: its result, or why a planned job did not start."""

from __future__ import annotations

from dataclasses import replace

from bot.worker.outbox import Slot
from storage.job import Delivery, Job


def _read(job: Job) -> Delivery:
    return job.delivery


def _write(job: Job, delivery: Delivery) -> Job:
    return replace(job, delivery=delivery)


RESULT = Slot(read=_read, write=_write, known_since=lambda job: job.created_at, marked=True)
"""It is in the thread of the job's message."""
