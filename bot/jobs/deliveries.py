"""Further deliveries of a job's files, beside its result: rows of the outbox."""

from __future__ import annotations

from dataclasses import replace

from bot.base.ports import Place
from bot.jobs.services import Services
from storage.job import Instant, Job, Media, Upload
from storage.notification import (
    Notification,
    NotificationKind,
    notification_id,
    row_about,
)

# Slack has just refused a file, so the next try is not made at once.
FOLLOW_AFTER_SECONDS = 60.0
# The row is added just before the job is delivered.
POSTER_AFTER_SECONDS = 0.5


def follows_later(job: Job) -> bool:
    """Return whether a link stands in place of files that Slack may take later."""
    return job.delivery.link_only and job.delivery.failing_since is not None


def following(job: Job, now: Instant, *, by: str = "", after: float = 0.0) -> Notification:
    """Return the row that brings the files of a job after its result's message.

    Its ID is made of the job, so that the files come once. `by` is the user who wants them; empty:
    the bot itself.
    """
    place = result_place(job)
    row = row_about(
        job,
        NotificationKind.FOLLOWED,
        now,
        row_id=_following_id(job),
        channel=place.channel,
        thread_ts=place.thread_ts,
        detail=by,
    )
    return replace(row, due_at=now + after)


def is_poster_wanted(job: Job, services: Services) -> bool:
    """Return whether a delivered job gets a poster."""
    has_video = job.has_result and job.outputs[0].media is Media.VIDEO
    return services.makes_posters and services.films is not None and has_video


def poster_row(job: Job, now: Instant) -> Notification:
    """Return the row that brings the poster of a job. Its ID is made of the job."""
    kind = NotificationKind.POSTER
    row_id = notification_id(kind, job.channel, job.id)
    row = row_about(job, kind, now, row_id=row_id, channel=job.channel)
    return replace(row, due_at=now + POSTER_AFTER_SECONDS)


def result_place(job: Job) -> Place:
    """Return where the message of the job's result is: its thread, or a direct conversation."""
    if job.delivery.channel is not None:
        return Place(channel=job.delivery.channel)
    return Place(channel=job.channel, thread_ts=job.thread_root)


async def have_followed(job: Job, services: Services) -> bool:
    """Return whether the files came after the result's message. Raises `StoreError`."""
    return await _followed(job, services) is not None


async def copies_at_slack(job: Job, services: Services) -> tuple[Upload, ...]:
    """Return the files of a job that were delivered; none if a link stands in their place.

    None of a result that was deleted. Raises `StoreError`.
    """
    delivery = job.delivery
    if job.deleted_at is not None:
        return ()
    if delivery.link_only:
        row = await _followed(job, services)
        return () if row is None else row.delivery.uploads
    return delivery.uploads if delivery.ts is not None else ()


async def _followed(job: Job, services: Services) -> Notification | None:
    row = await services.store.outbox.find(_following_id(job))
    return row if row is not None and row.delivery.ts is not None else None


def _following_id(job: Job) -> str:
    return notification_id(NotificationKind.FOLLOWED, job.channel, job.id)
