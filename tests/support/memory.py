"""Puts temporary files into memory: no test is about a disk, and a commit to one takes long."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - each makes a folder of its own in it
"""A file system in memory, where Linux has it."""

_ROOM_BYTES = 4 << 30
"""What it must have free: a container's usual 64 MiB are too few for a server of PostgreSQL."""


def use_memory() -> None:
    """Put all temporary files of this process and of those that it starts into memory.

    Not where `TMPDIR` says something else, or where it has too little room or runs no programs: a
    test runs those that it wrote. Idempotent.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize >= _ROOM_BYTES and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = str(MEMORY)
