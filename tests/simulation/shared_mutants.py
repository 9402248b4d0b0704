"""Ways to break the bot that only processes which share a database can notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from psycopg.rows import DictRow

from bot.base import clock
from bot.worker.context import Claim
from storage.pace import Permit
from storage.postgres import queue
from storage.postgres.database import Database
from storage.rows import Table
from storage.store import Row, Store
from tests.simulation.mutants import Catch, Mutant
from tests.simulation.replaced import replaced
from tests.simulation.shared import simulate_shared
from tests.support.postgres import Server


@contextmanager
def _drop_fence() -> Iterator[None]:
    real = queue.apply_columns

    async def apply_columns(
        db: Database,
        table: Table[Row],
        before: Row,
        after: Row,
        *,
        held: Sequence[str] = (),
        permit: Permit | None = None,
    ) -> DictRow:
        query = f"SELECT * FROM {table.name} WHERE id = %(id)s"  # noqa: S608 - our names
        [row] = await queue.changed(db, table, query, {"id": before.id})
        guarded = {name: getattr(row, name) for name in ("fence", *table.guards)}
        held_now, written = replace(before, **guarded), replace(after, fence=row.fence)
        return await real(db, table, held_now, written, held=held, permit=permit)

    with replaced(queue, "apply_columns", apply_columns):
        yield


@contextmanager
def _own_clock() -> Iterator[None]:
    async def no_offset(_store: Store, _monotonic: Callable[[], float]) -> None:
        """Return nothing, as if there were no database with a time."""

    with replaced(clock, "_database_offset", no_offset):
        yield


@contextmanager
def _any_age() -> Iterator[None]:
    def raise_nothing(_claim: Claim[Row]) -> None:
        """Raise nothing."""

    with replaced(Claim, "check_lease", raise_nothing):
        yield


SHARED_MUTANTS = (
    Mutant("writes without its fence", _drop_fence, tried_first=24),
    Mutant("goes by the clock of its machine", _own_clock, tried_first=27),
    Mutant("posts whatever the age of its lease", _any_age, tried_first=21),
)


def catch_shared(mutant: Mutant, seeds: Iterable[int], server: Server) -> Catch | None:
    """Run seeds on the broken bot until one notices; the one to try first is run before them."""
    with mutant.patch():
        for seed in mutant.in_order(seeds):
            violations = simulate_shared(seed, server).violations
            if violations:
                return Catch(seed, violations[0].invariant)
    return None
