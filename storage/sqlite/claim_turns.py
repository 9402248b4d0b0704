"""Shares a claim among people, when more jobs are due than can be claimed.

Every workspace has a turn, within it every person, and a person's longest due job goes first: so
the many jobs of one person hold up nobody else's first for longer than one round of turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from sqlite3 import Row as SqlRow

from sqlite_utils import Database

from storage.job import Instant
from storage.round_robin import LAST, LastServed, after_last, round_robin
from storage.rows import Value
from storage.sqlite.job_writes import find_due
from storage.sqlite.queue import longest_due_first
from storage.store import SUSPECT_CRASHES, ClaimLimit

# SQLite has no "skip scan" for this, so each workspace, and each person, is found by a seek of its
# own: as many as there are, however many jobs they have. https://www.sqlite.org/lang_with.html
TEAMS = """
    WITH RECURSIVE found(team) AS (
        SELECT (
            SELECT team FROM jobs INDEXED BY jobs_due_by_person
            WHERE stage = +:stage AND due_at IS NOT NULL ORDER BY team LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT team FROM jobs INDEXED BY jobs_due_by_person
            WHERE stage = +:stage AND due_at IS NOT NULL AND team > found.team
            ORDER BY team LIMIT 1
        )
        FROM found WHERE found.team IS NOT NULL
    )
    SELECT team FROM found WHERE team IS NOT NULL
"""

_IS_DUE = f"""
    stage = +:stage AND due_at IS NOT NULL AND due_at <= :now
    AND (lease_until IS NULL OR lease_until <= :now) AND crashes < {SUSPECT_CRASHES}
"""

# People in the order of their IDs, from behind `after` to `until`, who have a due job.
PEOPLE = f"""
    WITH RECURSIVE found(user) AS (
        SELECT (
            SELECT user FROM jobs INDEXED BY jobs_due_by_person
            WHERE stage = +:stage AND due_at IS NOT NULL AND team = :team
                AND user > :after AND user <= :until
            ORDER BY user LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT user FROM jobs INDEXED BY jobs_due_by_person
            WHERE stage = +:stage AND due_at IS NOT NULL AND team = :team
                AND user > found.user AND user <= :until
            ORDER BY user LIMIT 1
        )
        FROM found WHERE found.user IS NOT NULL
    )
    SELECT user FROM found WHERE user IS NOT NULL AND EXISTS (
        SELECT 1 FROM jobs INDEXED BY jobs_due_by_person
        WHERE team = :team AND user = found.user AND {_IS_DUE}
    )
    LIMIT :limit + 0
"""  # noqa: S608 - only constants

DUE_OF_PERSON = f"""
    SELECT seq, due_at, team, user FROM jobs INDEXED BY jobs_due_by_person
    WHERE team = :team AND user = :user AND {_IS_DUE}
    ORDER BY due_at, seq LIMIT :limit + 0
"""  # noqa: S608 - only constants


class ClaimTurns:
    """Remembers whose turn was the last, for each pool; lost at a restart, which costs a round."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], LastServed] = {}

    def find_due(self, db: Database, now: Instant, limit: ClaimLimit) -> Sequence[SqlRow]:
        """Return due jobs, at most `limit.rows`, shared among people if there are more."""
        if limit.rows <= 0:
            return []
        one_more = ClaimLimit(limit.rows + 1, limit.steps)
        due = find_due(db, now, one_more)
        if len(due) <= limit.rows:
            return due
        last = self._last.setdefault(limit.steps, LastServed())
        teams = after_last(last.team, {team for stage in limit.steps for team in _teams(db, stage)})
        shares = (_of_team(db, now, limit, team, last.users.get(team, "")) for team in teams)
        claimed = list(islice(round_robin(shares), limit.rows))
        for row in claimed:
            last.team = row["team"]
            last.users[row["team"]] = row["user"]
        return longest_due_first(claimed)


def _teams(db: Database, stage: str) -> Iterator[str]:
    return (row["team"] for row in db.execute(TEAMS, {"stage": stage}))


def _of_team(
    db: Database, now: Instant, limit: ClaimLimit, team: str, last_user: str
) -> Iterator[SqlRow]:
    """Yield the due jobs of a workspace by turns of its people, as many as may be claimed."""
    common: Mapping[str, Value] = {"now": now, "team": team, "limit": limit.rows}
    found = set[str]()
    for stage in limit.steps:
        for after, until in ((last_user, LAST), ("", last_user)):
            values = {**common, "stage": stage, "after": after, "until": until}
            found |= {row["user"] for row in db.execute(PEOPLE, values)}
    people = after_last(last_user, found)[: limit.rows]
    return round_robin(_of_person(db, {**common, "user": user}, limit) for user in people)


def _of_person(db: Database, values: Mapping[str, Value], limit: ClaimLimit) -> Sequence[SqlRow]:
    rows = (
        row
        for stage in limit.steps
        for row in db.execute(DUE_OF_PERSON, {**values, "stage": stage})
    )
    return longest_due_first(rows)
