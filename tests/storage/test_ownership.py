"""A store is owned once, by whatever name it is opened."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.sqlite.ownership import lock_path, ownership
from storage.sqlite.store import SqliteStore
from storage.store import StoreBrokenError, StoreFullError, StoreInUseError, StoreUnusableError
from tests.support.store_samples import ACCEPTED, NOW, a_job, a_limit


def symbolic(path: Path, other: Path) -> None:
    other.symlink_to(path)


def hard(path: Path, other: Path) -> None:
    other.hardlink_to(path)


@pytest.mark.parametrize("link", [symbolic, hard])
@pytest.mark.parametrize("folder", ["", "elsewhere"])
def test_a_link_to_an_owned_store_is_refused(
    link: Callable[[Path, Path], None], folder: str, tmp_path: Path
) -> None:
    path, other = tmp_path / "jobs.db", tmp_path / folder / "other.db"
    other.parent.mkdir(exist_ok=True)
    with ownership(str(path)):
        link(path, other)
        with pytest.raises(StoreInUseError, match=r"other\.db is in use"), ownership(str(other)):
            pass
    with ownership(str(other)):
        pass


def test_a_store_that_an_earlier_version_owns_is_refused(tmp_path: Path) -> None:
    """It locks the file beside the store alone."""
    path = str(tmp_path / "jobs.db")
    with lock_path(path).open("ab") as beside:
        fcntl.flock(beside, fcntl.LOCK_EX)
        with pytest.raises(StoreInUseError), ownership(path):
            pass


async def test_a_symbolic_link_leads_to_the_same_store(tmp_path: Path) -> None:
    """Also where the file is not there yet: it is made in its own folder."""
    (tmp_path / "data").mkdir()
    link = tmp_path / "jobs.db"
    link.symlink_to(tmp_path / "data" / "jobs.db")
    store = await SqliteStore.open(str(link))
    await store.jobs.insert(a_job(1), ACCEPTED)
    visitor = await SqliteStore.open(str(tmp_path / "data" / "jobs.db"), owner=False)
    assert await visitor.jobs.get("job1") == a_job(1)
    await visitor.close()
    await store.close()
    assert {file.name for file in tmp_path.iterdir()} == {"data", "jobs.db"}


@pytest.mark.parametrize("owner", [True, False])
async def test_a_file_of_two_names_is_refused_with_what_to_do(
    tmp_path: Path, *, owner: bool
) -> None:
    """Under the name that the WAL does not have, the newest jobs would be missing."""
    path, other = tmp_path / "jobs.db", tmp_path / "other.db"
    await (await SqliteStore.open(str(path))).close()
    other.hardlink_to(path)
    for name in (path, other):
        with pytest.raises(StoreUnusableError, match=r"hard link.* remove the other: find"):
            await SqliteStore.open(str(name), owner=owner)
    other.unlink()
    await (await SqliteStore.open(str(path), owner=owner)).close()


@pytest.mark.parametrize("is_replaced", [True, False])
async def test_a_file_that_is_replaced_under_a_running_bot_takes_no_more_jobs(
    tmp_path: Path, *, is_replaced: bool
) -> None:
    """They would be acknowledged and gone. The process ends; the next one opens the new file."""
    path, copy = tmp_path / "jobs.db", tmp_path / "copy.db"
    store = await SqliteStore.open(str(path))
    await store.backup(str(copy))
    if is_replaced:
        copy.rename(path)
    else:
        path.unlink()
    with pytest.raises(StoreFullError, match="nothing was written: the file was replaced"):
        await store.jobs.insert(a_job(1), ACCEPTED)
    with pytest.raises(StoreBrokenError, match="restart the bot"):
        await store.jobs.claim(NOW, 60, [a_limit(1)])
    await store.close()
