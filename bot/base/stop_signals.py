"""SIGTERM and SIGINT before the event loop handles them."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

LEAVE_SECONDS = 1.0
"""How long a process that has closed everything waits for its threads."""


class EarlyStop:
    """Notes a signal to stop while modules are imported and settings are read.

    Python's own handling would end the process with the code of a failure and, if it is the first
    process of a container, the kernel would drop the signal. Noted and not raised: an exception at
    an arbitrary line may be swallowed.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self._first: int | None = None

    def watch(self) -> None:
        """Note signals from now on. Call it from the main thread."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._note)

    def release(self) -> None:
        """Restore Python's own handling, for a command that ends at once; deliver what came."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._first is not None:
            signal.raise_signal(self._first)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.is_requested = True
        self._first = self._first or number


def leave_soon() -> None:
    """End the process with 0 in a second, whether its threads have ended or not.

    Call it when everything is closed. Python waits for each thread, and nothing ends one that asks
    a name server: where none answers, that takes longer than a supervisor waits.
    """
    timer = threading.Timer(LEAVE_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()
