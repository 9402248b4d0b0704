"""Drawing Home tabs under a clock set by hand: what fails is drawn again and holds nobody up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.listeners.home import HOME_POOLS, HOME_STEPS
from bot.slack.views import SlackViews
from bot.worker.engine import Engine
from bot.worker.gate import Gate
from bot.worker.retry import BACKOFF_CAP, UNFORESEEN_TRIES
from sandbox.slack.entities import ANA, BEN, MIA, TEAM
from sandbox.slack.faults import Fault, FaultKind
from storage.home import OPEN_SECONDS, REDRAW_SECONDS, HomeView, home_id
from storage.job import Json
from tests.support.outbox_bench import OutboxBench, outbox_bench
from tests.support.slack_sandbox import client_of


class OddViews(SlackViews):
    """Slack, where some Home tabs cannot be drawn for a reason that nobody foresaw."""

    def __init__(self, client: AsyncWebClient) -> None:
        super().__init__(client)
        self.odd: set[str] = set()
        self.tried: list[str] = []

    async def publish_home(self, user: str, view: Mapping[str, Json]) -> None:
        """Draw it, or fail."""
        self.tried.append(user)
        if user in self.odd:
            raise ZeroDivisionError
        await super().publish_home(user, view)


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Home tabs, what draws them, and a bench on which jobs change."""

    bench: OutboxBench
    views: OddViews
    engine: Engine[HomeView]

    async def open(self, user: str) -> None:
        """Let somebody open their Home tab."""
        await self.bench.store.homes.open(TEAM, user, self.bench.clock())

    async def run(self, seconds: float) -> None:
        """Draw what becomes due within so many seconds."""
        for _ in range(round(seconds)):
            await self.engine.tick()
            await self.engine.drain()
            self.bench.clock.moment += 1.0

    @property
    def drawn(self) -> set[str]:
        """Whose Home tab was drawn."""
        return set(self.bench.slack.world.views.homes)


@asynccontextmanager
async def some_homes(folder: Path) -> AsyncIterator[Homes]:
    """Set everything up while the context lasts."""
    async with outbox_bench(folder) as bench, client_of(bench.slack) as client:
        views = OddViews(client)
        engine = Engine(
            bench.store.homes,
            HOME_STEPS,
            replace(bench.services, views=views, team=TEAM),
            kind="home",
            pools=HOME_POOLS,
            gate=Gate(),
        )
        yield Homes(bench=bench, views=views, engine=engine)


async def test_an_unforeseen_error_is_logged_and_the_others_are_drawn(tmp_path: Path) -> None:
    async with some_homes(tmp_path) as homes:
        homes.views.odd.add(BEN)
        for user in (ANA, BEN, MIA):
            await homes.open(user)
        with capture_logs() as lines:
            # Two are drawn at a time.
            await homes.run(2)
        assert homes.drawn == {ANA, MIA}
        failed = [line for line in lines if line["log_level"] == "error"]
        assert {(line["event"], line["home"], line["exc_info"]) for line in failed} == {
            ("step_failed", home_id(TEAM, BEN), True)
        }


async def test_after_an_unforeseen_error_it_is_drawn_again_after_ever_longer_pauses(
    tmp_path: Path,
) -> None:
    async with some_homes(tmp_path) as homes:
        homes.views.odd.add(ANA)
        await homes.open(ANA)
        with capture_logs():
            await homes.run(60)
            tries = len(homes.views.tried)
            assert 4 <= tries <= 8
            homes.views.odd.clear()
            await homes.run(BACKOFF_CAP)
        assert homes.views.tried == [ANA] * (tries + 1)
        assert homes.drawn == {ANA}


async def test_a_tab_that_can_never_be_drawn_is_left_alone_until_something_changes(
    tmp_path: Path,
) -> None:
    """Each try writes a traceback."""
    async with some_homes(tmp_path) as homes:
        homes.views.odd.add(ANA)
        await homes.open(ANA)
        with capture_logs():
            await homes.run(UNFORESEEN_TRIES * BACKOFF_CAP)
            assert len(homes.views.tried) == UNFORESEEN_TRIES + 1
            homes.views.odd.clear()
            await homes.run(BACKOFF_CAP)
            assert homes.drawn == set()
            await homes.open(ANA)
            await homes.run(1)
        assert homes.drawn == {ANA}


async def test_a_view_that_slack_does_not_take_is_drawn_again_when_slack_said(
    tmp_path: Path,
) -> None:
    async with some_homes(tmp_path) as homes:
        limited = Fault(kind=FaultKind.RATE_LIMITED, retry_after="30")
        homes.bench.slack.world.faults.add("views.publish", limited)
        await homes.open(ANA)
        await homes.run(29)
        assert homes.views.tried == [ANA]
        await homes.run(5)
        assert homes.views.tried == [ANA, ANA]
        assert homes.drawn == {ANA}


async def test_what_changes_soon_after_a_drawing_waits_a_moment(tmp_path: Path) -> None:
    """Slack takes few views a minute of a workspace."""
    async with some_homes(tmp_path) as homes:
        await homes.open(ANA)
        await homes.run(1)
        for number in range(3):
            await homes.bench.job(f"lake number {number}")
        await homes.run(REDRAW_SECONDS - 1)
        assert homes.views.tried == [ANA]
        await homes.run(2)
        assert homes.views.tried == [ANA, ANA]
        assert "lake number 2" in str(homes.bench.slack.world.views.homes[ANA].data)


async def test_a_tab_that_was_opened_long_ago_is_taken_for_closed(tmp_path: Path) -> None:
    """Slack does not tell when somebody leaves it."""
    async with some_homes(tmp_path) as homes:
        await homes.open(ANA)
        await homes.run(1)
        homes.bench.clock.moment += OPEN_SECONDS
        await homes.bench.job("a lake")
        await homes.run(10)
        assert homes.views.tried == [ANA]
        await homes.open(ANA)
        await homes.run(1)
        assert homes.views.tried == [ANA, ANA]
