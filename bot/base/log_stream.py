"""A standard error that never blocks and never fails: a thread writes what others put in."""

from __future__ import annotations

import atexit
import io
import os
import select
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

QUEUE_BYTES = 1 << 20
"""How much may wait for a slow reader: minutes of a busy log, and little memory."""

STDERR = 2

GATHER_SECONDS = 0.02
"""How long the thread waits for further lines before it writes: a change of threads for each line
would cost the event loop more than the line itself. A process that is killed loses as much."""

DRAIN_SECONDS = 1.0
"""How long the end of the process waits for a slow reader."""


class Loss(StrEnum):
    """Why a line of the log was not written."""

    SLOW = "slow"
    """Nobody read the lines before it, so the queue was full."""
    FAILED = "failed"
    """The disk is full, or the stream is closed."""


LOST: Counter[Loss] = Counter()
"""The lines that this process has lost, for the metrics. One count, as there is one log."""


class LogStream(io.BufferedIOBase):
    """Writes to a file descriptor from a thread of its own. Bytes that cannot be kept are counted.

    Without it, a pipe that nobody reads would stop the event loop at a line of the log, and a full
    disk would raise in the middle of whatever was logged. `on_gap` is called in the thread once
    lines are written again, with the number of those that were lost before.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.name = "<stderr>"
        self.on_gap: Callable[[int], None] | None = None
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._untold = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def writable(self) -> bool:
        """Return true."""
        return True

    def isatty(self) -> bool:
        """Return whether a terminal shows the lines."""
        return os.isatty(self._descriptor)

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._descriptor

    def write(self, data: ReadableBuffer, /) -> int:
        """Put a line into the queue, or count it if the queue is full. Returns at once."""
        line = bytes(data)
        with self._changed:
            if self._bytes + len(line) > QUEUE_BYTES:
                self._lose(Loss.SLOW)
            else:
                self._lines.append(line)
                self._bytes += len(line)
                self._start_thread()
                if len(self._lines) == 1:
                    self._changed.notify_all()
        return len(line)

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until the queue is empty, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lines, seconds)

    def _start_thread(self) -> None:
        if self._thread is None:
            # A daemon, because a thread that waits for a reader must not keep the process alive.
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
            time.sleep(GATHER_SECONDS)
            while self._lines:
                self._write_first()

    def _write_first(self) -> None:
        """Write the first line of the queue, and remove it."""
        line = self._lines[0]
        is_written = self._write_all(line)
        gap = 0
        with self._changed:
            self._lines.popleft()
            self._bytes -= len(line)
            if not is_written:
                self._lose(Loss.FAILED)
            elif not self._lines:
                gap, self._untold = self._untold, 0
            if not self._lines:
                self._changed.notify_all()
        # The callback writes a line to this stream, so it must not run under the lock.
        if gap and self.on_gap is not None:
            self.on_gap(gap)

    def _write_all(self, line: bytes) -> bool:
        """Write a line and return whether all of it was taken."""
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:  # another process made the shared pipe non-blocking
                select.select([], [self._descriptor], [])
            except OSError:
                return False
        return True

    def _lose(self, loss: Loss) -> None:
        LOST[loss] += 1
        self._untold += 1


def protect_standard_streams() -> LogStream:
    """Make `sys.stderr` a `LogStream`, for the log, warnings, tracebacks and usage errors alike.

    Call it before anything is printed. A standard stream that the process was started without
    gets a placeholder that takes nothing: its number would go to the next file that is opened, and
    whatever is printed would end up in the database.
    """
    for number in range(STDERR + 1):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # takes the lowest free number, which is this one
    stream = LogStream(STDERR)
    sys.stderr = io.TextIOWrapper(
        stream, encoding="utf-8", errors="backslashreplace", write_through=True
    )
    atexit.register(stream.drain)
    return stream
