"""Post a message once, share files once, although Slack has no idempotency key for either.

Both commit an intent to the row before the call. After an unknown outcome they search Slack before
they repeat the call: for a message by the ID of its row, for a file by where it is shared.
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
    PermitLaterError,
    RetryLaterError,
    TooManyMessagesError,
)
from bot.base.ports import Message, Place, Posted
from bot.worker.context import Claim
from bot.worker.permits import await_permit, refuse_known, shared_refusals
from storage.job import Delivery, EventName, Instant, Job
from storage.notification import Notification
from storage.pace import Limit

# The time of an intent is by our clock, that of a message by Slack's. This covers a clock that was
# wrong by hours when the intent was committed; to search further back would only read more pages.
SEARCH_BACK_SECONDS = 6 * 3600.0
# How long Slack may take to show that a file is shared, after it has answered ok.
SHARE_PATIENCE_SECONDS = 30.0

T = TypeVar("T")
PostRow = TypeVar("PostRow", Job, Notification)
"""A row for which messages are posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot(Generic[PostRow]):
    """Where a row keeps the delivery of one message: how to read and write it, and its events.

    `marked` restricts searches to messages with the row's ID in a `block_id`: a job's own message
    has it in the metadata alone, and can be in the same thread as the job's result.
    """

    read: Callable[[PostRow], Delivery]
    write: Callable[[PostRow, Delivery], PostRow]
    known_since: Callable[[PostRow], Instant]
    """The earliest time at which the message may have been posted."""
    intended: EventName = EventName.RESULT_POSTING
    withdrawn: EventName = EventName.RESULT_NOT_POSTED
    marked: bool = False
    must_find: bool = True
    """Whether a place with too many messages to look through gets none.

    Else it gets the message, which may stand there twice then.
    """


async def find_posted(claim: Claim[PostRow], slot: Slot[PostRow], place: Place) -> Posted | None:
    """Return the message if an earlier attempt, or a process before a restore, has posted it.

    Searches only if one of them may have. Raises what `Chat.find_posts` raises, and
    `UnreachablePlaceError`: the place cannot be searched then, and the message may be there.
    """
    intent_at, since = slot.read(claim.row).intent_at, slot.known_since(claim.row)
    if intent_at is None and not claim.may_be_restored(since):
        return None
    chat, row_id, marked = claim.services.chat, claim.row.id, slot.marked
    oldest = (since if intent_at is None else intent_at) - SEARCH_BACK_SECONDS
    try:
        try:
            found = await chat.find_posts(place, row_id, oldest, marked=marked)
        except NotAMemberError:
            await chat.join(place.channel)
            found = await chat.find_posts(place, row_id, oldest, marked=marked)
    except TooManyMessagesError:
        if slot.must_find or intent_at is not None:
            raise
        return None
    return found[0] if found else None


async def post(
    claim: Claim[PostRow], slot: Slot[PostRow], place: Place, message: Message
) -> Posted:
    """Commit the intent to post a message, then post it.

    Safe to repeat only after `find_posted` has found nothing. Raises `UnreachablePlaceError`.
    """
    limit = claim.services.limits.posts(claim.row.team, place.channel)
    refuse_known(claim, limit)
    await _intend(claim, slot, slot.intended, limit)
    chat, row_id = claim.services.chat, claim.row.id
    try:
        async with shared_refusals(claim.services, limit):
            return await _as_member(claim, place, lambda: chat.post(place, message, row_id))
    except (RetryLaterError, OperatorMustActError):
        # Certainly not posted, so the next attempt need not search.
        await _withdraw(claim, slot, slot.withdrawn)
        raise


async def post_once(
    claim: Claim[PostRow], slot: Slot[PostRow], place: Place, message: Message
) -> Posted:
    """Post a message, or return the one that was posted before. Safe to repeat."""
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
    may_repeat: Callable[[], bool] = lambda: True,
) -> str | None:
    """Share files as one message; return its `ts`, or `None` if the share was lost: call again.

    `bring` uploads the files, unshared, and records them in the slot. `compose` is called after it,
    because `bring` may record the render's cost. Safe to repeat: before the files are shared again,
    `files.info` shows whether they are shared already. Only when it has shown no share for
    `SHARE_PATIENCE_SECONDS` are they deleted and uploaded again; where that `may_repeat` no more,
    `RetryLaterError` is raised instead: nothing is shared.
    """
    if slot.read(claim.row).intent_at is not None:
        ts = await _find_shared(claim, slot, place)
        if ts is not None:
            return ts
        if not may_repeat():
            raise RetryLaterError("Slack did not show the file.")
    await bring()
    files = [(upload.file_id, title) for upload in slot.read(claim.row).uploads]
    limit = claim.services.limits.posts(claim.row.team, place.channel)
    refuse_known(claim, limit)
    message = await compose()
    await _intend(claim, slot, EventName.SHARING, limit)
    chat = claim.services.chat
    try:
        async with shared_refusals(claim.services, limit):
            await _as_member(claim, place, lambda: chat.share(files, place, message))
    except (RetryLaterError, OperatorMustActError):
        # Certainly not shared, so the next attempt need not search.
        await _withdraw(claim, slot, EventName.NOT_SHARED)
        raise
    except NotFoundError as error:
        # The file is gone, or was shared by a call whose answer was lost: search before repeating.
        raise OutcomeUnknownError("Slack does not know the file that was to be shared.") from error
    return await _find_shared(claim, slot, place)


async def _find_shared(claim: Claim[PostRow], slot: Slot[PostRow], place: Place) -> str | None:
    """Return the `ts` of the message that shares the files, or `None` if there is certainly none.

    In the second case the slot is reset, so that the files are uploaded again. Raises
    `OutcomeUnknownError` while Slack may still show the message.
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
    intent_at = now if known.intent_at is None else known.intent_at
    if now - intent_at < SHARE_PATIENCE_SECONDS:
        raise OutcomeUnknownError("Slack has not shown the shared file yet.")
    await claim.hold()
    for upload in known.uploads:
        claim.check_lease()
        await chat.delete_file(upload.file_id)
    await _start_over(claim, slot, EventName.SHARE_LOST)
    return None


async def _start_over(claim: Claim[PostRow], slot: Slot[PostRow], reason: EventName) -> None:
    reset = replace(slot.read(claim.row), uploads=(), intent_at=None)
    await claim.record(slot.write(claim.row, reset), reason)


async def _intend(
    claim: Claim[PostRow], slot: Slot[PostRow], name: EventName, limit: Limit
) -> None:
    """Commit the intent to post, and take the permit for it; return when that is valid.

    Raises `PermitLaterError`, without the intent, if that is later than a step may wait.
    """
    intended = replace(slot.read(claim.row), intent_at=claim.services.now())
    paced = limit if limit.interval > 0 else None
    await claim.record(slot.write(claim.row, intended), name, limit=paced)
    try:
        await await_permit(claim, limit)
    except PermitLaterError:
        withdrawn = replace(slot.read(claim.row), intent_at=None)
        await claim.write(slot.write(claim.row, withdrawn), None)
        raise


async def _withdraw(claim: Claim[PostRow], slot: Slot[PostRow], name: EventName) -> None:
    withdrawn = replace(slot.read(claim.row), intent_at=None)
    await claim.record(slot.write(claim.row, withdrawn), name)


async def _as_member(claim: Claim[PostRow], place: Place, act: Callable[[], Awaitable[T]]) -> T:
    """Call `act`; if Slack refuses because the bot is not a member, join the channel and repeat.

    The refused call had no effect. The claim is checked before each call: it may have been lost
    since the intent was committed, or during the join.
    """
    claim.check_lease()
    try:
        return await act()
    except NotAMemberError:
        await claim.services.chat.join(place.channel)
    await claim.hold()
    return await act()
