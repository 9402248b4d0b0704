"""Where a store can be, and the sentence about where it cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.sqlite.connection import check_place
from storage.store import StoreUnusableError


def refusal(path: Path, *, create: bool = True) -> str:
    with pytest.raises(StoreUnusableError) as caught:
        check_place(str(path), create=create)
    return str(caught.value)


def forbid(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let this user do nothing with `path`; modes would not do, as tests may run as root."""
    access = os.access

    def guarded(asked: Path, mode: int) -> bool:
        return asked != path and access(asked, mode)

    monkeypatch.setattr(os, "access", guarded)


def test_a_file_that_is_there_or_can_be_made_is_right(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    check_place(str(path), create=True)
    assert not path.exists()
    path.touch()
    check_place(str(path), create=False)


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
