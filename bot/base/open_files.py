"""The limit of open files: each connection is one."""

from __future__ import annotations

import resource
from contextlib import suppress

RESERVED = 400
"""What the store, the files under way and the clients take: each of these has up to 100
connections."""


def raise_file_limit() -> None:
    """Raise this process's limit of open files as far as the system lets it. Idempotent.

    Supervisors often start a process with 1,024 and let it have far more.
    https://man7.org/linux/man-pages/man2/getrlimit.2.html
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems tell a hard limit that they do not grant.
    with suppress(OSError, ValueError):
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def open_file_limit() -> int:
    """Return how many files this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def most_connections(wanted: int, limit: int) -> int:
    """Return how many connections of the `wanted` ones have room below the limit of open files.

    Below a small limit they get half of it: Slack sends several requests at once.
    """
    if limit == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(limit - RESERVED, limit // 2))
