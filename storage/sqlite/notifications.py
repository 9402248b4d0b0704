"""The outbox in SQLite: inserts of notifications, and the next due one of each channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from sqlite3 import Row as SqlRow

from sqlite_utils import Database

from storage.budget_change import users_in
from storage.job import Event, Instant, Job
from storage.notification import (
    ABOUT_APPROVAL,
    APPROVAL_KINDS,
    IN_ANY_ORDER,
    NOTIFY,
    OF_RESULT,
    OPERATORS,
    Notification,
    NotificationKind,
    approval_notifications,
    channels_of,
    deletion_of,
    kind_of,
    notifications_for,
    set_edit_at,
    team_scope,
)
from storage.rows import NOTIFICATIONS, encode, in_list
from storage.sqlite.queue import changed, insert_new
from storage.sqlite.settings import setting, settings
from storage.store import SUSPECT_CRASHES, Added, ClaimLimit

# One for each channel, so that notifications are posted in the order of the events. A bare column
# beside min() comes from the row with the minimum. https://sqlite.org/lang_select.html#bareagg
# Without INDEXED BY, SQLite uses the index of channels, which holds all past notifications.
DUE = f"""
    SELECT seq, due_at FROM (
        SELECT min(seq) AS seq, due_at, crashes FROM notifications INDEXED BY notifications_due
        WHERE due_at IS NOT NULL AND kind IN ({{kinds}})
            AND channel NOT IN (
                SELECT channel FROM notifications INDEXED BY notifications_due
                WHERE due_at IS NOT NULL AND kind IN ({{kinds}}) AND lease_until > :now
            )
        GROUP BY channel
    )
    WHERE due_at <= :now AND crashes < {SUSPECT_CRASHES} ORDER BY due_at, seq LIMIT :limit + 0
"""  # noqa: S608 - only constants

DUE_IN_ANY_ORDER = f"""
    SELECT seq, due_at FROM notifications INDEXED BY notifications_due
    WHERE due_at IS NOT NULL AND due_at <= :now AND kind IN ({{kinds}})
        AND (lease_until IS NULL OR lease_until <= :now) AND crashes < {SUSPECT_CRASHES}
    ORDER BY due_at, seq LIMIT :limit + 0
"""  # noqa: S608 - only constants

_DETAILS_SINCE = """
    SELECT detail FROM notifications
    WHERE channel = :channel AND kind = :kind AND happened_at > :since AND team = :team
"""

# The channel is there for its index: the rows of one kind about one job are all of one channel.
COUNT_SINCE = """
    SELECT count(*) AS made FROM notifications
    WHERE channel = :channel AND kind = :kind AND happened_at > :since AND job_id = :job_id
"""


# A row that waits after a failed try keeps its pause, which may be Slack's.
_CHANGED = """
    UPDATE notifications SET changed_at = :at, due_at = coalesce(due_at, :at)
    WHERE job_id = :job_id AND kind IN ({kinds})
"""

_EDIT_APPROVALS = _CHANGED.replace("{kinds}", in_list(APPROVAL_KINDS))

_TAKE_BACK = _CHANGED.replace("{kinds}", in_list(OF_RESULT))


# One that waits for its asker, or was given up, has nothing to edit.
_EDIT_SET = """
    UPDATE notifications SET
        changed_at = :at, due_at = coalesce(due_at, :due_at)
    WHERE id = :id AND problem IS NULL AND (due_at IS NOT NULL OR delivery_ts IS NOT NULL)
"""

_POST_SET = "UPDATE notifications SET due_at = :now WHERE id = :id AND delivery_ts IS NULL"


def touch_set(db: Database, job: Job, at: Instant) -> None:
    """Have the message of the set edited that a job is a part of, if it is of any."""
    if job.set_id is not None:
        due_at = set_edit_at(at)
        db.execute(_EDIT_SET, {"id": encode(job.set_id), "at": at, "due_at": due_at})


def post_set(db: Database, job: Job, now: Instant) -> None:
    """Have the message of the set posted of which a part was confirmed."""
    if job.set_id is not None:
        db.execute(_POST_SET, {"id": encode(job.set_id), "now": now})


def insert_for_event(db: Database, job: Job, event: Event) -> None:
    """Insert the notifications that an event causes."""
    _tell_approval(db, job, event)
    # Nearly every event causes none, and then no setting needs to be read.
    if kind_of(job, event) is None:
        return
    # A repeat is recognized by the stored form of the detail of earlier notifications.
    stored = replace(event, detail=str(encode(event.detail)))
    rows = notifications_for(
        job,
        stored,
        levels=levels(db, job.team),
        operators=operators(db, job.team),
        told_since=partial(_details_since, db, job.team),
    )
    for row in rows:
        add(db, row)


def _tell_approval(db: Database, job: Job, event: Event) -> None:
    """Have the messages about an approval edited, and insert those that are new."""
    if event.name not in ABOUT_APPROVAL:
        return
    db.execute(_EDIT_APPROVALS, {"job_id": encode(job.id), "at": event.at})
    for row in approval_notifications(job, event):
        add(db, row)


def take_back(db: Database, job: Job, event: Event) -> None:
    """Have all that was brought of a result taken back, and what may still be on its way."""
    db.execute(_TAKE_BACK, {"job_id": encode(job.id), "at": event.at})
    add(db, deletion_of(job, event))


def levels(db: Database, team: str) -> dict[str, str]:
    """Return the level of each channel of a workspace that is subscribed."""
    prefix = channels_of(team)
    found, _ = settings(db, prefix, NOTIFY)
    return {scope.removeprefix(prefix): str(level) for scope, level in found.items()}


def operators(db: Database, team: str) -> list[str]:
    """Return the users who are notified where no channel is subscribed."""
    users, _ = setting(db, team_scope(team), OPERATORS)
    return list(users_in(users))


def add(db: Database, notification: Notification) -> bool:
    """Insert a notification unless its ID exists; return whether it was inserted."""
    return insert_new(db, NOTIFICATIONS, notification, unique="id")


def add_within(db: Database, notification: Notification, most: int, since: Instant) -> Added:
    """Insert a notification, unless its job has `most` of its kind that happened after `since`."""
    if find(db, notification.id) is not None:
        return Added.KNOWN
    values = {
        "channel": encode(notification.channel),
        "job_id": encode(notification.job_id),
        "kind": notification.kind.value,
        "since": since,
    }
    if int(db.execute(COUNT_SINCE, values).fetchone()["made"]) >= most:
        return Added.TOO_MANY
    add(db, notification)
    return Added.NEW


def find(db: Database, notification_id: str) -> Notification | None:
    """Return the notification, or `None`."""
    query = "SELECT * FROM notifications WHERE id = :id"
    found = changed(db, NOTIFICATIONS, query, {"id": encode(notification_id)})
    return found[0] if found else None


def withdraw(db: Database, notification_id: str, problem: str) -> None:
    """Give up a notification that is planned and was not begun."""
    db.execute(
        "UPDATE notifications SET due_at = NULL, problem = :problem"
        " WHERE id = :id AND due_at IS NOT NULL AND lease_until IS NULL",
        {"id": encode(notification_id), "problem": problem},
    )


def find_due(db: Database, now: Instant, limit: ClaimLimit) -> Sequence[SqlRow]:
    """Return the due notifications, at most `limit.rows`.

    One for each channel, unless all kinds of the limit may come in any order.
    """
    query = DUE_IN_ANY_ORDER if IN_ANY_ORDER.issuperset(limit.steps) else DUE
    kinds = ", ".join(f"'{kind}'" for kind in limit.steps)
    values = {"now": now, "limit": max(0, limit.rows)}
    due: list[SqlRow] = db.execute(query.format(kinds=kinds), values).fetchall()
    return due


def _details_since(
    db: Database, team: str, channel: str, kind: NotificationKind, since: Instant
) -> Iterable[str]:
    values = {"team": team, "channel": channel, "kind": kind.value, "since": since}
    return [row["detail"] for row in db.execute(_DETAILS_SINCE, values)]
