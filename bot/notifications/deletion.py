"""Take back what was brought of a result that a user deleted: each row its own message and files.

So no row of the outbox is written by the step of another one, and what is on its way at the moment
of the deletion is taken back once its step has ended.
"""

from __future__ import annotations

from contextlib import suppress

from bot.base.errors import BotError, OperatorMustActError, RefusedError, RetryLaterError
from bot.base.ports import Place
from bot.jobs.deliveries import result_place
from bot.jobs.services import Services
from bot.messages.replies import not_taken_back
from bot.notifications.place import place_of, slot_since
from bot.worker.context import Claim
from bot.worker.removal import delete_delivery, take_back_once
from bot.worker.result import Done, Park, Result
from storage.job import Job
from storage.notification import Notification, NotificationKind

NO_JOB = "There is no such job any more."


async def delete_result(claim: Claim[Notification]) -> Result[Notification]:
    """Delete the message and the files of the job's result. Safe to repeat."""
    job = await claim.services.store.jobs.get(claim.row.job_id or "")
    if job is None:
        return Park(row=claim.row, problem=NO_JOB)
    return await take_back(claim, job)


async def take_back(claim: Claim[Notification], job: Job) -> Result[Notification]:
    """Delete what the row has brought of a deleted result, once what it may have posted is found.

    As safe to repeat as `take_back_once`. Whoever deleted it is told what Slack does not delete.
    """
    services = claim.services
    try:
        if claim.row.kind is NotificationKind.DELETED:
            await delete_delivery(services.chat, job.delivery, result_place(job).channel)
        else:
            slot = await slot_since(claim, job.created_at)
            await take_back_once(claim, slot, await _place(claim))
    except OperatorMustActError as error:
        if claim.row.attempts == 0:
            await _tell(job, error, services)
        raise
    except RefusedError as error:
        await _tell(job, error, services)
        return Park(row=claim.row, problem=str(error))
    return Done(row=claim.row)


async def check_not_deleted(job: Job, services: Services) -> None:
    """Raise `RetryLaterError` if a job was deleted since its row was read.

    Call it before a message about the job's result is posted: the next attempt takes back what this
    one has brought.
    """
    row = await services.store.jobs.get(job.id)
    if row is not None and row.deleted_at is not None:
        raise RetryLaterError("The result was deleted meanwhile.")


async def _place(claim: Claim[Notification]) -> Place:
    """Return where a row posts its message, if it has posted one."""
    if claim.row.delivery.channel is not None:
        return Place(channel=claim.row.delivery.channel)
    return await place_of(claim)


async def _tell(job: Job, error: BotError, services: Services) -> None:
    if job.deleted_by is not None:
        with suppress(BotError):
            # Not in the thread: where no reply is left, Slack shows no ephemeral message either.
            place = Place(channel=result_place(job).channel)
            message = not_taken_back(job, str(error))
            await services.chat.send_ephemeral(place, job.deleted_by, message, None)
