"""Post a message once, share files once, although Slack has no idempotency key for either.

Both write an intent to the row before the call, and look at Slack after any doubt before they
repeat it: for a message by the ID of its row, for a file by where it is shared.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from bot.base.errors import (
    NotAMemberError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RetryLaterError,
)
from bot.base.ports import Message, Place, Posted
from bot.worker.context import Claim
from storage.job import Delivery, EventName, Instant, Job
from storage.notification import Notification

# The intent has our moment and the message Slack's: this covers a clock that was set wrong by
# hours when the intent was written. Looking further back only reads more pages.
SEARCH_BACK_SECONDS = 6 * 3600.0
# How long Slack may take to show that a file is shared, after it said so.
SHARE_PATIENCE_SECONDS = 30.0

T = TypeVar("T")
PostRow = TypeVar("PostRow", Job, Notification)
"""A row that makes messages of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot(Generic[PostRow]):
    """Where a row keeps one message of ours: how that is read and written, and what it is called.

    A message is `marked` if one that carries the row's ID as metadata alone must not be taken for
    it: a job's own message carries it so, and hangs in the same thread at times.
    """

    read: Callable[[PostRow], Delivery]
    write: Callable[[PostRow, Delivery], PostRow]
    known_since: Callable[[PostRow], Instant]
    """The oldest moment at which it may have been posted."""
    intended: EventName = EventName.RESULT_POSTING
    withdrawn: EventName = EventName.RESULT_NOT_POSTED
    marked: bool = False


async def find_posted(claim: Claim[PostRow], slot: Slot[PostRow], place: Place) -> Posted | None:
    """Return the message if an earlier try, or an earlier life, may have posted it and did.

    Raises what `Chat.find_posts` raises, and `UnreachablePlaceError`: then nothing is known about
    the place, and above all not that nothing was posted there.
    """
    intent_at, since = slot.read(claim.row).intent_at, slot.known_since(claim.row)
    if intent_at is None and not claim.may_be_restored(since):
        return None
    chat, row_id, marked = claim.services.chat, claim.row.id, slot.marked
    oldest = (since if intent_at is None else intent_at) - SEARCH_BACK_SECONDS
    try:
        found = await chat.find_posts(place, row_id, oldest, marked=marked)
    except NotAMemberError:
        await chat.join(place.channel)
        found = await chat.find_posts(place, row_id, oldest, marked=marked)
    return found[0] if found else None


async def post(
    claim: Claim[PostRow], slot: Slot[PostRow], place: Place, message: Message
) -> Posted:
    """Post a message that does not exist, after its intent was committed.

    Safe to repeat after `find_posted` has found nothing. Raises `UnreachablePlaceError`.
    """
    await _intend(claim, slot, slot.intended)
    chat, row_id = claim.services.chat, claim.row.id
    try:
        return await _as_member(claim, place, lambda: chat.post(place, message, row_id))
    except (RetryLaterError, OperatorMustActError):
        # Certainly not posted, so the next try need not look.
        await _withdraw(claim, slot, slot.withdrawn)
        raise


async def post_once(
    claim: Claim[PostRow], slot: Slot[PostRow], place: Place, message: Message
) -> Posted:
    """Post a message, or find the one that was posted before. Safe to repeat."""
    found = await find_posted(claim, slot, place)
    return found or await post(claim, slot, place, message)


async def share_once(
    claim: Claim[PostRow],
    slot: Slot[PostRow],
    place: Place,
    *,
    bring: Callable[[], Awaitable[None]],
    title: str,
    compose: Callable[[], Awaitable[Message]],
) -> str | None:
    """Share files as one message; return its `ts`, or `None` if it was lost: then begin anew.

    `bring` makes sure that the files are at Slack, unshared, and written to the slot. `compose` is
    called after it, because it may learn what the render cost. Safe to repeat: Slack is asked
    whether the files are shared before they are shared again. Only when it has denied that for a
    while are they deleted and brought anew.
    """
    if slot.read(claim.row).intent_at is not None:
        ts = await _find_shared(claim, slot, place)
        if ts is not None:
            return ts
    await bring()
    files = [(upload.file_id, title) for upload in slot.read(claim.row).uploads]
    message = await compose()
    await _intend(claim, slot, EventName.SHARING)
    chat = claim.services.chat
    try:
        await _as_member(claim, place, lambda: chat.share(files, place, message))
    except (RetryLaterError, OperatorMustActError):
        # Certainly not shared, so the next try need not look.
        await _withdraw(claim, slot, EventName.NOT_SHARED)
        raise
    except NotFoundError as error:
        # The file is gone, or was shared by a call whose answer was lost: look before repeating.
        raise OutcomeUnknownError("Slack does not know the file that was to be shared.") from error
    return await _find_shared(claim, slot, place)


async def _find_shared(claim: Claim[PostRow], slot: Slot[PostRow], place: Place) -> str | None:
    """Return the `ts` of the message that shares the files; start over if there is certainly none.

    Raises `OutcomeUnknownError` while Slack may still show it.
    """
    known, chat, now = slot.read(claim.row), claim.services.chat, claim.services.now()
    if not known.uploads:
        return None
    try:
        state = await chat.file_state(known.uploads[0].file_id, place.channel)
    except NotFoundError:
        await _start_over(claim, slot, EventName.FILE_GONE)
        return None
    if state.shared_ts is not None:
        shared = slot.write(claim.row, replace(known, ts=state.shared_ts))
        await claim.record(shared, EventName.SHARED)
        return state.shared_ts
    if now - (known.intent_at or now) < SHARE_PATIENCE_SECONDS:
        raise OutcomeUnknownError("Slack has not shown the shared file yet.")
    await claim.hold()
    for upload in known.uploads:
        await chat.delete_file(upload.file_id)
    await _start_over(claim, slot, EventName.SHARE_LOST)
    return None


async def _start_over(claim: Claim[PostRow], slot: Slot[PostRow], why: EventName) -> None:
    anew = replace(slot.read(claim.row), uploads=(), intent_at=None)
    await claim.record(slot.write(claim.row, anew), why)


async def _intend(claim: Claim[PostRow], slot: Slot[PostRow], name: EventName) -> None:
    intended = replace(slot.read(claim.row), intent_at=claim.services.now())
    await claim.record(slot.write(claim.row, intended), name)


async def _withdraw(claim: Claim[PostRow], slot: Slot[PostRow], name: EventName) -> None:
    withdrawn = replace(slot.read(claim.row), intent_at=None)
    await claim.record(slot.write(claim.row, withdrawn), name)


async def _as_member(claim: Claim[PostRow], place: Place, act: Callable[[], Awaitable[T]]) -> T:
    """Do something in a channel, after entering it if that is what Slack asks for.

    The first, refused call left nothing behind. Entering takes time, in which the claim may have
    been taken over.
    """
    try:
        return await act()
    except NotAMemberError:
        await claim.services.chat.join(place.channel)
    await claim.hold()
    return await act()
