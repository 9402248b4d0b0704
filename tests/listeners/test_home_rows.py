"""The Home tab as a row of a queue: drawn once for each change, whatever comes in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.listeners.home import HOME_POOLS, HOME_STEPS
from bot.slack.views import SlackViews
from bot.worker.engine import Engine
from bot.worker.gate import Gate
from sandbox.slack.entities import ANA, BEN, CREW, MIA, TEAM
from sandbox.slack.faults import Fault, FaultKind
from storage.home import DRAW, OPEN_SECONDS, REDRAW_SECONDS, HomeView
from storage.job import Json, Stage
from storage.sqlite.store import SqliteStore
from storage.store import Room
from tests.support.outbox_bench import OutboxBench, outbox_bench
from tests.support.services import SilentObserver
from tests.support.slack_sandbox import client_of


class SlowViews(SlackViews):
    """Slack, where a Home tab is drawn only when the test lets it."""

    def __init__(self, client: AsyncWebClient) -> None:
        super().__init__(client)
        self.begun = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.drawn: list[str] = []

    async def publish_home(self, user: str, view: Mapping[str, Json]) -> None:
        """Draw it, once that is allowed."""
        self.drawn.append(user)
        self.begun.set()
        await self.goes_on.wait()
        await super().publish_home(user, view)


class Noting(SilentObserver):
    """An observer that keeps what it was told."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """Keep it."""
        assert seconds >= 0
        self.steps.append((step, result))


@dataclass
class HomeBench:
    """An engine that draws Home tabs, and what surrounds it."""

    bench: OutboxBench
    views: SlowViews
    observer: Noting = field(default_factory=Noting)
    engine: Engine[HomeView] = field(init=False)

    def __post_init__(self) -> None:
        """Make what dies with the process."""
        made = replace(self.bench.services, views=self.views, observer=self.observer)
        self.engine = Engine(
            self.bench.store.homes, HOME_STEPS, made, kind="home", pools=HOME_POOLS, gate=Gate()
        )

    async def open(self, user: str = ANA) -> HomeView:
        """Let somebody open their tab."""
        return await self.bench.store.homes.open(TEAM, user, self.bench.clock())

    async def tick(self) -> None:
        """Draw what is due now."""
        while await self.engine.tick():
            await self.engine.drain()

    async def run(self, seconds: float) -> None:
        """Draw what becomes due within so many seconds."""
        for _ in range(round(seconds)):
            await self.tick()
            self.bench.clock.moment += 1.0

    async def while_drawing(self, user: str = ANA) -> None:
        """Begin to draw a tab, and stop in the middle, until `finish`."""
        self.views.begun.clear()
        self.views.goes_on.clear()
        await self.open(user)
        assert await self.engine.tick() == 1
        await self.views.begun.wait()

    async def finish(self) -> None:
        """Let what was begun be drawn."""
        self.views.goes_on.set()
        await self.engine.drain()

    async def row(self, user: str = ANA) -> HomeView:
        """Return the row as it stands, without a change to it; not a question of the bot's."""
        homes = self.bench.store.homes
        read = self.bench.store._session.read  # noqa: SLF001 - the store has no method for it
        table = homes._table  # noqa: SLF001 - as above
        query = "SELECT * FROM home_views WHERE user = :user"
        [row] = await read(lambda db: db.execute(query, {"user": user}).fetchall())
        return table.from_row(row)

    def shown(self, user: str = ANA) -> str:
        """Return what stands on a person's Home tab, or nothing."""
        view = self.bench.slack.world.views.homes.get(user)
        return json.dumps(view.data["blocks"], ensure_ascii=False) if view else ""


@asynccontextmanager
async def home_bench(folder: Path) -> AsyncIterator[HomeBench]:
    """Set everything up while the context lasts."""
    async with outbox_bench(folder) as bench, client_of(bench.slack) as client:
        homes = HomeBench(bench, SlowViews(client))
        try:
            yield homes
        finally:
            await homes.engine.stop(0)


@pytest.fixture
async def homes(tmp_path: Path) -> AsyncIterator[HomeBench]:
    """Nobody has opened their tab yet."""
    async with home_bench(tmp_path) as ready:
        yield ready


async def test_an_opened_tab_is_drawn_and_then_left_alone(homes: HomeBench) -> None:
    opened = await homes.open()
    assert opened.due_at == opened.opened_at == homes.bench.clock()
    await homes.run(60)
    assert homes.views.drawn == [ANA]
    assert "Nothing here yet" in homes.shown()
    row = await homes.row()
    assert (row.due_at, row.lease_until, row.attempts) == (None, None, 0)
    assert row.drawn_at == opened.opened_at
    assert homes.observer.steps == [("home_draw", "done")]


async def test_what_happens_to_a_persons_job_is_drawn_and_others_are_left_alone(
    homes: HomeBench,
) -> None:
    for user in (ANA, BEN):
        await homes.open(user)
    await homes.run(5)
    job = await homes.bench.job("a dune")
    await homes.run(1)
    assert homes.views.drawn == [ANA, BEN, ANA]
    assert "a dune" in homes.shown(ANA)
    assert "a dune" not in homes.shown(BEN)
    await homes.run(5)
    await homes.bench.happen(job, "delivered", stage=Stage.DELIVERED)
    await homes.run(1)
    assert "Your last videos" in homes.shown(ANA)


async def test_many_changes_are_drawn_together(homes: HomeBench) -> None:
    """At once, and then again after the pause that Slack's limits ask for."""
    await homes.open()
    for number in range(6):
        await homes.bench.job(f"lake {number}")
        await homes.tick()
        homes.bench.clock.moment += REDRAW_SECONDS / 6
    assert homes.views.drawn == [ANA]
    await homes.tick()
    assert homes.views.drawn == [ANA, ANA]
    assert "lake 5" in homes.shown()


async def _another_job(homes: HomeBench) -> None:
    await homes.bench.job("a dune")


async def _opened_again(homes: HomeBench) -> None:
    await homes.open()


@pytest.mark.parametrize("change", [_another_job, _opened_again])
async def test_a_change_that_arrives_while_it_is_drawn_is_drawn_too(
    homes: HomeBench, change: Callable[[HomeBench], Awaitable[None]]
) -> None:
    """The drawing does not know of it: what it gathered is older."""
    await homes.while_drawing()
    homes.bench.clock.moment += 0.5
    await change(homes)
    assert await homes.engine.tick() == 0
    await homes.finish()
    assert "a dune" not in homes.shown()
    row = await homes.row()
    assert row.due_at == row.drawn_at + REDRAW_SECONDS
    assert row.lease_until is None
    await homes.run(2)
    assert homes.views.drawn == [ANA]
    await homes.run(60)
    assert homes.views.drawn == [ANA, ANA]
    assert ("a dune" in homes.shown()) == (change is _another_job)
    assert (await homes.row()).due_at is None


async def test_a_change_that_arrives_while_a_drawing_fails_is_drawn_too(
    homes: HomeBench,
) -> None:
    """At the next try, which the change does not put off."""
    homes.bench.slack.world.faults.add(
        "views.publish", Fault(kind=FaultKind.RATE_LIMITED, retry_after="1")
    )
    await homes.while_drawing()
    await homes.bench.job("a dune")
    await homes.finish()
    assert homes.shown() == ""
    await homes.run(10)
    assert "a dune" in homes.shown()
    assert homes.views.drawn == [ANA, ANA]


async def test_a_change_does_not_shorten_the_pause_that_slack_asked_for(
    homes: HomeBench,
) -> None:
    """Nor does one that arrives while Slack says so."""
    homes.bench.slack.world.faults.add(
        "views.publish", Fault(kind=FaultKind.RATE_LIMITED, retry_after="30")
    )
    await homes.while_drawing()
    await homes.bench.job("a dune")
    await homes.finish()
    await homes.bench.job("a hill")
    await homes.run(29)
    assert homes.views.drawn == [ANA]
    await homes.run(30)
    assert homes.views.drawn == [ANA, ANA]
    assert "a dune" in homes.shown()


async def test_a_tab_that_was_not_opened_for_long_is_not_drawn(homes: HomeBench) -> None:
    """Nobody knows whether it is still looked at, until it is opened again."""
    await homes.open()
    await homes.run(1)
    homes.bench.clock.moment += OPEN_SECONDS
    await homes.bench.job("a dune")
    await homes.run(10)
    assert homes.views.drawn == [ANA]
    await homes.open()
    await homes.run(1)
    assert homes.views.drawn == [ANA, ANA]
    assert "a dune" in homes.shown()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.RATE_LIMITED, retry_after="20"),
        Fault(kind=FaultKind.LOST_BEFORE),
        Fault(kind=FaultKind.STATUS_AFTER),
        Fault(kind=FaultKind.ERROR_BEFORE, code="token_revoked"),
    ],
    ids=["429", "lost", "503", "token revoked"],
)
async def test_what_slack_does_not_take_is_drawn_again_and_holds_nobody_up(
    homes: HomeBench, fault: Fault
) -> None:
    homes.bench.slack.world.faults.add("views.publish", fault)
    with capture_logs() as lines:
        for user in (ANA, BEN, MIA):
            await homes.open(user)
            await homes.tick()
    assert homes.views.drawn == [ANA, BEN, MIA]
    assert "Nothing here yet" in homes.shown(BEN)
    (line,) = [line for line in lines if line["event"] == "step_retried"]
    assert (line["home"], line["step"]) == (f"{TEAM}:{ANA}", "draw")
    await homes.run(60)
    assert "Nothing here yet" in homes.shown(ANA)
    assert homes.views.drawn == [ANA, BEN, MIA, ANA]


async def test_a_process_that_ends_while_it_draws_is_followed_by_one_that_draws(
    tmp_path: Path,
) -> None:
    """The row is still due, and drawing again replaces what is there."""
    async with home_bench(tmp_path) as homes:
        await homes.while_drawing()
        await homes.engine.stop(0)
        assert (await homes.row()).lease_until is not None
        await homes.bench.store.close()
        homes.bench.store = await SqliteStore.open(str(tmp_path / "bench.db"))
        homes.bench.services = replace(homes.bench.services, store=homes.bench.store)
        homes.views.goes_on.set()
        homes.__post_init__()
        await homes.run(1)
        assert homes.views.drawn == [ANA, ANA]
        assert "Nothing here yet" in homes.shown()
        await homes.bench.store.close()


async def test_a_drawing_that_was_taken_over_leaves_the_row_to_the_other(
    homes: HomeBench,
) -> None:
    """Its lease ran out while Slack did not answer; what it drew does no harm."""
    await homes.while_drawing()
    later = homes.bench.clock() + 1000
    [taken] = await homes.bench.store.homes.claim(later, 60, [Room(1, (DRAW,))])
    with capture_logs() as lines:
        await homes.finish()
    assert [line["event"] for line in lines] == ["claim_lost"]
    row = await homes.row()
    assert row == taken


async def test_only_a_persons_own_jobs_make_their_tab_due(homes: HomeBench) -> None:
    """Whatever the channel: a job of Ben's in the crew's changes nothing of Ana's."""
    await homes.open()
    await homes.run(5)
    await homes.bench.job("a sea", channel=CREW, user=BEN)
    assert (await homes.row()).due_at is None
