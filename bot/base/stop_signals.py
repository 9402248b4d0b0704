"""SIGTERM and SIGINT before the event loop handles them."""

from __future__ import annotations

import signal
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


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
