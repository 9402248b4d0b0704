"""Tell operators of a row of the store that cannot be read and was set aside."""

from __future__ import annotations

from dataclasses import replace

from bot.messages.notification import unreadable_message
from bot.notifications.place import place_of, slot_since
from bot.worker.context import Claim
from bot.worker.outbox import post_once
from bot.worker.result import Done, Result
from storage.notification import Notification


async def notify(claim: Claim[Notification]) -> Result[Notification]:
    """Post what cannot be read, and where it is listed. As safe to repeat as `post_once`."""
    message = unreadable_message(claim.row.detail)
    # The last restore is enough: a row that was found before it is not found again.
    last = max(await claim.services.store.restores(), default=0.0)
    slot = await slot_since(claim, last)
    posted = await post_once(claim, slot, await place_of(claim), message)
    return Done(row=replace(claim.row, delivery=replace(claim.row.delivery, ts=posted.ts)))
