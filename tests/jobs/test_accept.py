"""A request becomes one job, however often it comes, and never silently a second."""

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
class Door:
    """Services over a real store, with a clock in the test's hand."""

    store: SqliteStore
    moment: float = NOW
    wakes: int = 0
    delays: int = 0
    """How often background steps were delayed because a person waits."""

    def __post_init__(self) -> None:
        """Make the services."""
        numbers = count()
        self.services: Services = services(
            self.store,
            now=lambda: self.moment,
            new_id=lambda: f"job{next(numbers)}",
            wake=self._wake,
            make_way=self._delay,
        )

    async def accept(self, interaction: Interaction, *, sure: bool = False) -> Acceptance:
        """Accept a request for the lake."""
        return await accept(LAKE, interaction, self.services, sure=sure)

    def _wake(self) -> None:
        self.wakes += 1

    def _delay(self) -> None:
        self.delays += 1


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """Give services over an empty store."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    yield Door(store=store)
    await store.close()


def by(user: str = "U1", key: str = "command:T1:1", channel: str = "C1") -> Interaction:
    """Return a command by this person."""
    return Interaction(
        team="T1",
        channel=channel,
        user=user,
        surface="command",
        dedup_key=key,
        reply_to=IN_CHANNEL,
    )


async def test_a_request_is_a_row_that_is_due_at_once(door: Door) -> None:
    """What was asked, by whom and where is on disk, with the first line of its timeline."""
    answer = await door.accept(by())
    assert isinstance(answer, Accepted)
    assert answer.is_new
    row = await door.store.jobs.get(answer.job.id)
    assert row == answer.job
    assert (row.user, row.channel, row.input, row.due_at) == ("U1", "C1", LAKE.input, NOW)
    assert [event.name for event in await door.store.jobs.events(row.id)] == ["accepted"]
    assert (door.wakes, door.delays) == (1, 1)


async def test_a_second_delivery_gets_the_row_that_stands(door: Door) -> None:
    """The same dedup key is the same job, whenever it comes; nobody is woken for it."""
    first = await door.accept(by())
    door.moment += 3600.0
    second = await door.accept(by())
    assert isinstance(first, Accepted)
    assert second == Accepted(job=first.job, is_new=False)
    assert len(await door.store.jobs.jobs(JobFilter())) == 1
    assert door.wakes == 1


OTHERS: dict[str, Callable[[], Interaction]] = {
    "somebody else": lambda: by(user="U2", key="command:T1:2"),
    "another channel": lambda: by(channel="C2", key="command:T1:2"),
}


async def test_the_same_words_within_a_minute_are_a_question(door: Door) -> None:
    """Who types again because Slack showed an error is not charged silently."""
    first = await door.accept(by())
    door.moment += DUPLICATE_SECONDS - 1
    answer = await door.accept(by(key="command:T1:2"))
    assert isinstance(first, Accepted)
    assert answer == Duplicate(job=first.job)
    assert len(await door.store.jobs.jobs(JobFilter())) == 1


async def test_the_same_words_later_or_with_a_word_that_they_are_meant_are_taken(
    door: Door,
) -> None:
    """After a minute people mean it, and who is asked and says yes is taken at once."""
    await door.accept(by())
    meant = await door.accept(by(key="command:T1:2"), sure=True)
    door.moment += DUPLICATE_SECONDS + 1
    later = await door.accept(by(key="command:T1:3"))
    assert isinstance(meant, Accepted)
    assert isinstance(later, Accepted)
    assert meant.is_new
    assert later.is_new


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
async def test_others_may_ask_for_the_same(door: Door, other: Callable[[], Interaction]) -> None:
    """Only the same person in the same channel is asked whether they mean it."""
    await door.accept(by())
    answer = await door.accept(other())
    assert isinstance(answer, Accepted)
    assert answer.is_new


async def test_a_late_delivery_of_what_has_a_duplicate_is_still_itself(
    door: Door,
) -> None:
    """Slack repeats the first of two requests that were both meant: it is the first's row."""
    first = await door.accept(by())
    await door.accept(by(key="command:T1:2"), sure=True)
    answer = await door.accept(by())
    assert isinstance(first, Accepted)
    assert answer == Accepted(job=first.job, is_new=False)
