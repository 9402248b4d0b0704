"""Runs the bot as `python -m bot run` does, and kills its own process at a chosen commit."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from sqlite_utils import Database

import bot.app
from bot.cli import main
from storage import writer
from storage.sqlite import SqliteStore

VARIABLE = "KILL_AT"
"""`before:3` dies before the third commit since the start, `after:3` once it is on disk."""


def deadly_commit(when: str, which: int) -> Callable[[Database], None]:
    """Return a commit that ends the process at its `which`-th call."""
    calls = 0

    def commit(db: Database) -> None:
        nonlocal calls
        calls += 1
        if calls == which and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        writer.commit(db)
        if calls == which:
            os.kill(os.getpid(), signal.SIGKILL)

    return commit


async def open_doomed(path: str) -> SqliteStore:
    """Open the store as the bot does, with the deadly commit."""
    when, _, which = os.environ[VARIABLE].partition(":")
    return await SqliteStore.open(path, commit=deadly_commit(when, int(which)))


if __name__ == "__main__":
    if VARIABLE in os.environ:
        doomed = type("Doomed", (), {"open": staticmethod(open_doomed)})
        setattr(bot.app, "SqliteStore", doomed)  # noqa: B010 - mypy knows the real one's type
    main(["run"])
