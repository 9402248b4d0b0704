"""A set: several jobs that were asked for at once, its parts, and the row of its one message.

The row is a notification. Its ID is the ID of the set, and is made of the ask's dedup key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.jobs.services import Services
from bot.jobs.view import JobView, brief_view
from storage.job import Job
from storage.notification import Notification, NotificationKind
from storage.notification_detail import NotificationDetail

MOST_PARTS = 12
"""How many parts a set has at most."""

PREFIX = "set-"
"""The ID of a set begins so, and that of a job does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDetail(NotificationDetail):
    """What a set's row holds as its `detail`."""

    words: str
    """The words as they were typed, with braces and all."""
    parts: int
    """How many parts there are."""
    shown: str = ""
    """Digest of the message as it was last sent to Slack, so that an equal edit is not sent."""
    sheet: str | None = None
    """The file at Slack that shows the posters of the parts side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetView:
    """A set with everything that messages show of it."""

    id: str
    words: str
    """Empty: they were erased."""
    parts: Sequence[JobView]
    """In their order."""
    labels: Sequence[str] = ()
    """What tells each part from the others, as `part_labels` returns it."""
    thread_ts: str | None = None
    """The thread in which its message and those of its parts stand, if it was asked for in one."""
    message_ts: str | None = None
    """`None`: its message is not posted yet."""
    sheet: str | None = None
    """The file at Slack that shows the posters side by side, once there is one."""
    unit: str | None = None
    """The unit of amounts, as in `Services`."""


def set_id_of(dedup_key: str) -> str:
    """Return the ID of the set that an ask makes: the same for every delivery of the ask."""
    raise NotImplementedError


def part_key(dedup_key: str, part: int) -> str:
    """Return the dedup key of a part: that of the first one is the ask's own."""
    return dedup_key if part == 1 else f"{dedup_key}#{part}"


async def load_set(set_id: str, services: Services) -> SetView | None:
    """Return a set as it is now, from the rows of its parts; `None`: there is none.

    Raises `StoreError`.
    """
    raise NotImplementedError


def view_of(row: Notification | None, parts: Sequence[Job], services: Services) -> SetView:
    """Return the view of a set whose row and parts were read; `row` `None`: it is not posted."""
    raise NotImplementedError
