"""The outbox in PostgreSQL: inserts of notifications, and the next due one of each channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from storage.budget_change import users_in
from storage.job import Event, Instant, Job
from storage.notification import (
    ABOUT_APPROVAL,
    APPROVAL_KINDS,
    IN_ANY_ORDER,
    NOTIFY,
    OF_RESULT,
    OPERATORS,
    REPEAT_SECONDS,
    Notification,
    NotificationKind,
    approval_notifications,
    channels_of,
    deletion_of,
    kind_of,
    notifications_for,
    recipients,
    set_edit_at,
    team_scope,
)
from storage.postgres.database import Database, clean_text
from storage.postgres.queue import IS_DUE, LOCKED, Due, changed, insert_new
from storage.postgres.settings import setting, settings
from storage.rows import NOTIFICATIONS, in_list
from storage.store import Added, ClaimLimit

# One for each channel, so that notifications are posted in the order of the events.
DUE = f"""
    WITH heads AS MATERIALIZED (
        SELECT DISTINCT ON (channel) seq, channel FROM notifications
        WHERE due_at IS NOT NULL AND kind = ANY(%(kinds)s) ORDER BY channel, seq
    )
    SELECT seq FROM notifications
    WHERE seq IN (SELECT seq FROM heads) AND {IS_DUE}
        AND NOT EXISTS (
            SELECT FROM notifications AS other
            WHERE other.channel = notifications.channel AND other.due_at IS NOT NULL
                AND other.kind = ANY(%(kinds)s) AND other.lease_until > %(now)s
        )
    ORDER BY due_at, seq LIMIT %(limit)s {LOCKED}
"""  # noqa: S608 - only constants

DUE_IN_ANY_ORDER = f"""
    SELECT seq FROM notifications WHERE kind = ANY(%(kinds)s) AND {IS_DUE}
    ORDER BY due_at, seq LIMIT %(limit)s {LOCKED}
"""  # noqa: S608 - only constants

# Two claims at one instant might find two heads of one channel, if a row with a lower number is
# committed after one with a higher number.
_ONE_CLAIM_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('slack-video-bot outbox', 0))"

_DETAILS_SINCE = """
    SELECT channel, detail FROM notifications
    WHERE channel = ANY(%(channels)s) AND kind = %(kind)s AND happened_at > %(since)s
        AND team = %(team)s
"""

# The channel is there for its index: the rows of one kind about one job are all of one channel.
COUNT_SINCE = """
    SELECT count(*) AS made FROM notifications
    WHERE channel = %(channel)s AND kind = %(kind)s AND happened_at > %(since)s
        AND job_id = %(job_id)s
"""

# A row that waits after a failed try keeps its pause, which may be Slack's.
_CHANGED = """
    UPDATE notifications SET changed_at = %(at)s, due_at = coalesce(due_at, %(at)s)
    WHERE job_id = %(job_id)s AND kind IN ({kinds})
"""

_EDIT_APPROVALS = _CHANGED.replace("{kinds}", in_list(APPROVAL_KINDS))

_TAKE_BACK = _CHANGED.replace("{kinds}", in_list(OF_RESULT))


# One that waits for its asker, or was given up, has nothing to edit.
_EDIT_SET = """
    UPDATE notifications SET
        changed_at = %(at)s, due_at = coalesce(due_at, %(due_at)s)
    WHERE id = %(id)s AND problem IS NULL
        AND (due_at IS NOT NULL OR delivery_ts IS NOT NULL)
"""

_POST_SET = "UPDATE notifications SET due_at = %(now)s WHERE id = %(id)s AND delivery_ts IS NULL"


def touch_set(db: Database, job: Job, at: Instant) -> None:
    """Have the message of the set edited that a job is a part of, if it is of any."""
    if job.set_id is not None:
        db.postpone(_EDIT_SET, {"id": job.set_id, "at": at, "due_at": set_edit_at(at)})


def post_set(db: Database, job: Job, now: Instant) -> None:
    """Have the message of the set posted of which a part was confirmed."""
    if job.set_id is not None:
        db.postpone(_POST_SET, {"id": job.set_id, "now": now})


async def insert_for_event(db: Database, job: Job, event: Event) -> None:
    """Insert the notifications that an event causes."""
    await _tell_approval(db, job, event)
    kind = kind_of(job, event)
    # Nearly every event causes none, and then no setting needs to be read.
    if kind is None:
        return
    subscribed, in_charge = await levels(db, job.team), await operators(db, job.team)
    told: dict[str, list[str]] = {}
    if kind is NotificationKind.OPERATOR_NEEDED:
        places = recipients(kind, subscribed, in_charge)
        # Of two jobs that meet one problem at one instant, the second sees what the first told.
        await db.change(
            "SELECT pg_advisory_xact_lock(hashtextextended(%(team)s, 1))", {"team": job.team}
        )
        told = await _details_since(db, job.team, places, kind, event.at - REPEAT_SECONDS)

    def told_since(channel: str, _kind: NotificationKind, _since: Instant) -> Iterable[str]:
        return told.get(channel, ())

    # A repeat is recognized by the stored form of the detail of earlier notifications.
    stored = replace(event, detail=clean_text(event.detail))
    rows = notifications_for(
        job, stored, levels=subscribed, operators=in_charge, told_since=told_since
    )
    for row in rows:
        await add(db, row)


async def _tell_approval(db: Database, job: Job, event: Event) -> None:
    """Have the messages about an approval edited, and insert those that are new."""
    if event.name not in ABOUT_APPROVAL:
        return
    await db.change(_EDIT_APPROVALS, {"job_id": job.id, "at": event.at})
    for row in approval_notifications(job, event):
        await add(db, row)


async def take_back(db: Database, job: Job, event: Event) -> None:
    """Have all that was brought of a result taken back, and what may still be on its way."""
    await db.change(_TAKE_BACK, {"job_id": job.id, "at": event.at})
    await add(db, deletion_of(job, event))


async def levels(db: Database, team: str) -> dict[str, str]:
    """Return the level of each channel of a workspace that is subscribed."""
    prefix = channels_of(team)
    found, _ = await settings(db, prefix, NOTIFY)
    return {scope.removeprefix(prefix): str(level) for scope, level in found.items()}


async def operators(db: Database, team: str) -> list[str]:
    """Return the users who are notified where no channel is subscribed."""
    users, _ = await setting(db, team_scope(team), OPERATORS)
    return list(users_in(users))


async def add(db: Database, notification: Notification) -> bool:
    """Insert a notification unless its ID exists; return whether it was inserted."""
    return await insert_new(db, NOTIFICATIONS, notification, unique="id")


async def add_within(db: Database, notification: Notification, most: int, since: Instant) -> Added:
    """Insert a notification, unless its job has `most` of its kind that happened after `since`."""
    # The row of the job is locked, so that two of them do not both count before either is there.
    lock = "SELECT seq FROM jobs WHERE id = %(id)s FOR NO KEY UPDATE"
    await db.row(lock, {"id": notification.job_id})
    if await find(db, notification.id) is not None:
        return Added.KNOWN
    values = {
        "channel": notification.channel,
        "job_id": notification.job_id,
        "kind": notification.kind.value,
        "since": since,
    }
    counted = await db.row(COUNT_SINCE, values)
    if counted is not None and int(counted["made"]) >= most:
        return Added.TOO_MANY
    return Added.NEW if await add(db, notification) else Added.KNOWN


async def find(db: Database, notification_id: str) -> Notification | None:
    """Return the notification, or `None`."""
    query = "SELECT * FROM notifications WHERE id = %(id)s"
    found = await changed(db, NOTIFICATIONS, query, {"id": notification_id})
    return found[0] if found else None


async def withdraw(db: Database, notification_id: str, problem: str) -> None:
    """Give up a notification that is planned and was not begun."""
    await db.change(
        "UPDATE notifications SET due_at = NULL, problem = %(problem)s"
        " WHERE id = %(id)s AND due_at IS NOT NULL AND lease_until IS NULL",
        {"id": notification_id, "problem": problem},
    )


async def find_due(db: Database, now: Instant, limit: ClaimLimit) -> Due:
    """Lock due notifications, at most `limit.rows`.

    One for each channel, unless all kinds of the limit may come in any order.
    """
    values = {"now": now, "limit": max(0, limit.rows), "kinds": list(limit.steps)}
    if IN_ANY_ORDER.issuperset(limit.steps):
        query = DUE_IN_ANY_ORDER
    else:
        query = DUE
        await db.change(_ONE_CLAIM_AT_A_TIME)
    return [row["seq"] for row in await db.rows(query, values)]


async def _details_since(
    db: Database, team: str, channels: list[str], kind: NotificationKind, since: Instant
) -> dict[str, list[str]]:
    values = {"team": team, "channels": channels, "kind": kind.value, "since": since}
    found: dict[str, list[str]] = {}
    for row in await db.rows(_DETAILS_SINCE, values):
        found.setdefault(row["channel"], []).append(row["detail"])
    return found
