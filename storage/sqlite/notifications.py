"""The outbox in SQLite: what is put in, and which row of a channel is next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from sqlite3 import Row as SqlRow

from sqlite_utils import Database

from storage.job import Event, Instant, Job
from storage.notification import (
    NOTIFY,
    OPERATORS,
    Notification,
    NotificationKind,
    channels_of,
    kind_of,
    notifications_for,
    team_scope,
)
from storage.sqlite.queue import changed, insert
from storage.sqlite.rows import NOTIFICATIONS, encode
from storage.sqlite.settings import setting, settings
from storage.store import Room

# One a channel, so that what happened first is told first. A bare column beside min() is that of
# the row with the minimum. https://sqlite.org/lang_select.html#bareagg
# Without being told, SQLite takes the index of channels, which holds all that was ever posted.
DUE = """
    SELECT seq, due_at FROM (
        SELECT min(seq) AS seq, due_at FROM notifications INDEXED BY notifications_due
        WHERE due_at IS NOT NULL AND kind IN ({kinds})
            AND channel NOT IN (
                SELECT channel FROM notifications INDEXED BY notifications_due
                WHERE due_at IS NOT NULL AND kind IN ({kinds}) AND lease_until > :now
            )
        GROUP BY channel
    )
    WHERE due_at <= :now ORDER BY due_at, seq LIMIT :limit + 0
"""

_TOLD_SINCE = """
    SELECT detail FROM notifications
    WHERE channel = :channel AND kind = :kind AND happened_at > :since AND team = :team
"""


def put_in(db: Database, job: Job, event: Event) -> None:
    """Put in what is to be posted because of an event."""
    # Nearly every event causes nothing, and then no setting need be read.
    if kind_of(job, event) is None:
        return
    first = channels_of(job.team)
    levels = {
        scope.removeprefix(first): str(level)
        for scope, level in settings(db, first, NOTIFY).items()
    }
    operators = setting(db, team_scope(job.team), OPERATORS)
    # As it will be read: a repeat is known by the detail of what was put in before.
    stored = replace(event, detail=str(encode(event.detail)))
    rows = notifications_for(
        job,
        stored,
        levels=levels,
        operators=[str(user) for user in operators] if isinstance(operators, list) else [],
        told_since=partial(_told_since, db, job.team),
    )
    for row in rows:
        add(db, row)


def add(db: Database, notification: Notification) -> bool:
    """Put a notification in, unless it is there."""
    return insert(db, NOTIFICATIONS, notification, unique="id") is not None


def find(db: Database, notification_id: str) -> Notification | None:
    """Return the notification, or `None`."""
    query = "SELECT * FROM notifications WHERE id = :id"
    found = changed(db, NOTIFICATIONS, query, {"id": encode(notification_id)})
    return found[0] if found else None


def find_due(db: Database, now: Instant, room: Room) -> Sequence[SqlRow]:
    """Return the due notifications that a room has place for, one a channel."""
    kinds = ", ".join(f"'{kind}'" for kind in room.steps)
    values = {"now": now, "limit": max(0, room.limit)}
    due: list[SqlRow] = db.execute(DUE.format(kinds=kinds), values).fetchall()
    return due


def _told_since(
    db: Database, team: str, channel: str, kind: NotificationKind, since: Instant
) -> Iterable[str]:
    values = {"team": team, "channel": channel, "kind": kind.value, "since": since}
    return [row["detail"] for row in db.execute(_TOLD_SINCE, values)]
