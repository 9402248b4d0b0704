"""Deliver the files of a finished job to its thread again, without another render or charge."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.base.errors import UnreachablePlaceError
from bot.base.ports import Message, Place, Snapshot
from bot.jobs.deliveries import copies_at_slack
from bot.jobs.view import labelled_view
from bot.messages.file import alt_text, file_name, title
from bot.messages.replies import not_resent
from bot.messages.result import resent_message
from bot.notifications.deletion import NO_JOB, check_not_deleted, take_back
from bot.notifications.place import MESSAGE_SLOT, PEOPLE, place_of
from bot.options.mentions import named_input
from bot.options.schema import prompts_of
from bot.worker.context import Claim
from bot.worker.delivery import Content, UndeliverableError, deliver_once
from bot.worker.outputs import bring_outputs
from bot.worker.result import Done, Park, Result
from storage.job import Job
from storage.notification import Notification

NOWHERE = "The files could not be brought, neither to the thread nor directly."


async def resend(claim: Claim[Notification]) -> Result[Notification]:
    """Deliver the files again. As safe to repeat as `deliver_once`.

    The message is marked with this row's ID, so that it is not taken for the job's own result.
    """
    job = await claim.services.store.jobs.get(claim.row.job_id or "")
    if job is None:
        return Park(row=claim.row, problem=NO_JOB)
    if job.deleted_at is not None:
        return await take_back(claim, job)
    claim.prompts += prompts_of(named_input(job))
    content = Content(
        bring=partial(upload_files, claim, job),
        title=title(job),
        compose=partial(_compose, claim, job),
    )
    place = await place_of(claim)
    try:
        await deliver_once(claim, MESSAGE_SLOT, content, place=place, user=job.user)
    except UndeliverableError as error:
        await _report_failure(claim, job)
        return Park(row=claim.row, problem=f"{NOWHERE} {error}")
    return Done(row=claim.row)


async def _report_failure(claim: Claim[Notification], job: Job) -> None:
    """Send the requesting user an ephemeral message; an operator, who has no ID, reads the log."""
    requested_by = claim.row.detail
    if requested_by.startswith(PEOPLE):
        place = Place(channel=claim.row.channel)
        with suppress(UnreachablePlaceError):
            await claim.services.chat.send_ephemeral(place, requested_by, not_resent(job), None)


async def _compose(claim: Claim[Notification], job: Job) -> Message:
    row, services = claim.row, claim.services
    await check_not_deleted(job, services)
    shown = replace(job, delivery=row.delivery, problem=row.problem)
    return resent_message(labelled_view(shown, services), row.id)


async def upload_files(claim: Claim[Notification], job: Job, place: Place) -> None:
    """Upload a job's files for a row of the outbox; as safe to repeat as `bring_outputs`."""

    async def ignore_fresh_urls(_: Snapshot) -> None:
        """Leave the job's row unchanged: its own step may be writing it."""

    await bring_outputs(
        claim,
        MESSAGE_SLOT,
        job,
        name=partial(file_name, job),
        alt_text=alt_text(job),
        channel=place.channel,
        on_fresh_urls=ignore_fresh_urls,
        copies=await copies_at_slack(job, claim.services),
    )
