"""The line to a service: everything that can become of a call on its way there and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.base.errors import BotError, OperatorMustActError, OutcomeUnknownError, RetryLaterError
from tests.simulation.process import Process
from tests.simulation.standstill import Standstill
from tests.simulation.world import Fate, Service

T = TypeVar("T")

# One way; a reply takes as long again. Shorter than any restart, so that what was on its way when
# the process died has arrived before its successor looks.
FLIGHT_SECONDS = (0.005, 0.3)
CALL_SECONDS = 15.0
# How late a request may arrive after its sender gave up: within the pause that the engine keeps
# before it looks …
BRIEFLY_LATE = (0.0, 1.5)
# … and long after. That is harmless where the other side recognises a repeated request; posts
# come so late only where `World.late_posts` asks for it, because nobody can protect against it.
VERY_LATE = (5.0, 600.0)
WAITS = (None, 1.0, 5.0, 60.0, 900.0)

_FATES = (
    Fate.NOT_CONNECTED,
    Fate.RATE_LIMITED,
    Fate.HELD,
    Fate.REQUEST_LOST,
    Fate.REPLY_LOST,
    Fate.ERROR_WITHOUT_EFFECT,
    Fate.ERROR_WITH_EFFECT,
)
_LATE_FATES = (*_FATES, Fate.ARRIVES_LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One call: its name, what it does on arrival, and what kind of repeat it bears."""

    name: str
    act: Callable[[], T]
    repeatable: bool = True
    """Whether its sender may just repeat it after a doubt."""
    recognised: bool = False
    """Whether the other side knows a late arrival for what it is."""
    seconds: float = CALL_SECONDS
    """After how long its sender gives up."""

    def doubt(self, words: str) -> BotError:
        """Return what the sender is told when nobody knows whether it was done."""
        return RetryLaterError(words) if self.repeatable else OutcomeUnknownError(words)


class Line:
    """A process's line to one service."""

    def __init__(self, process: Process, service: Service, standstill: Standstill) -> None:
        self.process = process
        self.world = process.world
        self._service = service
        self._standstill = standstill

    async def ask(self, name: str, act: Callable[[], T]) -> T:
        """Make a call that is safe to repeat: `act` is what it does on arrival."""
        return await self.make(Call(name=name, act=act))

    async def make(self, call: Call[T]) -> T:
        """Make a call; raise what the ports promise for whatever becomes of it."""
        world = self.world
        self.process.point(f"before {call.name}")
        fates = _FATES if call.repeatable else _LATE_FATES
        match world.fate(self._service, call.name, fates):
            case Fate.NOT_CONNECTED:
                await self._fly()
                raise RetryLaterError("There was no connection.")
            case Fate.RATE_LIMITED:
                await self._fly()
                raise RetryLaterError("Slow down.", retry_after=world.chance.choice(WAITS))
            case Fate.HELD:
                await self._fly()
                raise OperatorMustActError("An operator must act.")
            case Fate.ERROR_WITHOUT_EFFECT:
                await self._fly()
                raise call.doubt("An internal error.")
            case Fate.REQUEST_LOST:
                await world.sleep(call.seconds)
                raise call.doubt("The connection broke.")
            case Fate.ARRIVES_LATE:
                self._deliver_late(call)
                await world.sleep(call.seconds)
                raise call.doubt("The connection broke.")
            case fate:
                return await self._arrive(call, fate)

    async def _arrive(self, call: Call[T], fate: Fate) -> T:
        arrived = self.world.later(self.world.between(*FLIGHT_SECONDS), call.act)
        await asyncio.wait((arrived,))
        self.process.point(f"inside {call.name}")
        if fate is Fate.REPLY_LOST:
            await self.world.sleep(call.seconds)
            raise call.doubt("The connection broke.")
        await self._fly()
        await self._standstill.over()
        if fate is Fate.ERROR_WITH_EFFECT:
            raise call.doubt("An internal error.")
        self.process.point(f"after {call.name}")
        return arrived.result()

    def _deliver_late(self, call: Call[T]) -> None:
        world = self.world
        if call.recognised or world.late_posts:
            world.later(call.seconds + world.between(*VERY_LATE), call.act)
        else:
            delay, sent_at = call.seconds + world.between(*BRIEFLY_LATE), world.age
            world.later(delay, lambda: self._unless_overtaken(call, sent_at))

    def _unless_overtaken(self, call: Call[T], sent_at: float) -> None:
        """Let a request arrive, unless a successor of its sender may have looked for it."""
        if self.process.alive and self._standstill.began_at <= sent_at:
            self.world.note(f"{call.name} arrives late")
            call.act()

    async def _fly(self) -> None:
        await self.world.sleep(self.world.between(*FLIGHT_SECONDS))
