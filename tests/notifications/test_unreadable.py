"""Tests of what operators are told of rows that cannot be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest

from sandbox.slack.entities import CREW, TEAM
from storage.notification import Level, Notification, notifications_of_unreadable
from tests.support.outbox_harness import OutboxHarness, outbox_harness


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[OutboxHarness]:
    """An outbox for a channel that hears of troubles."""
    async with outbox_harness(tmp_path) as ready:
        yield ready


def found_by(outbox: OutboxHarness) -> Notification:
    """Return the row for a job that is found to be unreadable now."""
    [row] = notifications_of_unreadable(
        "jobs",
        "job1",
        ("input",),
        team=TEAM,
        levels={CREW: Level.ALL},
        operators=(),
        at=outbox.clock(),
    )
    return row


async def test_a_row_that_is_found_again_after_a_restore_is_told_once(
    outbox: OutboxHarness, tmp_path: Path
) -> None:
    """The backup lacks that it was found; then it is found later than it was told."""
    known_until = outbox.clock()
    assert await outbox.store.outbox.add(found_by(outbox))
    await outbox.run(10)
    assert len(outbox.posted()) == 1
    [path] = tmp_path.glob("*.db")
    with closing(pysqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM notifications")
        db.execute("INSERT INTO restores (known_until) VALUES (?)", (known_until,))
    outbox.restart()
    outbox.clock.now += 3600
    assert await outbox.store.outbox.add(found_by(outbox))
    await outbox.run(10)
    assert len(outbox.posted()) == 1
