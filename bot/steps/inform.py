"""Tell the person that their job was refused, was cancelled early, or is on hold."""

from __future__ import annotations

from bot.base.errors import UnreachablePlaceError
from bot.base.ports import Place
from bot.messages.result import told_message
from bot.steps.progress import show
from bot.worker.context import Turn
from bot.worker.result import Rest, Result


async def inform(turn: Turn) -> Result:
    """Edit the job's message and tell the person privately.

    Safe to repeat: the edit is idempotent, and a private word is at worst said twice.
    """
    shown = await show(turn.job, turn.tools)
    # Slack shows a private word in a thread only if the thread has replies, which is certain where
    # our own message is one: https://docs.slack.dev/reference/methods/chat.postEphemeral
    thread_ts = shown.thread_ts if shown.message_ts else None
    place = Place(channel=shown.channel, thread_ts=thread_ts)
    try:
        await turn.tools.chat.whisper(place, shown.user, told_message(shown), shown.response_url)
    except UnreachablePlaceError as error:
        return Rest(job=shown, note="nobody to tell", detail=str(error))
    return Rest(job=shown, note="told")
