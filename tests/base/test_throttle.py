"""Tests of the throttle: one line of a kind a minute, and the number of the others."""

from __future__ import annotations

import io
import json
import logging

from bot.base.logs import configure_logs
from bot.base.throttle import MOST_KINDS, Throttle


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_one_of_a_kind_is_admitted_and_the_others_are_counted() -> None:
    clock = Clock()
    throttle = Throttle(60, clock)
    assert [throttle.admit("a") for _ in range(4)] == [0, None, None, None]
    assert throttle.admit("b") == 0
    clock.now += 60
    assert [throttle.admit("a"), throttle.admit("a"), throttle.admit("b")] == [3, None, 0]


def test_kinds_without_end_take_no_memory_without_end() -> None:
    throttle = Throttle(60, Clock())
    for kind in range(3 * MOST_KINDS):
        assert throttle.admit(kind) == 0
    assert throttle.admit(3 * MOST_KINDS - 1) is None
    assert throttle.admit(0) == 0


def test_what_a_library_repeats_is_one_line() -> None:
    """Also where its words hold a number that changes, as asyncio's about a failed accept."""
    stream = io.StringIO()
    configure_logs(
        log_format="json", log_level="info", secrets=[], log_prompts=False, stream=stream
    )
    log = logging.getLogger("asyncio")
    for number in range(500):
        try:
            raise OSError(24, "Too many open files")
        except OSError:
            log.exception("socket.accept() out of system resource\nsocket: <fd=%s>" % number)  # noqa: G002, UP031 - as asyncio does
    log.warning("another line")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"].partition("\n")[0] for line in lines] == [
        "socket.accept() out of system resource",
        "another line",
    ]
