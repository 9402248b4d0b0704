"""Delays the start of background steps by up to 250 ms while a user's request is being handled.

Measured in pairs at 200 commands a second: without it an acknowledgement takes 9 ms at the median
and 25 to 28 ms at the 99th percentile, with it 2 and 5 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# How long steps are delayed after a request: others often follow it.
DELAY_SECONDS = 0.1
# A step starts once so many more timers, each of so many seconds, have fired on time than late.
# Some may be late: beside 50 requests a second there are never 20 ms without one, yet most time is
# free.
CALM_TIMERS = 4
TIMER_SECONDS = 0.005
# A timer that fires later than this shows that the event loop has other work.
LATE_SECONDS = 0.001
# The step that is next is delayed by this much at most, so that a constant flow of requests cannot
# starve steps. Four a second are enough: Slack accepts a few hundred posts a minute, no more.
LONGEST_DELAY_SECONDS = 0.25
# The same for the next step that brings a result. There are as many results as jobs were begun, by
# steps that are delayed for longer. At most 18 such steps wait at once, and a result takes two of
# them, so it waits for less than 2 s behind acknowledgements.
LONGEST_RESULT_DELAY_SECONDS = 0.05


class Gate:
    """Lets steps start in the order in which they call `wait`; after a request, one at a time.

    A command is parsed, committed and acknowledged on the same event loop that runs all steps.
    Sixty steps that start together would occupy it for longer than a user should wait. So after
    `delay_steps` a step starts only when `CALM_TIMERS` more timers were on time than late, or after
    `longest_delay` seconds. Steps that bring results wait in a line of their own, each for
    `LONGEST_RESULT_DELAY_SECONDS` at most; while any does, no time counts as free for the others.
    """

    def __init__(self, *, longest_delay: float = LONGEST_DELAY_SECONDS) -> None:
        self._usual = _Line(longest_delay)
        self._results = _Line(LONGEST_RESULT_DELAY_SECONDS)
        self._delayed_until = 0.0

    def delay_steps(self) -> None:
        """Delay steps for the next `DELAY_SECONDS`, because a user waits for an acknowledgement."""
        self._delayed_until = asyncio.get_running_loop().time() + DELAY_SECONDS

    async def wait(self, *, brings_result: bool = False) -> None:
        """Return when the caller's step may start."""
        clock = asyncio.get_running_loop().time
        line = self._results if brings_result else self._usual
        async with line.place():
            until = clock() + line.longest_delay
            calm = 0
            while calm < CALM_TIMERS and clock() < min(until, self._delayed_until):
                due = clock() + TIMER_SECONDS
                await asyncio.sleep(TIMER_SECONDS)
                if brings_result or not self._results.waiting:
                    is_on_time = clock() - due < LATE_SECONDS
                    calm = calm + 1 if is_on_time else max(0, calm - 1)


class _Line:
    """Steps that wait for each other; the first of them for `longest_delay` seconds at most."""

    def __init__(self, longest_delay: float) -> None:
        self.longest_delay = longest_delay
        self.waiting = 0
        """How many steps wait, with the one that is the first."""
        self._order = asyncio.Lock()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait to be the first, and let the next one be that at the end."""
        self.waiting += 1
        try:
            async with self._order:
                yield
        finally:
            self.waiting -= 1
