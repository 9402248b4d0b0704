"""One process owns a store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.sqlite.connection import ownership
from storage.store import StoreInUseError

ROOT = Path(__file__).parents[2]

OPEN_AND_CLOSE = """
import asyncio, sys
from storage.sqlite.store import SqliteStore
from storage.store import StoreInUseError

async def main():
    try:
        store = await SqliteStore.open(sys.argv[1])
    except StoreInUseError as refusal:
        sys.exit(str(refusal))
    await store.close()

asyncio.run(main())
"""

HOLD = """
import sys
from storage.sqlite.connection import ownership

with ownership(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    """The sentence names the file; once the first has let go, the second may."""
    path = str(tmp_path / "jobs.db")
    command = [sys.executable, "-c", OPEN_AND_CLOSE, path]
    with ownership(path):
        refused = subprocess.run(  # noqa: S603 - our own program
            command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=30
        )
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"{path} is in use by another process: stop that one first, or name another file in"
        " DATABASE_URL"
    )
    subprocess.run(command, cwd=ROOT, check=True, timeout=30)  # noqa: S603 - our own program


def test_a_killed_owner_leaves_no_lock_behind(tmp_path: Path) -> None:
    """The system frees the lock with the process: nobody must clean up by hand."""
    path = str(tmp_path / "jobs.db")
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", HOLD, path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(StoreInUseError), ownership(path):
            pass
        owner.kill()
    with ownership(path):
        pass


def test_two_owners_in_one_process_are_refused_too(tmp_path: Path) -> None:
    """A second engine beside the first would void its leases."""
    path = str(tmp_path / "jobs.db")
    with (
        ownership(path),
        pytest.raises(StoreInUseError, match=r"jobs\.db is in use"),
        ownership(path),
    ):
        pass
