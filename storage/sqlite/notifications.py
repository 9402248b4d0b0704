"""Notices in SQLite: every statement about them, and the store's methods for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from sqlite3 import Row

from sqlite_utils import Database

from storage.job import Event, Instant, Job, Outcome, Stage
from storage.notification import (
    FOR_OPERATORS,
    HEARD,
    NOTIFY,
    OPERATORS,
    TROUBLE_PAUSE_SECONDS,
    Changes,
    Notice,
    NoticeKind,
    Render,
    channels_of,
    kind_of,
    notice_id,
    team_scope,
)
from storage.sqlite.rows import longest_due_first
from storage.sqlite.session import Session
from storage.sqlite.settings import setting, settings
from storage.store import StaleFenceError

COLUMNS = tuple(field.name for field in fields(Notice))
"""Every field of a notice is the column of that name."""

_INSERT = (
    f"INSERT INTO notices ({', '.join(COLUMNS)})"  # noqa: S608 - names of a dataclass's fields
    f" VALUES ({', '.join(f':{name}' for name in COLUMNS)}) ON CONFLICT (id) DO NOTHING"
)

# One a channel, so that what happened first is told first. A bare column beside min() is that of
# the row with the minimum. https://sqlite.org/lang_select.html#bareagg
_CLAIM = """
    UPDATE notices SET lease_until = :until, fence = fence + 1
    WHERE seq IN (
        SELECT seq FROM (
            SELECT min(seq) AS seq, due_at FROM notices
            WHERE due_at IS NOT NULL
                AND channel NOT IN (
                    SELECT channel FROM notices
                    WHERE due_at IS NOT NULL AND lease_until > :now
                )
            GROUP BY channel
        )
        WHERE due_at <= :now ORDER BY due_at, seq LIMIT :limit + 0
    )
    RETURNING *
"""

_APPLY = f"""
    UPDATE notices SET {", ".join(f"{name} = :{name}" for name in COLUMNS)}
    WHERE id = :id AND fence = :fence RETURNING *
"""  # noqa: S608 - names of a dataclass's fields

_TOLD_LATELY = """
    SELECT detail FROM notices
    WHERE channel = :channel AND kind = :kind AND happened_at > :since AND team = :team
"""

# A word with a digit: the other side names the request or the moment beside the trouble itself.
_PASSING_WORD = re.compile(r"\S*\d\S*")

_RENDERS = """
    SELECT user, model, created_at, stage, outcome, finished_at - submitted_at AS seconds,
        cost_estimate, cost_actual
    FROM jobs
    WHERE created_at >= :since AND created_at < :until AND team = :team
        AND surface <> 'resend' -- a resent job repeats the figures of its parent
    ORDER BY created_at
"""

_CHANGES = """
    SELECT max(job_events.seq) AS seq, jobs.user AS user
    FROM job_events JOIN jobs ON jobs.id = job_events.job_id
    WHERE job_events.seq > :after GROUP BY jobs.user
"""


class SqliteNotices(Session):
    """The part of the store that keeps the promises of `NoticeStore`."""

    async def add_notice(self, notice: Notice) -> bool:
        """Put a notice in, unless it is there."""
        return await self._write(lambda db: add(db, notice))

    async def claim_notices(self, now: Instant, lease_seconds: float, limit: int) -> list[Notice]:
        """Take up to `limit` notices that are due, one a channel."""
        # Nearly always there is none, which a look tells without a turn in the writer's thread.
        if not self._peek(lambda db: is_any_due(db, now)):
            return []
        return await self._write(lambda db: claim(db, now, lease_seconds, limit))

    async def apply_notice(self, before: Notice, after: Notice) -> Notice:
        """Write `after`, if the fence of `before` still holds."""
        return await self._write(lambda db: apply(db, before, after))

    async def renders(self, team: str, since: Instant, until: Instant) -> list[Render]:
        """Return what was asked for in this time, oldest first."""
        return await self._read(lambda db: renders(db, team, since, until))

    async def changes(self, after_seq: int | None) -> Changes:
        """Tell whose jobs' timelines grew since line `after_seq`."""
        return self._peek(lambda db: changes(db, after_seq))


def note(db: Database, job: Job, event: Event) -> None:
    """Put in a notice for everyone who is to hear of this event."""
    kind = kind_of(job, event)
    if kind is None:
        return
    for channel in _listeners(db, job.team, kind):
        notice = _notice(kind, job, event, channel)
        if kind is not NoticeKind.TROUBLE or not _told_lately(db, notice):
            add(db, notice)


def add(db: Database, notice: Notice) -> bool:
    """Put a notice in, unless it is there."""
    return bool(db.execute(_INSERT, asdict(notice)).rowcount)


def claim(db: Database, now: Instant, lease_seconds: float, limit: int) -> list[Notice]:
    """Lease up to `limit` due notices, one a channel, and raise their fences."""
    values = {"now": now, "until": now + lease_seconds, "limit": max(0, limit)}
    rows = db.execute(_CLAIM, values).fetchall()
    return [_from_row(row) for row in longest_due_first(rows)]


def is_any_due(db: Database, now: Instant) -> bool:
    """Tell whether any notice is due."""
    query = "SELECT 1 FROM notices WHERE due_at IS NOT NULL AND due_at <= :now LIMIT 1"
    return db.execute(query, {"now": now}).fetchone() is not None


def apply(db: Database, before: Notice, after: Notice) -> Notice:
    """Write `after`, if the fence of `before` still holds."""
    if (before.id, before.fence) != (after.id, after.fence):
        raise ValueError("only the store may change a notice's id and fence")
    rows = db.execute(_APPLY, asdict(after)).fetchall()
    if not rows:
        raise StaleFenceError(f"{before.id} is no longer held with fence {before.fence}")
    return _from_row(rows[0])


def renders(db: Database, team: str, since: Instant, until: Instant) -> list[Render]:
    """Return what was asked for from `since` until before `until`, oldest first."""
    values = {"team": team, "since": since, "until": until}
    return [_render(row) for row in db.execute(_RENDERS, values)]


def changes(db: Database, after_seq: int | None) -> Changes:
    """Tell whose jobs' timelines grew since line `after_seq`, and up to which line."""
    if after_seq is None:
        row = db.execute("SELECT coalesce(max(seq), 0) AS seq FROM job_events").fetchone()
        return Changes(seq=row["seq"], users=frozenset())
    rows = db.execute(_CHANGES, {"after": after_seq}).fetchall()
    return Changes(
        seq=max((row["seq"] for row in rows), default=after_seq),
        users=frozenset(row["user"] for row in rows),
    )


def void_leases(db: Database) -> None:
    """Free what a dead owner had claimed."""
    db.execute("UPDATE notices SET lease_until = NULL WHERE due_at IS NOT NULL")


def _listeners(db: Database, team: str, kind: NoticeKind) -> Sequence[str]:
    first = channels_of(team)
    channels = [
        scope.removeprefix(first)
        for scope, level in settings(db, first, NOTIFY).items()
        if kind in HEARD.get(str(level), frozenset())
    ]
    if channels or kind not in FOR_OPERATORS:
        return channels
    operators = setting(db, team_scope(team), OPERATORS)
    return [str(user) for user in operators] if isinstance(operators, list) else []


def _notice(kind: NoticeKind, job: Job, event: Event, channel: str) -> Notice:
    # A job is parked, and meets trouble, more than once; all else happens to it once.
    often = kind in {NoticeKind.PARKED, NoticeKind.TROUBLE}
    return Notice(
        id=notice_id(kind, channel, f"{job.id}:{event.at}" if often else job.id),
        team=job.team,
        channel=channel,
        kind=kind,
        happened_at=event.at,
        job_id=job.id,
        # As in the timeline: text that UTF-8 lacks must not make this commit impossible.
        detail=event.detail.encode(errors="replace").decode(),
        due_at=event.at,
    )


def _told_lately(db: Database, notice: Notice) -> bool:
    since = notice.happened_at - TROUBLE_PAUSE_SECONDS
    rows = db.execute(_TOLD_LATELY, {**asdict(notice), "since": since})
    return _lasting(notice.detail) in {_lasting(row["detail"]) for row in rows}


def _lasting(detail: str) -> str:
    """Return the part of a trouble's words that is the same for every job that meets it."""
    return _PASSING_WORD.sub("", detail)


def _from_row(row: Row) -> Notice:
    values = {name: row[name] for name in COLUMNS}
    return Notice(
        **values | {"kind": NoticeKind(row["kind"]), "plain": bool(row["plain"])},
    )


def _render(row: Row) -> Render:
    estimate, actual = row["cost_estimate"], row["cost_actual"]
    return Render(
        user=row["user"],
        model=row["model"],
        created_at=row["created_at"],
        stage=Stage(row["stage"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        seconds=row["seconds"],
        estimate=None if estimate is None else Decimal(estimate),
        actual=None if actual is None else Decimal(actual),
    )
