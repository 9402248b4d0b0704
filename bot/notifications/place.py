"""Where a notification is posted, and where its row keeps the delivery of its message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.base.ports import Place
from bot.worker.context import Claim
from bot.worker.outbox import Slot
from storage.job import Delivery, Instant
from storage.notification import Notification

# The IDs of users begin with one of these letters, the IDs of channels with others.
# https://docs.slack.dev/reference/objects/user-object
PEOPLE = ("U", "W")


def _read(row: Notification) -> Delivery:
    return row.delivery


def _write(row: Notification, delivery: Delivery) -> Notification:
    return replace(row, delivery=delivery)


MESSAGE_SLOT = Slot(read=_read, write=_write, known_since=lambda row: row.happened_at)
"""The slot of a notification's one message."""


async def slot_since(claim: Claim[Notification], begin: Instant) -> Slot[Notification]:
    """Return the slot of a row that a user's press, or an event, may make again after a restore.

    Its ID is the same as before, so its message may stand already, from after the backup: it is
    searched for from there on. What the row is about began at `begin`, and a backup from before
    that does not know it.
    """
    known = [at for at in await claim.services.store.restores() if at >= begin]
    if not known:
        return MESSAGE_SLOT
    first = min(known)
    return searched_since(lambda row: min(first, row.happened_at))


def searched_since(known_since: Callable[[Notification], Instant]) -> Slot[Notification]:
    """Return the slot of a row whose message may be older than the row.

    Where there are too many messages to look through, it is rather posted twice than never.
    """
    return replace(MESSAGE_SLOT, known_since=known_since, must_find=False)


async def place_of(claim: Claim[Notification]) -> Place:
    """Return where the notification is posted; for a user, their direct conversation."""
    channel, thread_ts = claim.row.channel, claim.row.thread_ts
    if channel.startswith(PEOPLE):
        channel = await claim.services.chat.open_direct(channel)
    return Place(channel=channel, thread_ts=thread_ts)
