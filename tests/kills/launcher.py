"""Starts bots quickly, one after the other: `python -m tests.kills.launcher`.

It imports the program once and forks for each life, which is a process of its own from then on and
runs `python -m bot run`. A line of JSON on standard input, the environment, starts a life; two
lines on standard output tell its process ID and, when it has ended, its exit code.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Self

from sqlite_utils import Database

from bot.app import checks, run, services
from bot.cli.main import main as command_line
from bot.mindvideo.client import MindVideoClient
from bot.slack.chat import SlackChat
from bot.worker import outbox
from storage.sqlite.session import open_session
from storage.sqlite.store import SqliteStore
from storage.sqlite.writer import GroupWriter, Journal, SerialExecutor, commit
from storage.store import AroundWrite, Unreadable
from tests.kills.points import CALLS_TO_MINDVIDEO, CALLS_TO_SLACK, LOG, Points

# A share that a kill cut off is believed lost after this long, instead of half a minute:
# the simulated Slack shows at once what it shares.
SHARE_PATIENCE_SECONDS = 0.5


def live(environment: dict[str, str]) -> None:
    """Be a bot, with points at which it dies if the environment says so."""
    os.environ.update(environment)
    log = os.open(environment[LOG], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, sys.stderr.fileno())
    points = Points.of(os.environ)

    def committing(lane: SerialExecutor, db: Database) -> GroupWriter:
        return GroupWriter(lane, Journal(db, points.committing(commit)))

    class Store(SqliteStore):
        """A store whose commits are points."""

        @classmethod
        async def open(
            cls,
            path: str,
            *,
            owner: bool = True,
            on_unreadable: Callable[[Unreadable], None] = lambda _: None,
            around_write: AroundWrite | None = None,
        ) -> Self:
            session = open_session(
                path,
                owner=owner,
                new_writer=committing,
                on_unreadable=on_unreadable,
                around_write=around_write,
            )
            return cls(await session)

    class Chat(SlackChat):
        """Slack, whose calls are points."""

    class Video(MindVideoClient):
        """MindVideo, whose calls are points."""

    for cls, names in ((Chat, CALLS_TO_SLACK), (Video, CALLS_TO_MINDVIDEO)):
        for name in names:
            setattr(cls, name, points.around(name, getattr(cls, name)))
    for maker, seam in ((checks, Store), (run, Chat), (services, Video)):
        (real,) = seam.__bases__
        setattr(maker, real.__name__, seam)
    outbox.SHARE_PATIENCE_SECONDS = SHARE_PATIENCE_SECONDS
    command_line(["run"], prog_name="python -m bot")


def main() -> None:
    """Fork a life for each line that comes in, until no more come."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            live(json.loads(line))
        print(child, flush=True)  # noqa: T201 - this is how it answers
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the same


if __name__ == "__main__":
    main()
