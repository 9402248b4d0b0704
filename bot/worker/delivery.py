"""Deliver content once: as files in its place, else as links, else as a direct message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.base.errors import (
    BotError,
    OperatorMustActError,
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
    UnreachablePlaceError,
)
from bot.base.ports import Message, Place
from bot.worker.context import Claim
from bot.worker.outbox import (
    SHARE_PATIENCE_SECONDS,
    PostRow,
    Slot,
    find_posted,
    post_once,
    share_once,
)
from bot.worker.permits import edit
from bot.worker.retry import backoff, longest_pause
from storage.job import EventName

# For so long after the first failed try to bring the files, a user waits for more than a link.
FILE_SECONDS = 300.0


class UndeliverableError(RefusedError):
    """Neither its place nor a direct message accepts the content: an operator must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The files and the message to deliver."""

    bring: Callable[[Place], Awaitable[None]] | None
    """Uploads the files for a place, unless they are at Slack; `None`: there are no files."""
    title: str
    """The files' title."""
    compose: Callable[[], Awaitable[Message]]
    """Returns the message for the row as it is now: with files, or with links."""
    may_be_links: bool = True
    """Whether a message without files may take their place."""


async def deliver_once(
    claim: Claim[PostRow], slot: Slot[PostRow], content: Content, *, place: Place, user: str | None
) -> None:
    """Deliver the content to its place, and record its `ts` in the slot.

    Safe to repeat: an earlier message is searched for (`files.info`, message metadata) before
    anything is posted. If the place accepts nothing, commits the direct conversation with `user` as
    the new place and raises `RetryLaterError`: the next attempt delivers there. Raises
    `UndeliverableError` if that fails as well, or if there is no `user`. Files that cannot be
    brought within `FILE_SECONDS` give way to links, if they may.
    """
    known = slot.read(claim.row)
    if known.ts is not None:
        return
    target = place if known.channel is None else Place(channel=known.channel)
    try:
        await _deliver(claim, slot, content, target)
    except UnreachablePlaceError as error:
        if known.channel is not None or user is None:
            raise UndeliverableError(str(error), code=error.code) from error
        direct = await _direct_with(claim, user)
        redirected = replace(slot.read(claim.row), channel=direct, uploads=(), intent_at=None)
        await claim.record(slot.write(claim.row, redirected), EventName.DIRECT, direct)
        raise RetryLaterError("The channel takes nothing; telling the person directly.") from error
    if slot.read(claim.row).ts is None:
        raise RetryLaterError("The result is not there yet.")


async def _direct_with(claim: Claim[PostRow], user: str) -> str:
    """Return the direct conversation with the user; `UndeliverableError` if Slack refuses it."""
    try:
        return await claim.services.chat.open_direct(user)
    except RefusedError as error:
        raise UndeliverableError(str(error), code=error.code) from error


async def _deliver(
    claim: Claim[PostRow], slot: Slot[PostRow], content: Content, place: Place
) -> None:
    if await _recover_message(claim, slot, content, place):
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
                may_repeat=lambda: not content.may_be_links or not _is_doubt_too_late(claim, slot),
            )
        except UnreachablePlaceError:
            raise
        except RefusedError as error:
            if not content.may_be_links:
                raise
            # The file cannot be downloaded or shared here; the user still gets link and cost.
            await _fall_back_to_links(claim, slot, str(error), may_follow=False)
        except (RetryLaterError, OutcomeUnknownError, OperatorMustActError) as error:
            if not content.may_be_links or not await _has_failed_too_long(claim, slot, error):
                raise
            await _fall_back_to_links(claim, slot, str(error), may_follow=True)
        else:
            return
    posted = await post_once(claim, slot, place, await content.compose())
    delivered = replace(slot.read(claim.row), ts=posted.ts)
    await claim.record(slot.write(claim.row, delivered), EventName.TOLD)


async def _recover_message(
    claim: Claim[PostRow], slot: Slot[PostRow], content: Content, place: Place
) -> bool:
    """Record the message if it was posted after the backup from which the row may come.

    The message is then edited to match the row. Returns whether there was one.
    """
    if not claim.may_be_restored(slot.known_since(claim.row)):
        return False
    posted = await find_posted(claim, slot, place)
    if posted is None:
        return False
    with suppress(UnreachablePlaceError):
        await edit(claim, place.channel, posted.ts, await content.compose())
    delivered = replace(slot.read(claim.row), ts=posted.ts)
    await claim.record(slot.write(claim.row, delivered), EventName.TOLD, "found")
    return True


async def _has_failed_too_long(claim: Claim[PostRow], slot: Slot[PostRow], error: BotError) -> bool:
    """Return whether another try, after the longest pause, would come too late for the user.

    Commits when the first try failed. `False` while the files may be shared already.
    """
    known, now = slot.read(claim.row), claim.services.now()
    if known.failing_since is None:
        known = replace(known, failing_since=now)
        await claim.write(slot.write(claim.row, known), None)
    return known.intent_at is None and _is_late(
        claim, slot, longest_pause(error, claim.row.attempts)
    )


def _is_doubt_too_late(claim: Claim[PostRow], slot: Slot[PostRow]) -> bool:
    """Return whether a doubtful share, which is looked for after a pause, could end too late."""
    return _is_late(claim, slot, backoff(claim.row.attempts, 1.0))


def _is_late(claim: Claim[PostRow], slot: Slot[PostRow], pause: float) -> bool:
    """Return whether a try after `pause` seconds could end too late.

    A doubtful share is waited for before it counts as failed.
    """
    now = claim.services.now()
    failing_for = now - (slot.read(claim.row).failing_since or now)
    return failing_for + pause + SHARE_PATIENCE_SECONDS > FILE_SECONDS


async def _fall_back_to_links(
    claim: Claim[PostRow], slot: Slot[PostRow], reason: str, *, may_follow: bool
) -> None:
    known = slot.read(claim.row)
    links = replace(
        known,
        link_only=True,
        uploads=(),
        intent_at=None,
        failing_since=known.failing_since if may_follow else None,
    )
    row = replace(slot.write(claim.row, links), problem=reason)
    await claim.record(row, EventName.LINK_ONLY, reason)
