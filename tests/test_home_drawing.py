"""Drawing Home tabs under a clock set by hand: what fails is drawn again and holds nobody up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.listeners.home import UNFORESEEN_SECONDS, Homes, HomeTools
from bot.slack.views import SlackViews
from sandbox.slack.entities import ANA, BEN, MIA, TEAM
from storage.job import Json
from tests.notice_bench import NoticeBench, notice_bench
from tests.slack_sandbox import client_of


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


@asynccontextmanager
async def some_homes(folder: Path) -> AsyncIterator[tuple[NoticeBench, OddViews, Homes]]:
    """Set everything up while the context lasts."""
    async with notice_bench(folder) as bench, client_of(bench.slack) as client:
        views = OddViews(client)
        tools = HomeTools(
            store=bench.store,
            changes=bench.store,
            views=views,
            directory=bench.tools.directory,
            catalog=bench.tools.catalog,
            now=bench.clock,
            team=TEAM,
        )
        yield bench, views, Homes(tools, wake=lambda: None)


async def run(homes: Homes, bench: NoticeBench, seconds: float) -> None:
    """Draw what becomes due within so many seconds."""
    for _ in range(round(seconds)):
        await homes.tick()
        await homes.drain()
        bench.clock.moment += 1.0


async def test_an_unforeseen_error_is_logged_and_the_others_are_drawn(tmp_path: Path) -> None:
    async with some_homes(tmp_path) as (bench, views, homes):
        views.odd.add(BEN)
        for user in (ANA, BEN, MIA):
            homes.opened(user)
        with capture_logs() as lines:
            await run(homes, bench, 1)
        assert set(bench.slack.world.views.homes) == {ANA, MIA}
        (line,) = [line for line in lines if line["log_level"] == "error"]
        assert (line["event"], line["user"], line["exc_info"]) == ("home_failed", BEN, True)


async def test_after_an_unforeseen_error_it_is_drawn_again_but_not_at_once(tmp_path: Path) -> None:
    """Nor sooner because the person opens it again: what is wrong in this bot is still wrong."""
    async with some_homes(tmp_path) as (bench, views, homes):
        views.odd.add(ANA)
        homes.opened(ANA)
        with capture_logs():
            await run(homes, bench, 10)
            homes.opened(ANA)
            await run(homes, bench, UNFORESEEN_SECONDS - 10)
            assert views.tried == [ANA]
            views.odd.clear()
            await run(homes, bench, 5)
        assert views.tried == [ANA, ANA]
        assert set(bench.slack.world.views.homes) == {ANA}
