"""Inform the user that their job was refused, was cancelled by another, or is on hold."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import PermitLaterError, RetryLaterError, UnreachablePlaceError
from bot.base.ports import Place
from bot.jobs.services import Services
from bot.jobs.view import brief_view
from bot.messages import blocks
from bot.messages.job import is_cancelled
from bot.messages.result import stopped_message
from bot.steps.progress import show
from bot.steps.result_slot import RESULT
from bot.worker.context import Claim
from bot.worker.outbox import post_once
from bot.worker.result import Done, Result, Snooze
from storage.job import EventName, Job, Stage

RETRY_SECONDS = 30.0
"""The pause before the next try of an edit that follows what was told."""


async def inform(claim: Claim[Job]) -> Result[Job]:
    """Edit the job's message and send the user an ephemeral one, or one in the job's thread.

    Who planned a job may not be there when it cannot start, and an ephemeral message is not kept.
    Whoever cancelled their own job was answered, and sees the edit: they need none.

    The user is told first if the edit has to wait. Safe to repeat: the edit is idempotent, and the
    ephemeral message is at worst shown twice.
    """
    if _is_told_in_thread(claim.row):
        return await _inform_in_thread(claim)
    # A row that comes with a permit was put back for its edit, after its user was told.
    is_told, edit_later, shown = claim.reserved_at is not None, None, claim.row
    try:
        shown = await show(claim, claim.row)
    except PermitLaterError as error:
        edit_later = error.permit or claim.services.now() + error.after
    except RetryLaterError as error:
        if not is_told:
            raise
        edit_later = claim.services.now() + (error.retry_after or RETRY_SECONDS)
    result = Done(row=shown) if is_told else await _tell(claim, shown)
    if edit_later is None:
        return result
    return Snooze(row=result.row, after=0.0, note=result.note, permit=edit_later)


def _is_told_in_thread(job: Job) -> bool:
    """Return whether a job was planned and then could not start; at the request its user is there.

    A parked job may still have a result, whose place in the thread this would take.
    """
    was_planned = job.message_ts is not None or job.is_later_of_repeat
    return job.starts_at is not None and was_planned and job.stage is Stage.REJECTED


async def _inform_in_thread(claim: Claim[Job]) -> Result[Job]:
    """Tell the user in the thread, once, then edit the job's message; each when it has a permit."""
    job, services = claim.row, claim.services
    if job.delivery.ts is None and not _is_own_cancel(job):
        told = stopped_message(brief_view(job, services.catalog, services.unit))
        message = replace(told, blocks=blocks.marked(told.blocks, job.id))
        place = Place(channel=job.channel, thread_ts=job.thread_root)
        try:
            posted = await post_once(claim, RESULT, place, message)
        except UnreachablePlaceError:
            return await _tell(claim, claim.row)
        told_in = replace(claim.row.delivery, ts=posted.ts)
        await claim.record(replace(claim.row, delivery=told_in), EventName.TOLD)
    return Done(row=await show(claim, claim.row))


def _is_own_cancel(job: Job) -> bool:
    """Return whether the user knows: they cancelled it themselves, and its message shows that."""
    is_own = is_cancelled(job) and job.cancel_requested_by == job.user
    return is_own and (job.message_ts is not None or job.is_later_of_repeat)


async def _tell(claim: Claim[Job], shown: Job) -> Done[Job]:
    """Send the user an ephemeral message, unless they cancelled the job themselves."""
    if _is_own_cancel(shown) or await _is_told_of_set(shown, claim.services):
        return Done(row=shown)
    # Slack shows an ephemeral message in a thread only if the thread has replies, which is certain
    # if the job's own message is one: https://docs.slack.dev/reference/methods/chat.postEphemeral
    thread_ts = shown.reply_to.thread_ts if shown.message_ts else None
    place = Place(channel=shown.channel, thread_ts=thread_ts)
    services, response_url = claim.services, shown.reply_to.response_url
    message = stopped_message(brief_view(shown, services.catalog, services.unit))
    try:
        await services.chat.send_ephemeral(place, shown.user, message, response_url)
    except UnreachablePlaceError as error:
        return Done(row=shown, note=EventName.NO_RECIPIENT, detail=str(error))
    return Done(row=shown, note=EventName.TOLD)


async def _is_told_of_set(job: Job, services: Services) -> bool:
    """Return whether something else tells of a part that has no message of its own.

    The message of its set does, and the answer to a cancel. Where that message may not be, the
    first of such parts tells of all.
    """
    if job.set_id is None or job.message_ts is not None or job.stage is not Stage.REJECTED:
        return False
    if is_cancelled(job):
        return True
    untold = (
        part.id
        for part in await services.store.jobs.parts(job.set_id)
        if part.message_ts is None and part.cancel_requested_at is None
    )
    return next(untold, job.id) != job.id
