"""Tests of the acceptance of a request: deduplication, and the question about a duplicate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from bot.jobs.accept import DUPLICATE_SECONDS, Acceptance, Accepted, Duplicate, Interaction, accept
from bot.jobs.services import Services
from bot.options.parser import read_text
from bot.options.request import read_request
from storage.job import IN_CHANNEL
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.inline_store import inline_session
from tests.support.services import CATALOG, services
from tests.support.store_samples import NOW

LAKE = read_request(read_text("a lake at dawn --duration 8"), CATALOG)


@dataclass(kw_only=True)
class AcceptHarness:
    """Services over a real store, with a clock that the test sets."""

    store: SqliteStore
    now: float = NOW
    wakes: int = 0
    delays: int = 0
    """How often `delay_steps` was called to delay background steps."""

    def __post_init__(self) -> None:
        """Build the services."""
        numbers = count()
        self.services: Services = services(
            self.store,
            now=lambda: self.now,
            new_id=lambda: f"job{next(numbers)}",
            wake=self._wake,
            delay_steps=self._delay,
        )

    async def accept(self, interaction: Interaction, *, sure: bool = False) -> Acceptance:
        """Accept a request for a video of the lake."""
        return await accept(LAKE, interaction, self.services, sure=sure)

    def _wake(self) -> None:
        self.wakes += 1

    def _delay(self) -> None:
        self.delays += 1


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[AcceptHarness]:
    """Services over an empty store."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    yield AcceptHarness(store=store)
    await store.close()


def by(user: str = "U1", key: str = "command:T1:1", channel: str = "C1") -> Interaction:
    """Return the interaction of a slash command."""
    return Interaction(
        team="T1",
        channel=channel,
        user=user,
        surface="command",
        dedup_key=key,
        reply_to=IN_CHANNEL,
    )


async def test_a_request_is_inserted_as_a_row_that_is_due(harness: AcceptHarness) -> None:
    """The row holds the input, the user and the channel; its first event is `accepted`."""
    answer = await harness.accept(by())
    assert isinstance(answer, Accepted)
    assert answer.is_new
    row = await harness.store.jobs.get(answer.job.id)
    assert row == answer.job
    assert (row.user, row.channel, row.input, row.due_at) == ("U1", "C1", LAKE.input, NOW)
    assert [event.name for event in await harness.store.jobs.events(row.id)] == ["accepted"]
    assert (harness.wakes, harness.delays) == (1, 1)


async def test_a_second_delivery_returns_the_existing_row(harness: AcceptHarness) -> None:
    """However late it comes, it has the same dedup key; the scheduler is not woken for it."""
    first = await harness.accept(by())
    harness.now += 3600.0
    second = await harness.accept(by())
    assert isinstance(first, Accepted)
    assert second == Accepted(job=first.job, is_new=False)
    assert len(await harness.store.jobs.jobs(JobFilter())) == 1
    assert harness.wakes == 1


OTHERS: dict[str, Callable[[], Interaction]] = {
    "another user": lambda: by(user="U2", key="command:T1:2"),
    "another channel": lambda: by(channel="C2", key="command:T1:2"),
}


async def test_the_same_request_within_a_minute_is_a_duplicate(harness: AcceptHarness) -> None:
    """A user who types again after an error of Slack is not charged twice."""
    first = await harness.accept(by())
    harness.now += DUPLICATE_SECONDS - 1
    answer = await harness.accept(by(key="command:T1:2"))
    assert isinstance(first, Accepted)
    assert answer == Duplicate(job=first.job)
    assert len(await harness.store.jobs.jobs(JobFilter())) == 1


async def test_the_same_request_is_accepted_after_a_minute_or_when_confirmed(
    harness: AcceptHarness,
) -> None:
    """After a minute the request is accepted, and within it once the user has confirmed."""
    await harness.accept(by())
    meant = await harness.accept(by(key="command:T1:2"), sure=True)
    harness.now += DUPLICATE_SECONDS + 1
    later = await harness.accept(by(key="command:T1:3"))
    assert isinstance(meant, Accepted)
    assert isinstance(later, Accepted)
    assert meant.is_new
    assert later.is_new


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
async def test_the_same_request_of_another_user_or_channel_is_accepted(
    harness: AcceptHarness, other: Callable[[], Interaction]
) -> None:
    """A request is a duplicate only of the same user's in the same channel."""
    await harness.accept(by())
    answer = await harness.accept(other())
    assert isinstance(answer, Accepted)
    assert answer.is_new


async def test_a_late_delivery_returns_its_own_row_although_a_duplicate_exists(
    harness: AcceptHarness,
) -> None:
    """Slack delivers the first of two confirmed requests again: its own row is returned."""
    first = await harness.accept(by())
    await harness.accept(by(key="command:T1:2"), sure=True)
    answer = await harness.accept(by())
    assert isinstance(first, Accepted)
    assert answer == Accepted(job=first.job, is_new=False)
