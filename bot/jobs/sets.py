"""A set: several jobs that were asked for at once, its parts, and the row of its one message.

The row is a notification, whose ID is the ID of the set. That a repeat of the ask makes nothing new
is known by the dedup keys of the parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.jobs.services import Services
from bot.jobs.view import JobView, brief_view
from bot.options.part_labels import part_labels
from storage.job import Instant, Job
from storage.notification import Notification, NotificationKind, row_about
from storage.notification_detail import NotificationDetail
from storage.store import UnreadableRowError

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
    """The file at Slack that shows the posters of the parts side by side; empty: there is none, and
    there will be none. `None`: it is not known yet."""


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


def new_set_id(services: Services) -> str:
    """Return a new ID of a set."""
    return f"{PREFIX}{services.new_id()}"


def part_key(dedup_key: str, part: int) -> str:
    """Return the dedup key of a part: that of the first one is the ask's own."""
    return dedup_key if part == 1 else f"{dedup_key}#{part}"


def set_row(first: Job, words: str, parts: int, now: Instant) -> Notification:
    """Return the row of the message of a set whose first part this is."""
    if first.set_id is None:
        raise ValueError(f"{first.id} is no part of a set")
    return row_about(
        first,
        NotificationKind.SET,
        now,
        row_id=first.set_id,
        channel=first.channel,
        thread_ts=first.reply_to.thread_ts,
        detail=SetDetail(words=words, parts=parts).to_text(),
    )


async def load_set(set_id: str, services: Services) -> SetView | None:
    """Return a set as it is now, from the rows of its parts; `None`: there is none.

    Raises `StoreError`.
    """
    parts = await services.store.jobs.parts(set_id)
    return view_of(await services.store.outbox.find(set_id), parts, services) if parts else None


def view_of(row: Notification | None, parts: Sequence[Job], services: Services) -> SetView:
    """Return the view of a set with these parts; `row` `None`: that of its message is gone."""
    detail = None if row is None else SetDetail.of(row)
    first = parts[0]
    return SetView(
        id=first.set_id or "",
        words="" if detail is None else detail.words,
        parts=[brief_view(part, services.catalog, services.unit) for part in parts],
        labels=part_labels(parts, services.catalog),
        thread_ts=first.reply_to.thread_ts if row is None else row.thread_ts,
        message_ts=None if row is None else row.delivery.ts,
        sheet=(detail.sheet or None) if detail else None,
        unit=services.unit,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlace:
    """Where the message of a part goes."""

    thread_ts: str | None = None
    """The thread; `None`: the set's message is not posted yet."""
    refusal: str | None = None
    """Why the set's message is not posted and never will be: nor is that of the part."""


async def load_place(job: Job, services: Services) -> SetPlace:
    """Return where the message of a part of a set goes. Raises `StoreError`.

    A row that cannot be read is waited for: the operators are told of it, and it may be mended.
    """
    try:
        row = await services.store.outbox.find(job.set_id or "")
    except UnreadableRowError:
        return SetPlace()
    if row is None:
        return SetPlace(refusal="Its set is not in the store.")
    if row.delivery.ts is None:
        return SetPlace(refusal=row.problem)
    return SetPlace(thread_ts=row.thread_ts or row.delivery.ts)
