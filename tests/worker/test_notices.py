"""Processes that share a store tell each other what became due; each also looks by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import pytest

from bot.worker import notices, scheduler
from bot.worker.chores import Chore
from bot.worker.notices import Notices
from storage.pace import Limit
from storage.postgres.store import PostgresStore
from storage.store import Notice, Store, StoreError
from tests.support.postgres import Server, emptied_database

SECONDS = 10.0
"""Of patience, on a machine that is busy."""


@pytest.fixture
def url(postgres: Server) -> str:
    """The address of an empty database."""
    return emptied_database(postgres)


@pytest.fixture
async def stores(url: str) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """Two processes."""
    one, two = [await PostgresStore.open(url) for _ in range(2)]
    yield one, two
    for store in (one, two):
        await store.close()


class Counted:
    """A store that counts what is sent, and may refuse it."""

    def __init__(self) -> None:
        self.sent: list[float] = []
        self.refuses = False
        self.lost = 0

    async def send_notice(self, notice: Notice) -> None:
        """Count it."""
        assert notice is Notice.DUE
        self.sent.append(asyncio.get_running_loop().time())
        if self.refuses:
            raise StoreError("the database cannot be reached")

    async def listen(self, _url: str | None, hear: Callable[[Notice], Awaitable[None]]) -> None:
        """Be connected for a moment, over and over."""
        self.lost += 1
        if self.lost > 1:
            await hear(Notice.DUE)
        raise StoreError("the connection is gone")


def told(store: object) -> Notices:
    """Return the notices over a store."""
    return Notices(cast("Store", store), now=lambda: 0.0)


async def test_many_rows_that_become_due_are_told_five_times_a_second() -> None:
    """The first at once, and none is forgotten."""
    store = Counted()
    told_others = told(store)
    loop = asyncio.get_running_loop()
    began = loop.time()
    told_others.wake_others()
    while not store.sent:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    woken = store.sent[0]
    while loop.time() < began + 2.2 * notices.SEND_SECONDS:
        woken = loop.time()
        told_others.wake_others()
        await asyncio.sleep(0.005)
    await told_others.close()
    # The first and the last, which `close` sends, besides those that are due in between.
    most = (loop.time() - began) / notices.SEND_SECONDS + 2
    assert 2 <= len(store.sent) <= most
    assert store.sent[-1] >= woken


async def test_an_error_is_none_of_whoever_made_a_row_due(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is found by the next look."""
    store = Counted()
    store.refuses = True
    told_others = told(store)
    told_others.wake_others()
    await told_others.close()
    assert len(store.sent) == 1
    assert "error" not in capsys.readouterr().out


async def test_a_lost_connection_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a pause, as often as it is lost."""
    monkeypatch.setattr(notices, "FIRST_PAUSE_SECONDS", 0.001)
    store, woken = Counted(), asyncio.Event()
    async with told(store).subscribed(woken.set, None):
        async with asyncio.timeout(SECONDS):
            await woken.wait()
    assert store.lost >= 2


async def test_one_process_hears_what_another_tells(
    url: str, stores: tuple[PostgresStore, PostgresStore], postgres: Server
) -> None:
    """That a row is due, and that calls are held; also after the server has cut the connection."""
    one, two = stores
    woken = asyncio.Event()
    limit = Limit(key="post T1 C1", interval=1.0, held_by="post T1")
    async with told(two).subscribed(woken.set, url), asyncio.timeout(SECONDS):
        await woken.wait()
        for cut in (False, True):
            if cut:
                postgres.run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name LIKE '%listener'"
                )
            woken.clear()
            told_others = told(one)
            while not woken.is_set():
                told_others.wake_others()
                await asyncio.sleep(0.02)
            await told_others.close()
        await one.pacing.hold("post T1", 50.0)
        while two.pacing.not_before(limit) < 50:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_a_row_that_nobody_tells_of_is_found_by_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twice a second, outside of tests, whether notices come or not."""
    # Without the watchdog, which is for a clock that was set back.
    monkeypatch.setattr(scheduler, "OVERDUE_TICKS", float("inf"))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        ticks += 1

    ticking = scheduler.Scheduler(lambda _: None, tick_seconds=0.02)
    ticking.start(tick)
    async with asyncio.timeout(SECONDS / 2):
        while ticks < 5:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)
    await ticking.stop()


async def test_a_chore_is_done_by_one_of_many(
    stores: tuple[PostgresStore, PostgresStore],
) -> None:
    """Whose clocks differ a little; and again at its next moment."""
    done: list[str] = []

    async def run(name: str, store: Store, now: float) -> None:
        async def work() -> None:
            done.append(name)

        await Chore(name="digests", work=work, seconds=60.0, store=store, now=lambda: now).run()

    for minute in (600.0, 660.0):
        moments = [minute + offset for offset in (-0.4, 0.0, 0.4)]
        await asyncio.gather(*(run(f"{minute}", store, now) for store in stores for now in moments))
    assert done == ["600.0", "660.0"]
