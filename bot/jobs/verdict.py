"""The outcome of a request to cancel or to give up a job, as its row tells it. Pure."""

from __future__ import annotations

from enum import StrEnum

from storage.job import TERMINAL, Job, Stage


class Verdict(StrEnum):
    """The outcome of a request to cancel or to give up a job."""

    FREE = "free"
    """Nothing was sent yet: the job ends without a charge."""
    BILLED = "billed"
    """MindVideo has the job and bills it in any case; it can only be given up."""
    GIVEN_UP = "given up"
    """The job is no longer polled; MindVideo still bills it."""
    ON_HOLD = "on hold"
    """The job is parked, so an operator decides."""
    OVER = "over"
    """There was nothing left to cancel."""


def verdict_of(row: Job) -> Verdict:
    """Return what became of a request to cancel a job, by its row afterwards."""
    if row.stage in TERMINAL or row.stage is Stage.FINISHED:
        return Verdict.OVER
    if row.cancel_requested_at is not None:
        return Verdict.FREE
    if row.given_up_at is not None:
        return Verdict.GIVEN_UP
    return Verdict.ON_HOLD if row.stage is Stage.PARKED else Verdict.BILLED
