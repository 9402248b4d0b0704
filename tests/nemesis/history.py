"""The history of every row that is leased, which a trigger writes, and the rules that it must keep.

Each process connects as a role of its own name, so that the history knows who wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

# Processes go by a clock that is set by the database's, and a claim is on its way for a moment.
CLOCK_SECONDS = 0.5

INSTALL = b"""
    CREATE SCHEMA history;
    CREATE TABLE history.writes (
        seq BIGINT GENERATED ALWAYS AS IDENTITY,
        row_id TEXT NOT NULL,
        writer TEXT NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        fence_before BIGINT NOT NULL,
        fence BIGINT NOT NULL,
        holder_before TEXT,
        holder TEXT,
        lease_before DOUBLE PRECISION,
        lease DOUBLE PRECISION,
        changes_content BOOLEAN NOT NULL
    );
    CREATE FUNCTION history.note() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE leasing TEXT[] := '{fence,holder,lease_until,due_at,crashes}';
    BEGIN
        INSERT INTO history.writes (
            row_id, writer, at, fence_before, fence, holder_before, holder,
            lease_before, lease, changes_content
        ) VALUES (
            TG_TABLE_NAME || ' ' || OLD.id, session_user, public.bot_now(), OLD.fence, NEW.fence,
            OLD.holder, NEW.holder, OLD.lease_until, NEW.lease_until,
            to_jsonb(OLD) - leasing <> to_jsonb(NEW) - leasing
        );
        RETURN NULL;
    END $$;
    CREATE TRIGGER history AFTER UPDATE ON jobs
        FOR EACH ROW EXECUTE FUNCTION history.note();
    CREATE TRIGGER history AFTER UPDATE ON notifications
        FOR EACH ROW EXECUTE FUNCTION history.note();
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One committed change of a row."""

    seq: int
    row_id: str
    """The table and the ID."""
    writer: str
    at: float
    """By the database's clock."""
    fence_before: int
    fence: int
    holder_before: str | None
    holder: str | None
    lease_before: float | None
    lease: float | None
    changes_content: bool
    """Whether more changes than the lease and when the row is due."""

    @property
    def is_of_holder(self) -> bool:
        """Whether the process whose claim was the last one writes; a second one is `worker.1 2`."""
        return self.holder_before is not None and self.holder_before.split()[0] == self.writer

    @property
    def is_leased(self) -> bool:
        """Whether the lease before this write goes on."""
        return self.lease_before is not None and self.lease_before > self.at + CLOCK_SECONDS


def install(url: str) -> None:
    """Keep the history of all rows from now on."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(INSTALL)


def read(url: str) -> list[Write]:
    """Return the history; the writes of each row are in the order of their commits."""
    with psycopg.connect(url, row_factory=class_row(Write)) as connection:
        return connection.execute(b"SELECT * FROM history.writes ORDER BY seq").fetchall()


def violations(writes: Iterable[Write], workers: frozenset[str]) -> Iterator[str]:
    """Yield what breaks a rule, as a sentence with the write."""
    fences: dict[str, int] = {}
    for write in writes:
        if write.fence < max(write.fence_before, fences.get(write.row_id, 0)):
            yield f"A fence fell: {write}"
        fences[write.row_id] = write.fence
        is_claim = write.fence > write.fence_before
        if is_claim and write.is_leased:
            yield f"A row was claimed under another's lease: {write}"
        if not is_claim and write.holder not in {None, write.holder_before}:
            yield f"A claim raised no fence: {write}"
        if is_claim or write.writer not in workers or write.is_of_holder:
            continue
        if write.changes_content:
            yield f"A process wrote that had lost its claim: {write}"
        elif write.is_leased and (write.lease or 0.0) < (write.lease_before or 0.0):
            yield f"A lease was ended that was another's: {write}"
