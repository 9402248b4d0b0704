"""What disturbs the processes: a seed draws what happens, to which of them, and when."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import assert_never

import psycopg

from sandbox.postgres import Server
from tests.nemesis.member import WORKERS, Member
from tests.nemesis.proxy import Commit

BETWEEN_SECONDS = (0.3, 2.0)
"""Between two events."""
SHORT_PAUSE = (1.0, 5.0)
# Longer than a lease of twelve seconds.
LONG_PAUSE = (13.0, 30.0)
_SHARE_OF_LONG = 0.25
_DELAY_SECONDS = (0.02, 0.3)
_DELAYED_SECONDS = (1.0, 5.0)
_SWALLOWED_SECONDS = (0.0, 3.0)


class Event(StrEnum):
    """What may happen, with the name under which it is counted."""

    KILL = "killed"
    PAUSE = "stopped at any moment, for 1 to 30 s"
    PAUSE_AT_INTENT = "stopped between the intent and the post, for 13 to 30 s"
    PAUSE_AT_CLAIM = "stopped between a claim and the work, for 13 to 30 s"
    END_BACKENDS = "its backends ended"
    RESTART_SERVER = "the server ended at once, and started again"
    DELAY = "its messages delayed"
    CUT = "its connections cut"
    SWALLOW = "the answer of a COMMIT swallowed"


WEIGHTS = {
    Event.KILL: 30,
    Event.PAUSE: 20,
    Event.PAUSE_AT_INTENT: 6,
    Event.PAUSE_AT_CLAIM: 6,
    Event.END_BACKENDS: 8,
    Event.RESTART_SERVER: 4,
    Event.DELAY: 6,
    Event.CUT: 8,
    Event.SWALLOW: 12,
}


@dataclass(slots=True, kw_only=True)
class Nemesis:
    """Disturbs `members`, and the server that they share."""

    members: Sequence[Member]
    server: Server
    chance: random.Random
    happened: Counter[Event] = field(default_factory=Counter)
    _lasting: set[asyncio.Task[None]] = field(default_factory=set)

    async def strike(self, events: int) -> None:
        """Let so many events happen, one after the other; what lasts goes on beside the next."""
        for _ in range(events):
            await asyncio.sleep(self.chance.uniform(*BETWEEN_SECONDS))
            [event] = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
            self.happened[event] += 1
            await self._happen(event, self.chance.choice(self.members))

    async def leave(self) -> None:
        """Let what lasts end, and disturb nothing more."""
        for one in self.members:
            one.proxy.calm()
        while self._lasting:
            await asyncio.gather(*self._lasting)

    async def _happen(self, event: Event, one: Member) -> None:
        match event:
            case Event.KILL:
                one.send(signal.SIGKILL)
            case Event.PAUSE:
                self._pause(one, self._pause_seconds())
            case Event.PAUSE_AT_INTENT:
                self._pause_at(Commit.INTENT)
            case Event.PAUSE_AT_CLAIM:
                self._pause_at(Commit.CLAIM)
            case Event.END_BACKENDS:
                await asyncio.to_thread(self._end_backends, one)
            case Event.RESTART_SERVER:
                await asyncio.to_thread(self.server.crash)
                await asyncio.to_thread(self.server.start)
            case Event.DELAY:
                one.proxy.delay_seconds = self.chance.uniform(*_DELAY_SECONDS)
                seconds = self.chance.uniform(*_DELAYED_SECONDS)
                self._after(seconds, lambda: setattr(one.proxy, "delay_seconds", 0.0))
            case Event.CUT:
                one.proxy.cut()
            case Event.SWALLOW:
                one.proxy.swallowed_seconds = self.chance.uniform(*_SWALLOWED_SECONDS)
            case _:
                assert_never(event)

    def _pause_seconds(self) -> float:
        is_long = self.chance.random() < _SHARE_OF_LONG
        return self.chance.uniform(*(LONG_PAUSE if is_long else SHORT_PAUSE))

    def _pause(self, one: Member, seconds: float) -> None:
        one.send(signal.SIGSTOP)
        self._after(seconds, lambda: one.send(signal.SIGCONT))

    def _pause_at(self, kind: Commit) -> None:
        """Stop the first worker that commits this, before it hears that this is done."""
        seconds = self.chance.triangular(*LONG_PAUSE, LONG_PAUSE[0])
        workers = [one for one in self.members if one.name in WORKERS]

        def pause(one: Member) -> None:
            for worker in workers:
                worker.proxy.at_commit.pop(kind, None)
            self._pause(one, seconds)

        for worker in workers:
            worker.proxy.at_commit[kind] = partial(pause, worker)

    def _end_backends(self, one: Member) -> None:
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            connection.execute(
                b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %(name)s",
                {"name": one.name},
            )

    def _after(self, seconds: float, undo: Callable[[], None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            undo()

        task = asyncio.create_task(wait())
        self._lasting.add(task)
        task.add_done_callback(self._lasting.discard)
