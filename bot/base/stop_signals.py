"""SIGTERM, SIGINT and SIGHUP: signals to stop, from the first line of the process to its last."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# SIGHUP comes when the terminal or the connection that the bot was started from is closed.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

LEAVE_SECONDS = 1.0
"""How long a process that has closed everything waits for its threads."""


class StopSignals:
    """Notes a signal to stop, and calls whom it concerns.

    Python's own handling would end the process with the code of a failure and, if it is the first
    process of a container, the kernel would drop the signal. Noted and not raised: an exception at
    an arbitrary line may be swallowed.
    """

    def __init__(self) -> None:
        self._first: int | None = None
        self._callback: Callable[[], object] | None = None

    def watch(self) -> None:
        """Note signals from now on. Call it from the main thread."""
        for number in STOP_SIGNALS:
            # `nohup` starts a program with this one ignored.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)

    @contextmanager
    def calling(self, callback: Callable[[], object]) -> Iterator[None]:
        """Call `callback` at each signal in this context, and at once if one came before it.

        It is called between two instructions of the main thread.
        """
        self._callback = callback
        if self._first is not None:
            callback()
        try:
            yield
        finally:
            self._callback = None

    def release(self) -> None:
        """Restore Python's own handling, for a command that ends at once; deliver what came."""
        for number in STOP_SIGNALS:
            if signal.getsignal(number) == self._note:
                is_interrupt = number == signal.SIGINT
                own = signal.default_int_handler if is_interrupt else signal.SIG_DFL
                signal.signal(number, own)
        if self._first is not None:
            signal.raise_signal(self._first)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._first = self._first or number
        if self._callback is not None:
            self._callback()


def leave_soon() -> None:
    """End the process with 0 in a second, whether its threads have ended or not.

    Call it when everything is closed. Python waits for each thread, and nothing ends one that asks
    a name server: where none answers, that takes longer than a supervisor waits. Signals to stop
    are ignored from now on: at its end Python restores the handling that would end the process
    with the code of a failure.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    timer = threading.Timer(LEAVE_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()
