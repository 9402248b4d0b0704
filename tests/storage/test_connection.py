"""Which library may touch the file, and how a connection is set up."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest

from storage.sqlite.connection import (
    check_library,
    check_path,
    connect,
    connect_reader,
    connect_writer,
)
from storage.sqlite.ownership import ownership
from storage.store import StoreError, StoreInUseError, StoreUnusableError


@pytest.mark.parametrize("version", [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 52, 0), (4, 0, 0)])
def test_a_mended_library_is_taken(version: tuple[int, int, int]) -> None:
    """The releases in which SQLite's makers mended the WAL-reset bug, and later ones."""
    check_library(version)


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 44, 5), (3, 45, 9), (3, 50, 6), (3, 51, 2)])
def test_a_library_that_can_damage_the_file_is_refused(version: tuple[int, int, int]) -> None:
    """The sentence names the release at hand and what to install."""
    number = ".".join(map(str, version))
    with pytest.raises(StoreError, match=f"SQLite {number} .* install a pysqlite3"):
        check_library(version)


def test_the_writer_waits_for_the_disk_and_keeps_the_file_private(tmp_path: Path) -> None:
    """WAL, FULL, foreign keys, no hidden checkpoints; nobody else on the machine reads prompts."""
    path = tmp_path / "a folder" / "100 %#?.db"
    path.parent.mkdir()
    with closing(connect_writer(str(path), create=True)) as db:
        settings = {
            name: db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
        }
        assert settings == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "wal_autocheckpoint": 0,
        }
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_reader_cannot_write(tmp_path: Path) -> None:
    """A slip in a query cannot bypass the writer."""
    path = str(tmp_path / "x.db")
    connect_writer(path, create=True).close()
    with closing(connect_reader(path)) as db, pytest.raises(pysqlite3.OperationalError):
        db.execute("CREATE TABLE t (a)")


def test_connecting_never_makes_a_file(tmp_path: Path) -> None:
    """A mistyped path must not become an empty store."""
    path = tmp_path / "mistyped.db"
    with pytest.raises(pysqlite3.OperationalError):
        connect(str(path))
    assert not path.exists()


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
from storage.sqlite.ownership import ownership

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


def refusal(path: Path, *, create: bool = True) -> str:
    with pytest.raises(StoreUnusableError) as caught:
        check_path(str(path), create=create)
    return str(caught.value)


def forbid(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let this user do nothing with `path`; modes would not do, as tests may run as root."""
    access = os.access

    def guarded(asked: Path, mode: int) -> bool:
        return asked != path and access(asked, mode)

    monkeypatch.setattr(os, "access", guarded)


def test_a_file_that_is_there_or_can_be_made_is_right(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    check_path(str(path), create=True)
    assert not path.exists()
    path.touch()
    check_path(str(path), create=False)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "jobs.db"
    assert refusal(path) == f"{path}: there is no folder {path.parent}"
    path = tmp_path / "jobs.db"
    assert refusal(path, create=False) == f"{path}: there is no such file"


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: it is not a file"


def test_a_file_that_this_user_may_not_write_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "jobs.db"
    path.touch()
    forbid(monkeypatch, path)
    assert refusal(path) == f"{path}: this user may not read and write the file"


def test_a_folder_that_this_user_may_not_write_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "jobs.db"
    forbid(monkeypatch, tmp_path)
    assert refusal(path) == f"{path}: this user may not write in the folder {tmp_path}"


def test_a_statement_that_comes_late_is_compiled_once(tmp_path: Path) -> None:
    """However many were executed before it, as by the migrations of a new file."""
    compiled = []

    def authorize(*what: object) -> int:
        compiled.append(what)
        return 0

    with closing(connect_writer(str(tmp_path / "x.db"), create=True)) as db:
        for number in range(500):
            db.execute(f"SELECT {number}").fetchall()
        # SQLite calls it while it compiles a statement. https://sqlite.org/c3ref/set_authorizer.html
        db.conn.set_authorizer(authorize)
        for _ in range(3):
            db.execute("SELECT 'one'").fetchall()
            db.execute("SELECT 'other'").fetchall()
    assert len(compiled) == 2
