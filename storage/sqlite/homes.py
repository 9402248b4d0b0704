"""Home tabs in SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Row as SqlRow

from sqlite_utils import Database

from storage.home import OPEN_SECONDS, REDRAW_SECONDS, HomeView, home_id
from storage.job import Instant
from storage.rows import HOME_VIEWS, Value, encode
from storage.sqlite.queue import changed
from storage.store import SUSPECT_CRASHES, ClaimLimit

DUE = f"""
    SELECT seq, due_at FROM home_views
    WHERE due_at IS NOT NULL AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
        AND crashes < {SUSPECT_CRASHES}
    ORDER BY due_at, seq LIMIT :limit + 0
"""  # noqa: S608 - only constants

_OPEN = """
    INSERT INTO home_views
        (id, team, user, opened_at, changed_at, pages, kept_only, published_at, due_at, fence,
            attempts, crashes)
    VALUES (:id, :team, :user, :now, :now, :pages, :kept_only, 0, :now, 0, 0, 0)
    ON CONFLICT (id) DO UPDATE SET opened_at = :now, pages = :pages,
        kept_only = :kept_only, due_at = max(
        :now, published_at + :pause, iif(attempts > 0, coalesce(due_at, 0), 0)
    ),
        -- A tab that ended the process is drawn again once it was closed.
        crashes = iif(opened_at > :now - :open, crashes, 0)
    RETURNING *
"""

_TOUCH = """
    UPDATE home_views SET
        changed_at = :at, due_at = coalesce(due_at, max(:at, published_at + :pause))
    WHERE id = :id AND opened_at > :at - :open
"""


def open_view(
    db: Database, team: str, user: str, now: Instant, pages: int, *, kept_only: bool
) -> HomeView:
    """Record that a user opened their tab, and make it due as `HomeViews.open` documents."""
    values: dict[str, Value] = {
        "id": home_id(team, user),
        "team": team,
        "user": user,
        "now": now,
        "pages": pages,
        "kept_only": kept_only,
        "pause": REDRAW_SECONDS,
        "open": OPEN_SECONDS,
    }
    [view] = changed(db, HOME_VIEWS, _OPEN, values)
    return view


def touch(db: Database, team: str, user: str, at: Instant) -> None:
    """Make a user's tab due if it is open, because data that it shows changed."""
    values = {
        "id": encode(home_id(team, user)),
        "at": at,
        "pause": REDRAW_SECONDS,
        "open": OPEN_SECONDS,
    }
    db.execute(_TOUCH, values)


def find_due(db: Database, now: Instant, limit: ClaimLimit) -> Sequence[SqlRow]:
    """Return the due tabs, at most `limit.rows`, the longest due first."""
    due: list[SqlRow] = db.execute(DUE, {"now": now, "limit": max(0, limit.rows)}).fetchall()
    return due
