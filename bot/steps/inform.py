"""Inform the user that their job was refused, was cancelled by another, or is on hold."""

from __future__ import annotations

from bot.base.errors import UnreachablePlaceError
from bot.base.ports import Place
from bot.jobs.view import brief_view
from bot.messages.job import is_cancelled
from bot.messages.result import stopped_message
from bot.steps.progress import show
from bot.worker.context import Claim
from bot.worker.result import Done, Result
from storage.job import EventName, Job


async def inform(claim: Claim[Job]) -> Result[Job]:
    """Edit the job's message and send the user an ephemeral one.

    Whoever cancelled their own job was answered, and sees the edit: they need none.

    Safe to repeat: the edit is idempotent, and the ephemeral message is at worst shown twice.
    """
    shown = await show(claim.row, claim.services)
    is_own_cancel = is_cancelled(shown) and shown.cancel_requested_by == shown.user
    if is_own_cancel and shown.message_ts is not None:
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
