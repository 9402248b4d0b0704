"""A disk that fails: `strace` answers a running process's system calls with an error."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

STRACE = shutil.which("strace")
PATIENCE_SECONDS = 20.0


def why_not() -> str | None:
    """Return why no fault can be injected here, or `None` if one can."""
    if STRACE is None:
        return "strace is not installed"
    trial = [STRACE, "-f", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"]
    tried = subprocess.run(trial, capture_output=True, check=False)  # noqa: S603 - ours
    return None if tried.returncode == 0 else "strace may not trace processes here"


@asynccontextmanager
async def failing(
    pid: int, calls: str, error: str, *, path: Path | None = None
) -> AsyncIterator[None]:
    """Let these system calls of the process, its threads and children fail for a while.

    Those that concern `path` alone, if it is given.
    https://man7.org/linux/man-pages/man1/strace.1.html, "Tampering"
    """
    assert STRACE is not None
    tracer = await asyncio.create_subprocess_exec(
        *(STRACE, "-f", "-p", str(pid), "-o", "/dev/null"),
        *("-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"),
        *(() if path is None else ("-P", str(path))),
        stderr=asyncio.subprocess.PIPE,
    )
    assert tracer.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert b"attached" in await tracer.stderr.readline()
        yield
    finally:
        with suppress(ProcessLookupError):
            tracer.terminate()
        await tracer.communicate()
