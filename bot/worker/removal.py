"""Take a message and its files back: the reverse of what `deliver_once` brings."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

from bot.base.errors import NotFoundError, OutcomeUnknownError, RefusedError
from bot.base.ports import Chat, Place
from bot.worker.context import Claim
from bot.worker.outbox import SHARE_PATIENCE_SECONDS, Slot, find_posted
from storage.job import Delivery, EventName
from storage.notification import Notification


class NotTakenBackError(RefusedError):
    """Slack refuses to delete something; all else of the message is gone."""


async def take_back_once(
    claim: Claim[Notification], slot: Slot[Notification], place: Place
) -> None:
    """Delete the message of a slot and its files. The slot goes on saying what was brought.

    Safe to repeat: a message whose post is in doubt is searched for first, and its `ts` committed;
    what is gone already counts as deleted. Raises `NotTakenBackError` after it has tried all, and
    `OutcomeUnknownError` while Slack may still show a message that it does not show yet.
    """
    known = slot.read(claim.row)
    there = place if known.channel is None else Place(channel=known.channel)
    if known.ts is None:
        ts = await _find_message(claim, slot, there)
        if ts is not None:
            known = replace(known, ts=ts)
            await claim.record(slot.write(claim.row, known), EventName.SHARED)
    await delete_delivery(claim.services.chat, known, there.channel)


async def delete_delivery(chat: Chat, delivery: Delivery, channel: str) -> None:
    """Delete the files and the message of a delivery. Safe to repeat.

    Raises `NotTakenBackError` after it has tried all.
    """
    refusals = [await _refusal_of(chat.delete_file(one.file_id)) for one in delivery.uploads]
    # The message last: a crash before it leaves a message that is still known.
    if delivery.ts is not None:
        refusals.append(await _refusal_of(chat.delete_message(channel, delivery.ts)))
    for refusal in filter(None, refusals):
        raise NotTakenBackError(str(refusal), code=refusal.code) from refusal


async def _refusal_of(deletion: Awaitable[None]) -> RefusedError | None:
    try:
        await deletion
    except RefusedError as error:
        return error
    return None


async def _find_message(
    claim: Claim[Notification], slot: Slot[Notification], place: Place
) -> str | None:
    """Return the `ts` of a message that an earlier attempt may have posted; `None`: there is none.

    Raises as `take_back_once`.
    """
    known, services = slot.read(claim.row), claim.services
    if known.uploads and known.intent_at is not None:
        try:
            state = await services.chat.file_state(known.uploads[0].file_id, place.channel)
        except NotFoundError:
            return None
        if state.shared_ts is None and services.now() - known.intent_at < SHARE_PATIENCE_SECONDS:
            raise OutcomeUnknownError("Slack has not shown the shared file yet.")
        return state.shared_ts
    posted = await find_posted(claim, slot, place)
    return None if posted is None else posted.ts
