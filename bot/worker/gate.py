"""Delays the start of background steps by up to 250 ms while a user's request is being handled.

Measured in pairs at 200 commands a second: without it an acknowledgement takes 9 ms at the median
and 25 to 28 ms at the 99th percentile, with it 2 and 5 ms.
"""

from __future__ import annotations

import asyncio

# How long steps are delayed after a request: others often follow it.
DELAY_SECONDS = 0.1
# A step starts once so many consecutive timers, each of so many seconds, have fired on time.
CALM_TIMERS = 4
TIMER_SECONDS = 0.005
# A timer that fires later than this shows that the event loop has other work.
LATE_SECONDS = 0.001
# The step that is next is delayed by this much at most, so that a constant flow of requests cannot
# starve steps. Four a second are enough: Slack accepts a few hundred posts a minute, no more.
LONGEST_DELAY_SECONDS = 0.25


class Gate:
    """Lets steps start in the order in which they call `wait`; after a request, one at a time.

    A command is parsed, committed and acknowledged on the same event loop that runs all steps.
    Sixty steps that start together would occupy it for longer than a user should wait. So after
    `delay_steps` a step starts only when the loop has fired `CALM_TIMERS` timers on time, or after
    `longest_delay` seconds.
    """

    def __init__(self, *, longest_delay: float = LONGEST_DELAY_SECONDS) -> None:
        self._longest_delay = longest_delay
        self._order = asyncio.Lock()
        self._delayed_until = 0.0

    def delay_steps(self) -> None:
        """Delay steps for the next `DELAY_SECONDS`, because a user waits for an acknowledgement."""
        self._delayed_until = asyncio.get_running_loop().time() + DELAY_SECONDS

    async def wait(self) -> None:
        """Return when the caller's step may start."""
        clock = asyncio.get_running_loop().time
        async with self._order:
            until = clock() + self._longest_delay
            on_time = 0
            while on_time < CALM_TIMERS and clock() < min(until, self._delayed_until):
                due = clock() + TIMER_SECONDS
                await asyncio.sleep(TIMER_SECONDS)
                on_time = on_time + 1 if clock() - due < LATE_SECONDS else 0
