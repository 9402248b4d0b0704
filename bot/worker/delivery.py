"""Bring something to a person once: files in its place, else links, else a direct message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.base.errors import (
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
    UnreachablePlaceError,
)
from bot.base.ports import Message, Place
from bot.worker.context import Claim
from bot.worker.outbox import PostRow, Slot, find_posted, post_once, share_once
from storage.job import EventName

# With the engine's pauses this is about half an hour of trying to carry the file over.
FILE_TRIES = 30


class UndeliverableError(RefusedError):
    """Neither its place nor the person takes it: a person must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is brought."""

    bring: Callable[[Place], Awaitable[None]] | None
    """Makes sure that the files are at Slack for this place; `None`: there are none."""
    title: str
    """The files' title."""
    compose: Callable[[], Awaitable[Message]]
    """Returns the words for the row as it is now: with files, or with links."""


async def deliver_once(
    claim: Claim[PostRow], slot: Slot[PostRow], content: Content, *, place: Place, user: str
) -> None:
    """Make sure that the content is in its place, and the slot knows its `ts`.

    Safe to repeat: what was posted is found again (`files.info`, message metadata) before anything
    is posted. Where the place takes nothing, `user` is told directly, from the next try on: raises
    `RetryLaterError` then, and `UndeliverableError` where that fails as well.
    """
    known = slot.read(claim.row)
    if known.ts is not None:
        return
    here = place if known.channel is None else Place(channel=known.channel)
    try:
        await _deliver(claim, slot, content, here)
    except UnreachablePlaceError as error:
        if known.channel is not None:
            raise UndeliverableError(str(error), code=error.code) from error
        direct = await claim.services.chat.open_direct(user)
        elsewhere = replace(slot.read(claim.row), channel=direct, uploads=(), intent_at=None)
        await claim.record(slot.write(claim.row, elsewhere), EventName.DIRECT, direct)
        raise RetryLaterError("The channel takes nothing; telling the person directly.") from error
    if slot.read(claim.row).ts is None:
        raise RetryLaterError("The result is not there yet.")


async def _deliver(
    claim: Claim[PostRow], slot: Slot[PostRow], content: Content, place: Place
) -> None:
    if await _was_delivered(claim, slot, content, place):
        return
    bring = content.bring
    if bring is not None and not slot.read(claim.row).link_only:
        try:
            await share_once(
                claim,
                slot,
                place,
                bring=lambda: bring(place),
                title=content.title,
                compose=content.compose,
            )
        except UnreachablePlaceError:
            raise
        except RefusedError as error:
            # The file cannot be had or put here; the person still gets the link and the cost.
            await _give_up_files(claim, slot, str(error))
        except (RetryLaterError, OutcomeUnknownError) as error:
            sharing = slot.read(claim.row).intent_at is not None
            if sharing or claim.row.attempts < FILE_TRIES:
                raise
            await _give_up_files(claim, slot, str(error))
        else:
            return
    posted = await post_once(claim, slot, place, await content.compose())
    told = replace(slot.read(claim.row), ts=posted.ts)
    await claim.record(slot.write(claim.row, told), EventName.TOLD)


async def _was_delivered(
    claim: Claim[PostRow], slot: Slot[PostRow], content: Content, place: Place
) -> bool:
    """Tell whether a life that the row knows nothing of has delivered it, and put the row right."""
    if not claim.may_be_restored(slot.known_since(claim.row)):
        return False
    posted = await find_posted(claim, slot, place)
    if posted is None:
        return False
    with suppress(UnreachablePlaceError):
        await claim.services.chat.update(place.channel, posted.ts, await content.compose())
    told = replace(slot.read(claim.row), ts=posted.ts)
    await claim.record(slot.write(claim.row, told), EventName.TOLD, "found")
    return True


async def _give_up_files(claim: Claim[PostRow], slot: Slot[PostRow], reason: str) -> None:
    links = replace(slot.read(claim.row), link_only=True, uploads=(), intent_at=None)
    row = replace(slot.write(claim.row, links), problem=reason)
    await claim.record(row, EventName.LINK_ONLY, reason)
