"""Shares a claim among people, when more jobs are due than can be claimed.

Every workspace has a turn, within it every person, and a person's longest due job goes first: so
the many jobs of one person hold up nobody else's first for longer than one round of turns. Each
process has turns of its own.
"""

from __future__ import annotations

from itertools import islice

from psycopg.rows import DictRow

from storage.job import Instant
from storage.postgres.database import Database
from storage.postgres.queue import IS_DUE, LOCKED, Due
from storage.round_robin import LAST, LastServed, after_last, round_robin
from storage.store import ClaimLimit

# PostgreSQL has no "skip scan" for this, so each workspace, and each person, is found by a seek of
# its own: as many as there are, however many jobs they have.
# https://wiki.postgresql.org/wiki/Loose_indexscan
TEAMS = """
    WITH RECURSIVE found (team) AS (
        (
            SELECT team FROM jobs WHERE stage = %(stage)s AND due_at IS NOT NULL
            ORDER BY team LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT team FROM jobs
            WHERE stage = %(stage)s AND due_at IS NOT NULL AND team > found.team
            ORDER BY team LIMIT 1
        )
        FROM found WHERE found.team IS NOT NULL
    )
    SELECT team FROM found WHERE team IS NOT NULL
"""

# People in the order of their IDs, from behind `after` to `until`, who have a due job.
PEOPLE = f"""
    WITH RECURSIVE found (person) AS (
        (
            SELECT "user" FROM jobs
            WHERE stage = %(stage)s AND due_at IS NOT NULL AND team = %(team)s
                AND "user" > %(after)s AND "user" <= %(until)s
            ORDER BY "user" LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT "user" FROM jobs
            WHERE stage = %(stage)s AND due_at IS NOT NULL AND team = %(team)s
                AND "user" > found.person AND "user" <= %(until)s
            ORDER BY "user" LIMIT 1
        )
        FROM found WHERE found.person IS NOT NULL
    )
    SELECT person FROM found WHERE person IS NOT NULL AND EXISTS (
        SELECT FROM jobs
        WHERE stage = %(stage)s AND team = %(team)s AND "user" = found.person AND {IS_DUE}
    )
    LIMIT %(limit)s
"""  # noqa: S608 - only constants

DUE_OF_PERSON = f"""
    SELECT due.seq, due.due_at, due.team, due.person
    FROM unnest(%(stages)s::text[]) AS wanted (stage) CROSS JOIN LATERAL (
        SELECT seq, due_at, team, "user" AS person FROM jobs
        WHERE stage = wanted.stage AND team = %(team)s AND "user" = %(person)s AND {IS_DUE}
        ORDER BY due_at, seq LIMIT %(limit)s {LOCKED}
    ) AS due
    ORDER BY due.due_at, due.seq
"""  # noqa: S608 - only constants


class LockingTurns:
    """Remembers whose turn was the last, for each pool; lost at a restart, which costs a round."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], LastServed] = {}

    async def find_due(self, db: Database, now: Instant, limit: ClaimLimit) -> Due:
        """Lock due jobs, at most `limit.rows`, shared among people."""
        last = self._last.setdefault(limit.steps, LastServed())
        found = [team for stage in limit.steps for team in await _teams(db, stage)]
        shares: list[list[DictRow]] = []
        for team in after_last(last.team, set(found)):
            if len(shares) == limit.rows:
                break
            share = await _of_team(db, now, limit, team, last.users.get(team, ""))
            shares += [share] if share else []
        claimed = list(islice(round_robin(shares), limit.rows))
        for row in claimed:
            last.team = row["team"]
            last.users[row["team"]] = row["person"]
        return [row["seq"] for row in claimed]


async def _teams(db: Database, stage: str) -> list[str]:
    return [row["team"] for row in await db.rows(TEAMS, {"stage": stage})]


async def _of_team(
    db: Database, now: Instant, limit: ClaimLimit, team: str, last_user: str
) -> list[DictRow]:
    """Lock the due jobs of a workspace by turns of its people, as many as may be claimed."""
    common = {"now": now, "team": team, "limit": limit.rows}
    found = set[str]()
    for after, until in ((last_user, LAST), ("", last_user)):
        if len(found) >= limit.rows:
            break
        for stage in limit.steps:
            values = {**common, "stage": stage, "after": after, "until": until}
            found |= {row["person"] for row in await db.rows(PEOPLE, values)}
    queues = [
        await db.rows(DUE_OF_PERSON, {**common, "person": person, "stages": list(limit.steps)})
        for person in after_last(last_user, found)[: limit.rows]
    ]
    return list(islice(round_robin(queues), limit.rows))
