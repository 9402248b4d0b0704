"""Inform the user that their job was refused, was cancelled by another, or is on hold."""

from __future__ import annotations

from bot.base.errors import PermitLaterError, RetryLaterError, UnreachablePlaceError
from bot.base.ports import Place
from bot.jobs.services import Services
from bot.jobs.view import brief_view
from bot.messages.job import is_cancelled
from bot.messages.result import stopped_message
from bot.steps.progress import show
from bot.worker.context import Claim
from bot.worker.result import Done, Result, Snooze, due_before
from storage.job import EventName, Job, Stage

RETRY_SECONDS = 30.0
"""The pause before the next try of an edit that follows what was told."""


async def inform(claim: Claim[Job]) -> Result[Job]:
    """Edit the job's message and send the user an ephemeral one.

    Whoever cancelled their own job was answered, and sees the edit: they need none.

    The user is told first if the edit has to wait. Safe to repeat: the edit is idempotent, and the
    ephemeral message is at worst shown twice.
    """
    is_told, edit_at, shown = claim.has_permit, None, claim.row
    try:
        shown = await show(claim, claim.row)
    except PermitLaterError as error:
        edit_at = error.valid_at
    except RetryLaterError as error:
        if not is_told:
            raise
        edit_at = claim.services.now() + (error.retry_after or RETRY_SECONDS)
    result = Done(row=shown) if is_told else await _tell(claim, shown)
    if edit_at is None:
        return result
    after = due_before(edit_at, claim.services.now())
    return Snooze(row=result.row, after=after, note=result.note, paced_at=edit_at)


async def _tell(claim: Claim[Job], shown: Job) -> Done[Job]:
    """Send the user an ephemeral message, unless they cancelled the job themselves."""
    is_own_cancel = is_cancelled(shown) and shown.cancel_requested_by == shown.user
    is_silent = is_own_cancel and shown.message_ts is not None
    if is_silent or await _is_told_of_set(shown, claim.services):
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
