"""What `doctor` looks at in the store: the file, its WAL, their rights, and the disk."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pysqlite3

from bot.app.findings import Finding, unchecked_restore, wrong_counters
from bot.base.settings import complaint
from storage.sqlite import restores
from storage.sqlite.budget_use import mismatches
from storage.sqlite.connection import check_path, connect_reader
from storage.sqlite.errors import opening_error
from storage.sqlite.generation import check_wal
from storage.sqlite.migrations import check_origin, first_upgrade, upgrade_copy
from storage.sqlite.ownership import check_single_name, real_path
from storage.store import StoreBrokenError, StoreError, StoreUnusableError

# Rows are small, but a video whose length MindVideo does not declare is spooled to a file.
_MIN_FREE_BYTES = 1 << 30

_OTHERS = stat.S_IROTH | stat.S_IWOTH
_GOOD = "ok"
"""What quick_check answers for a file without damage."""


def examine_store(path: Path) -> list[Finding]:
    """Check the store without owning it, so that a running bot does not make the check fail.

    Takes seconds for a file of gigabytes. Changes nothing.
    """
    try:
        check_path(str(path), create=True)
        with tempfile.TemporaryFile(dir=Path(real_path(str(path))).parent) as probe:
            probe.write(b"\0")
        check_wal(str(path))
        findings = list(_examine_file(str(path))) if path.exists() else []
        free_bytes = shutil.disk_usage(Path(real_path(str(path))).parent).free
    except pysqlite3.Error as error:
        if isinstance(opening_error(error), StoreBrokenError):
            return [_damaged(path, str(error))]
        return [_no_store(error)]
    except (OSError, StoreUnusableError) as error:
        return [_no_store(error)]
    except StoreError as error:
        return [Finding(ok=False, what=str(error))]
    if all(finding.ok for finding in findings):
        opened = Finding(ok=True, what=f"The store at {path} can be opened and written.")
        findings.insert(0, opened)
    if free_bytes < _MIN_FREE_BYTES:
        what = f"Only {free_bytes >> 20} MiB are free where the store is."
        findings.append(Finding(ok=False, what=what, advice="Make room, or move the store."))
    return findings


def _no_store(error: Exception) -> Finding:
    return Finding(ok=False, what=complaint("database_url", f"leads to no store ({error})"))


def _damaged(path: str | Path, damage: str) -> Finding:
    advice = "Stop the bot, keep the file, and restore the newest backup."
    return Finding(ok=False, what=f"The store at {path} is damaged: {damage}.", advice=advice)


def _examine_file(path: str) -> Iterator[Finding]:
    refused = list(_refused_rights(path))
    if refused:  # then it cannot be opened either
        yield from refused
        return
    check_single_name(path)
    with closing(connect_reader(path)) as db:
        check_origin(db, path)
        upgrade = first_upgrade(db)
        # Reads every page; `integrity_check` would compare each index as well, for much longer.
        # https://sqlite.org/pragma.html#pragma_quick_check
        damage = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        if damage == _GOOD and upgrade is None:
            wrong = len(mismatches(db))
            yield from [wrong_counters(wrong)] if wrong else []
            yield from map(unchecked_restore, restores.unchecked(db))
    if damage != _GOOD:
        yield _damaged(path, damage)
    if upgrade is not None:
        copy = upgrade_copy(path, upgrade)
        what = f"The next start brings the store up to date, and copies it to {copy} before."
        yield Finding(ok=True, what=what)
    yield from _open_to_others(path)


def _refused_rights(path: str) -> Iterator[Finding]:
    for file in _files(path):
        if not os.access(file, os.R_OK | os.W_OK):
            yield Finding(
                ok=False,
                what=f"This user may not read and write {file}.",
                advice="Let it belong to the user that runs the bot; a command that somebody else"
                " ran may have made it.",
            )


def _open_to_others(path: str) -> Iterator[Finding]:
    """Yield a finding for each file that everybody on the machine may read or write."""
    for file in _files(path):
        if file.stat().st_mode & _OTHERS:
            what = f"Every user of this machine may read or write {file}, which holds prompts."
            yield Finding(ok=False, what=what, advice=f"Run: chmod o-rw {file}")


def _files(path: str) -> list[Path]:
    """Return the files of a store that are there: the database, its WAL, its shared memory."""
    files = (Path(real_path(path) + end) for end in ("", "-wal", "-shm"))
    return [file for file in files if file.exists()]
