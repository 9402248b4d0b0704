"""Home tabs in PostgreSQL."""

from __future__ import annotations

from storage.home import OPEN_SECONDS, REDRAW_SECONDS, HomeView, home_id
from storage.job import UNSEEN, Event, Instant
from storage.postgres.database import Database
from storage.postgres.queue import changed
from storage.rows import HOME_VIEWS, encode, event_to_row

_OPEN = """
    INSERT INTO home_views (
        id, team, "user", opened_at, changed_at, pages, kept_only, published_at, due_at, fence,
        attempts, crashes
    )
    VALUES (
        %(id)s, %(team)s, %(user)s, %(now)s, %(now)s, %(pages)s, %(kept_only)s, 0, %(now)s, 0, 0, 0
    )
    ON CONFLICT (id) DO UPDATE SET opened_at = %(now)s, pages = %(pages)s,
        kept_only = %(kept_only)s, due_at = greatest(
        %(now)s, home_views.published_at + %(pause)s,
        CASE WHEN home_views.attempts > 0 THEN home_views.due_at END
    ),
        -- A tab that ended the process is drawn again once it was closed.
        crashes = CASE
            WHEN home_views.opened_at > %(now)s - %(open)s THEN home_views.crashes ELSE 0
        END
    RETURNING *
"""

_INSERT_EVENT = """
    INSERT INTO job_events (job_id, at, name, detail)
    VALUES (%(job_id)s, %(at)s, %(name)s, %(detail)s)
"""

_TOUCH = """
    UPDATE home_views SET
        changed_at = %(at)s, due_at = coalesce(due_at, greatest(%(at)s, published_at + %(pause)s))
    WHERE id = %(home)s AND opened_at > %(at)s - %(open)s
"""

# One statement, because most events need both. The row of the tab is locked last of all.
_ADD_EVENT = f"WITH event AS ({_INSERT_EVENT}) {_TOUCH}"


async def open_view(
    db: Database, team: str, user: str, now: Instant, pages: int, *, kept_only: bool
) -> HomeView:
    """Record that a user opened their tab, and make it due as `HomeViews.open` documents."""
    values = {
        "id": home_id(team, user),
        "team": team,
        "user": user,
        "now": now,
        "pages": pages,
        "kept_only": kept_only,
        "pause": REDRAW_SECONDS,
        "open": OPEN_SECONDS,
    }
    [view] = await changed(db, HOME_VIEWS, _OPEN, values)
    return view


def touch(db: Database, team: str, user: str, at: Instant) -> None:
    """Make a user's tab due if it is open, because data that it shows changed."""
    db.postpone(_TOUCH, _touched(team, user, at))


def _touched(team: str, user: str, at: Instant) -> dict[str, object]:
    """Return the values of `_TOUCH`."""
    return {
        "at": at,
        "home": encode(home_id(team, user)),
        "pause": REDRAW_SECONDS,
        "open": OPEN_SECONDS,
    }


def add_event(db: Database, job_id: str, team: str, user: str, event: Event) -> None:
    """Insert an event of a job, and make the user's tab due if it is open and shows that.

    The commit does both.
    """
    if event.name in UNSEEN:
        db.postpone(_INSERT_EVENT, event_to_row(job_id, event))
        return
    values = {**event_to_row(job_id, event), **_touched(team, user, event.at)}
    db.postpone(_ADD_EVENT, values)
