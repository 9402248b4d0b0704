"""The bounds of the processes in which media is decoded, and what they are given of the bot's."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Mapping
from contextlib import suppress

# What a program needs to find its parts; the bot's own variables hold secrets.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")


def child_environment() -> Mapping[str, str]:
    """Return the variables that a child is started with."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def ignore_group_signals() -> None:
    """Go on when a supervisor ends the whole group: the bot decides when its children end."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)


def limit_memory(most_bytes: int) -> None:
    """Bound the data of this process; code and libraries, which others share, are not counted."""
    # Where the system does not know the limit (macOS), the bounds on pixels remain.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))


def limit_seconds(more: int) -> None:
    """Let the kernel end this process after so many more seconds of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + more
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
