"""Enter a public channel where that is what a message or a file needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar

from bot.base.errors import UnreachablePlaceError
from bot.base.ports import Chat, Message, Place

# Slack's two words for a channel that we are not in: the second is what a private one says.
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})

# The intent has our moment and the message Slack's: this covers a clock that was set wrong by
# hours when the intent was written. Looking further back only reads more pages.
LOOK_BACK_SECONDS = 6 * 3600.0

T = TypeVar("T")
Hold: TypeAlias = Callable[[], Awaitable[object]]
"""Raises unless the claim still holds: entering took time, in which it may have been taken over."""


def is_closed_to_us(error: UnreachablePlaceError) -> bool:
    """Tell whether the place only lacks our membership."""
    return error.code in NOT_A_MEMBER


async def find_as_member(
    chat: Chat, place: Place, job_id: str, intended_at: float, *, marked: bool = False
) -> list[str]:
    """Look for messages that we may have posted since a moment of our own clock.

    A result is `marked`. A job's own message is not, nor is a second one that arrived late: in a
    thread neither is taken for the result.

    Joins the channel if that is what Slack asks for. Raises what `Chat.find_posts` raises, and
    `UnreachablePlaceError`: then nothing is known about the place, and above all not that nothing
    was posted there.
    """
    since = intended_at - LOOK_BACK_SECONDS
    try:
        return await chat.find_posts(place, job_id, since, marked=marked)
    except UnreachablePlaceError as error:
        if not is_closed_to_us(error):
            raise
    await chat.join(place.channel)
    return await chat.find_posts(place, job_id, since, marked=marked)


async def post_as_member(
    chat: Chat, place: Place, message: Message, job_id: str, hold: Hold
) -> str:
    """Post, after joining the channel if that is what Slack asks for; return the `ts`.

    Raises what `Chat.post` and `hold` raise; the first, refused post left nothing behind.
    """
    return await _as_member(chat, place, lambda: chat.post(place, message, job_id), hold)


async def share_as_member(
    chat: Chat, files: Sequence[tuple[str, str]], place: Place, message: Message, hold: Hold
) -> None:
    """Share files, `(file_id, title)` each, after joining the channel if Slack asks for that.

    Raises what `Chat.share` and `hold` raise; the first, refused share left nothing behind.
    """
    await _as_member(chat, place, lambda: chat.share(files, place, message), hold)


async def _as_member(chat: Chat, place: Place, act: Callable[[], Awaitable[T]], hold: Hold) -> T:
    try:
        return await act()
    except UnreachablePlaceError as error:
        if not is_closed_to_us(error):
            raise
    await chat.join(place.channel)
    await hold()
    return await act()
