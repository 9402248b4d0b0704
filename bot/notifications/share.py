"""Bring a finished video to a channel, because a user shares it there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.base.errors import UnreachablePlaceError
from bot.base.ports import Message, Place
from bot.jobs.services import Services
from bot.jobs.view import labelled_view
from bot.messages.file import title
from bot.messages.notification import shared_message
from bot.messages.replies import not_shared
from bot.notifications.deletion import NO_JOB, check_not_deleted, take_back
from bot.notifications.job_event import NOT_THEIRS
from bot.notifications.place import slot_since
from bot.notifications.resend import upload_files
from bot.options.mentions import named_input
from bot.options.schema import prompts_of
from bot.worker.context import Claim
from bot.worker.delivery import Content, UndeliverableError, deliver_once
from bot.worker.result import Done, Park, Result
from storage.job import Job
from storage.notification import Notification


async def share(claim: Claim[Notification]) -> Result[Notification]:
    """Post the video itself to the channel, outside of threads; as safe as `deliver_once`.

    Where Slack does not take the file, a message with the link to the result takes its place.
    """
    services, row = claim.services, claim.row
    job = await services.store.jobs.get(row.job_id or "")
    if job is None:
        return Park(row=row, problem=NO_JOB)
    if job.deleted_at is not None:
        return await take_back(claim, job)
    claim.prompts += prompts_of(named_input(job))
    if not await _may_be_seen(row, job, services):
        await _tell_sharer(row, job, NOT_THEIRS, services)
        return Done(row=replace(row, problem=NOT_THEIRS))
    content = Content(
        bring=partial(upload_files, claim, job),
        title=title(job),
        compose=partial(_compose, claim, job),
    )
    try:
        await deliver_once(
            claim,
            await slot_since(claim, job.created_at),
            content,
            place=Place(channel=row.channel),
            user=None,
        )
    except UndeliverableError as error:
        await _tell_sharer(row, job, str(error), services)
        return Done(row=replace(claim.row, problem=str(error)))
    return Done(row=claim.row)


async def _tell_sharer(row: Notification, job: Job, reason: str, services: Services) -> None:
    """Send the sharing user an ephemeral message that the channel does not get the video."""
    with suppress(UnreachablePlaceError):
        message = not_shared(job, row.channel, reason)
        place = Place(channel=row.channel)
        await services.chat.send_ephemeral(place, row.detail, message, None)


async def _may_be_seen(row: Notification, job: Job, services: Services) -> bool:
    """Return whether the channel may see the job: it is its own, public, or its asker shares it."""
    if row.channel == job.channel or row.detail == job.user:
        return True
    return (await services.directory.conversation(job.channel)).is_public


async def _compose(claim: Claim[Notification], job: Job) -> Message:
    services, row = claim.services, claim.row
    await check_not_deleted(job, services)
    directory = services.directory
    link = None
    if row.delivery.link_only and job.delivery.ts is not None:
        link = await directory.permalink(job.delivery.channel or job.channel, job.delivery.ts)
    sharer = (await directory.person(row.detail)).name
    asker = (await directory.person(job.user)).name
    view = labelled_view(job, services)
    return shared_message(view, sharer=sharer, asker=asker, link=link, mark=row.id)
