"""Which library may touch the file, and how a connection is set up."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest

from storage.sqlite.connection import check_library, connect, connect_reader, connect_writer
from storage.store import StoreError


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
