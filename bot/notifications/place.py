"""Where a notification is posted, and where its row keeps the delivery of its message."""

from __future__ import annotations

from dataclasses import replace

from bot.base.ports import Place
from bot.worker.context import Claim
from bot.worker.outbox import Slot
from storage.job import Delivery
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


async def place_of(claim: Claim[Notification]) -> Place:
    """Return where the notification is posted; for a user, their direct conversation."""
    channel, thread_ts = claim.row.channel, claim.row.thread_ts
    if channel.startswith(PEOPLE):
        channel = await claim.services.chat.open_direct(channel)
    return Place(channel=channel, thread_ts=thread_ts)
