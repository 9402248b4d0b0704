"""What people think of results by one press: good or bad, the last press of each person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from storage.job import Instant, Job, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What one person thinks of a job's result: a row for each job and person."""

    by: str
    is_good: bool
    at: Instant
    """When it was pressed last, by Slack's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFeedback:
    """A job as it is now, with what a person thinks of its result."""

    job: Job
    feedback: Feedback | None
    """What counts now, which may be a later press; `None`: the job has no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One person's feedback, with what reports tell apart of its job."""

    is_good: bool
    style: str | None
    """The name of the style that the request named; `None`: it named none."""
    model: str
    input: Mapping[str, Json]
    """Empty if it cannot be read."""


class FeedbackStore(Protocol):
    """What people think of the results of jobs."""

    async def give(self, job_id: str, feedback: Feedback) -> GivenFeedback | None:
        """Keep what a person thinks of a result, in the place of what they pressed before.

        Of two presses the later one counts, in whichever order they come; one that is delivered
        again changes nothing. Nothing is written about a job that is not delivered, or has no
        result. The job's row stays as it is, and does not become due. Returns `None` if there is no
        such job.
        """

    async def ratings(self, team: str, since: Instant, until: Instant) -> list[Rating]:
        """Return the feedback at or after `since` and before `until`, as it stands now."""
