"""Stops one transaction before each of its statements, while another one runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import pytest
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow

T = TypeVar("T")
U = TypeVar("U")

_WAITING = b"""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


class _Stop:
    """A place at which a task stops: before its statement of this number, BEGIN and COMMIT too."""

    def __init__(self, before: int) -> None:
        self.before = before
        self.statements = 0
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def pass_by(self, connection: AsyncConnection[DictRow]) -> None:
        self.statements += 1
        if self.statements == self.before:
            # The server may not have begun what a pipeline has sent; the end of an inner one waits
            # for it: https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html
            async with connection.pipeline():
                pass
            self.reached.set()
            await self.go_on.wait()


_stop: ContextVar[_Stop | None] = ContextVar("stop", default=None)


@contextmanager
def stoppable_statements() -> Iterator[None]:
    """Let tasks of this process be stopped before their statements."""
    execute = AsyncCursor.execute

    async def stoppable(
        self: AsyncCursor[DictRow],
        query: bytes,
        values: Mapping[str, object] | None = None,
        **options: bool,
    ) -> AsyncCursor[DictRow]:
        stop = _stop.get()
        if stop is not None:
            await stop.pass_by(self.connection)
        return await execute(self, query, values, **options)

    with pytest.MonkeyPatch.context() as patch:
        # Each statement runs on a cursor, also where the connection makes it.
        patch.setattr(AsyncCursor, "execute", stoppable)
        yield


async def interleaved(
    url: str, first: Callable[[], Awaitable[T]], second: Callable[[], Awaitable[U]]
) -> AsyncIterator[tuple[T | Exception, U | Exception, bool]]:
    """Yield the results of both, once for each statement of `first` before which `second` ran.

    `second` runs to its end, or until it waits for a lock; then `first` goes on. With the results
    comes whether it waited.
    """
    before = 0
    while True:
        before += 1
        stop = _Stop(before)
        one = asyncio.create_task(_run(first, stop))
        reached = asyncio.create_task(stop.reached.wait())
        await asyncio.wait({one, reached}, return_when=asyncio.FIRST_COMPLETED)
        was_reached = stop.reached.is_set()
        reached.cancel()
        other = asyncio.create_task(_run(second, None))
        waited = was_reached and await _waits(url, other)
        stop.go_on.set()
        found = await one, await other
        yield *found, waited
        if not was_reached:
            return


async def _run(work: Callable[[], Awaitable[T]], stop: _Stop | None) -> T | Exception:
    _stop.set(stop)
    try:
        return await work()
    except Exception as error:  # noqa: BLE001 - a result like any other
        return error


async def _waits(url: str, task: asyncio.Task[object]) -> bool:
    """Return `True` as soon as a task waits for a lock, or `False` when it has ended."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        while not task.done():
            cursor = await connection.execute(_WAITING)
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return True
            await asyncio.wait({task}, timeout=0.002)
    return False
