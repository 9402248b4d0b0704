"""Lets background work begin one piece at a time, and holds it back while people wait."""

from __future__ import annotations

import asyncio

# After a person was there, work makes way for so long: where one asks, more may.
WAY_SECONDS = 0.1
# So many timers in a row must come on time, each after so long, before a piece begins.
CALM_TIMERS = 4
TIMER_SECONDS = 0.005
# A timer that comes so much later than it should shows that the loop has other work.
LATE_SECONDS = 0.001
# Held back for so long, work begins although the loop is busy: what was asked first must not
# wait for ever behind what is asked later. Slack takes a few hundred posts a minute, no more.
PATIENCE_SECONDS = 0.25


class Turnstile:
    """Who awaits `pass_through` goes on in the order of arrival; while people wait, one by one.

    A person's command is parsed, written down and acknowledged on the same event loop as all
    steps. Sixty steps that begin together would keep it busy for longer than a person should
    wait. So after `make_way` a step begins only when the loop has kept time for a while, or
    after `patience` seconds.
    """

    def __init__(self, *, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._order = asyncio.Lock()
        self._held_until = 0.0

    def make_way(self) -> None:
        """Hold work back, because a person has begun to wait."""
        self._held_until = asyncio.get_running_loop().time() + WAY_SECONDS

    async def pass_through(self) -> None:
        """Return when it is this caller's turn."""
        clock = asyncio.get_running_loop().time
        async with self._order:
            until = clock() + self._patience
            on_time = 0
            while on_time < CALM_TIMERS and clock() < min(until, self._held_until):
                due = clock() + TIMER_SECONDS
                await asyncio.sleep(TIMER_SECONDS)
                on_time = on_time + 1 if clock() - due < LATE_SECONDS else 0
