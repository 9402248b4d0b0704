"""What messages show of the last review of a result."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.messages import blocks
from storage.job import Job, Review, ReviewKind

REVIEW_EMOJI: Mapping[ReviewKind, str] = MappingProxyType(
    {ReviewKind.APPROVED: ":heavy_check_mark:", ReviewKind.CHANGES: ":memo:"}
)
THUMBS_UP, THUMBS_DOWN = ":thumbsup:", ":thumbsdown:"


def review_text(review: Review) -> str:
    """Return who reviewed, when, and to what effect, in mrkdwn."""
    by = f"by <@{review.by}> {blocks.moment(review.at)}"
    return f"{review.kind.value} {by}"


def review_parts(job: Job) -> list[str]:
    """Return the last review of a job as a part of its line; nothing if there is none."""
    return [] if job.review is None else [review_text(job.review)]


def is_to_change(job: Job) -> bool:
    """Tell whether somebody wants a result to be changed."""
    is_asked = job.review is not None and job.review.kind is ReviewKind.CHANGES
    return job.notes > 0 or is_asked
