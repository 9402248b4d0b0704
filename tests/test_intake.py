"""The one way in: an ask becomes one row, however often it comes, and never silently a second."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from bot.jobs.accept import TWIN_SECONDS, Accepted, AskedBefore, Asker, Intake
from bot.options.catalog import Catalog
from bot.options.request import parse_ask
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.store_samples import NOW

KLING = Catalog.load()
LAKE = parse_ask("a lake at dawn --duration 8", KLING)


@dataclass(slots=True, kw_only=True)
class Door:
    """An intake over a real store, with a clock in the test's hand."""

    store: SqliteStore
    moment: float = NOW
    wakes: int = 0
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def intake(self) -> Intake:
        """The intake, as the moment stands."""
        return Intake(
            self.store,
            now=lambda: self.moment,
            new_id=lambda: f"job{next(self.numbers)}",
            wake=self._wake,
        )

    def _wake(self) -> None:
        self.wakes += 1


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """Give an intake over an empty store."""
    store = await SqliteStore.open(str(tmp_path / "jobs.db"), threads=False, synchronous="OFF")
    yield Door(store=store)
    await store.close()


def by(user: str = "U1", key: str = "command:T1:1", channel: str = "C1") -> Asker:
    """Return who asks, by a command."""
    return Asker(team="T1", channel=channel, user=user, surface="command", ask_key=key)


async def test_an_ask_is_a_row_that_is_due_at_once(door: Door) -> None:
    """What was asked, by whom and where is on disk, with the first line of its timeline."""
    answer = await door.intake.accept(LAKE, by())
    assert isinstance(answer, Accepted)
    assert answer.is_new
    row = await door.store.get(answer.job.id)
    assert row == answer.job
    assert (row.user, row.channel, row.input, row.due_at) == ("U1", "C1", LAKE.input, NOW)
    assert [event.name for event in await door.store.events(row.id)] == ["accepted"]
    assert door.wakes == 1


async def test_a_second_delivery_gets_the_row_that_stands(door: Door) -> None:
    """The same ask key is the same job, whenever it comes; nobody is woken for it."""
    first = await door.intake.accept(LAKE, by())
    door.moment += 3600.0
    second = await door.intake.accept(LAKE, by())
    assert isinstance(first, Accepted)
    assert second == Accepted(job=first.job, is_new=False)
    assert len(await door.store.jobs(JobFilter())) == 1
    assert door.wakes == 1


OTHERS: dict[str, Callable[[Door], Asker]] = {
    "somebody else": lambda _: by(user="U2", key="command:T1:2"),
    "another channel": lambda _: by(channel="C2", key="command:T1:2"),
}


async def test_the_same_words_within_a_minute_are_a_question(door: Door) -> None:
    """Who types again because Slack showed an error is not charged silently."""
    first = await door.intake.accept(LAKE, by())
    door.moment += TWIN_SECONDS - 1
    answer = await door.intake.accept(LAKE, by(key="command:T1:2"))
    assert isinstance(first, Accepted)
    assert answer == AskedBefore(job=first.job)
    assert len(await door.store.jobs(JobFilter())) == 1


async def test_the_same_words_later_or_with_a_word_that_they_are_meant_are_taken(
    door: Door,
) -> None:
    """After a minute people mean it, and who is asked and says yes is taken at once."""
    await door.intake.accept(LAKE, by())
    meant = await door.intake.accept(LAKE, by(key="command:T1:2"), sure=True)
    door.moment += TWIN_SECONDS + 1
    later = await door.intake.accept(LAKE, by(key="command:T1:3"))
    assert isinstance(meant, Accepted)
    assert isinstance(later, Accepted)
    assert meant.is_new
    assert later.is_new


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
async def test_others_may_ask_for_the_same(door: Door, other: Callable[[Door], Asker]) -> None:
    """Only the same person in the same channel is asked whether they mean it."""
    await door.intake.accept(LAKE, by())
    answer = await door.intake.accept(LAKE, other(door))
    assert isinstance(answer, Accepted)
    assert answer.is_new


async def test_a_late_delivery_of_an_ask_that_has_a_twin_is_still_itself(door: Door) -> None:
    """Slack repeats the first of two asks that were both meant: it is the first's row."""
    first = await door.intake.accept(LAKE, by())
    await door.intake.accept(LAKE, by(key="command:T1:2"), sure=True)
    answer = await door.intake.accept(LAKE, by())
    assert isinstance(first, Accepted)
    assert answer == Accepted(job=first.job, is_new=False)
