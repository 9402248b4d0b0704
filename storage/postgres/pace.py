"""Permits for calls that all processes share, in one table."""

from __future__ import annotations

from psycopg.rows import DictRow

from storage.job import Instant
from storage.pace import LateCall, Limit, PaceState, Permit
from storage.postgres import notices
from storage.postgres.permits import TAKE_ALONE, TRY_TAKE, values_of
from storage.postgres.session import PoolSession
from storage.store import Notice, StoreError

_HOLD = """
    INSERT INTO pace AS known (key, held_until) VALUES (%(key)s, %(at)s)
    ON CONFLICT (key) DO UPDATE SET held_until = greatest(known.held_until, excluded.held_until)
"""

# As `storage.pace.postponed` has it.
_POSTPONE = """
    INSERT INTO pace AS known (key, called_at) VALUES (%(key)s, %(at)s)
    ON CONFLICT (key) DO UPDATE SET called_at =
        CASE WHEN known.called_at <= %(valid_at)s THEN excluded.called_at
        ELSE greatest(excluded.called_at, known.called_at + %(gap)s) END
    RETURNING called_at
"""

_HOLDS = "SELECT key, held_until FROM pace WHERE held_until > %(now)s"


class PostgresPacing:
    """Implements `Pacing`. A refusal that this process has read it need not read again."""

    def __init__(self, session: PoolSession) -> None:
        self._session = session
        self._known = session.known_paces

    async def take(self, permit: Permit) -> Instant:
        """Reserve a permit; return when it is valid."""
        return float((await self._run(TAKE_ALONE, permit))["valid_at"])

    async def try_take(self, permit: Permit) -> bool:
        """Take a permit if it is valid now."""
        return bool((await self._run(TRY_TAKE, permit))["is_taken"])

    async def hold(self, key: str, until: Instant) -> None:
        """Let no process make a call before `until`."""
        self._known.merge(key, PaceState(held_until=until))
        await self._session.read(lambda db: db.change(_HOLD, {"key": key, "at": until}))
        await self._session.read(lambda db: notices.send(db, Notice.HELD))

    async def postpone(self, late: LateCall) -> Instant:
        """Return when a late call may be made."""
        limit = late.limit
        values = {
            "key": limit.key,
            "gap": limit.gap,
            "valid_at": late.valid_at,
            "at": late.at,
        }
        row = await self._session.read(lambda db: db.row(_POSTPONE, values))
        if row is None:
            raise StoreError("the database returned no time")
        at = float(row["called_at"])
        self._known.merge(limit.key, PaceState(called_at=at))
        return at

    async def refresh(self, now: Instant) -> None:
        """Read the holds that have not ended."""
        for row in await self._session.read(lambda db: db.rows(_HOLDS, {"now": now})):
            self._known.merge(row["key"], PaceState(held_until=row["held_until"]))

    def not_before(self, limit: Limit, reserved_at: Instant | None = None) -> Instant:
        """Return a time before which, as this process knows, no call can be made."""
        return self._known.not_before(limit, reserved_at)

    async def _run(self, statement: str, permit: Permit) -> DictRow:
        """Run a statement that is a transaction of its own."""
        row = await self._session.read(lambda db: db.row(statement, values_of(permit)))
        if row is None:
            raise StoreError("the database returned no permit")
        self._session.note_permit(permit, row)
        return row
