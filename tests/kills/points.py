"""The points at which a bot can be made to kill itself: around each commit and each call."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from sqlite_utils import Database

P = ParamSpec("P")
T = TypeVar("T")

AT_NAME = "KILL_AT_NAME"
"""The variable that names the point, such as `after commit submitted` or `before post`."""
AT_NUMBER = "KILL_AT_NUMBER"
"""The variable that says how many points are passed alive: the next one kills."""
LOG = "KILL_LOG"
"""The variable that names the file for what the process logs."""

CALLS_TO_SLACK = ("post", "update", "reserve_upload", "send_upload", "share", "file_state")
CALLS_TO_MINDVIDEO = ("submit", "get_task")
COMMITS = (
    "accepted",
    "posting",
    "announced",
    "submitting",
    "submitted",
    "finished",
    "uploading",
    "uploaded",
    "sharing",
    "shared",
    "delivered",
)
"""The commits of a job that goes well, by the line that they add to its timeline."""

NAMES = tuple(
    f"{side} {what}"
    for what in (
        *(f"commit {line}" for line in COMMITS),
        *CALLS_TO_SLACK,
        *CALLS_TO_MINDVIDEO,
    )
    for side in ("before", "after")
    # Its result is looked at once, right after the share.
    if what != "file_state" or side == "after"
)


@dataclass(slots=True)
class Points:
    """Counts the points that this process passes, and kills it at the chosen one."""

    name: str | None
    left: int | None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Points:
        """Read the choice from the environment; without one nothing is ever killed."""
        number = environment.get(AT_NUMBER)
        return cls(environment.get(AT_NAME), None if number is None else int(number))

    def reach(self, name: str) -> None:
        """Pass a point, or die at it."""
        if self.left is not None:
            self.left -= 1
        if name == self.name or self.left == -1:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, call: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """Return `call` between two points."""

        @functools.wraps(call)
        async def between(*args: P.args, **kwargs: P.kwargs) -> T:
            self.reach(f"before {name}")
            answer = await call(*args, **kwargs)
            self.reach(f"after {name}")
            return answer

        return between

    def committing(self, commit: Callable[[Database], None]) -> Callable[[Database], None]:
        """Return `commit` between two points, named by the timeline's lines that it adds."""
        last = 0

        def between(db: Database) -> None:
            nonlocal last
            new = db.execute("SELECT seq, name FROM job_events WHERE seq > ?", [last]).fetchall()
            names = [f"commit {row['name']}" for row in new] or ["commit"]
            last = max((row["seq"] for row in new), default=last)
            for name in names:
                self.reach(f"before {name}")
            commit(db)
            for name in names:
                self.reach(f"after {name}")

        return between
