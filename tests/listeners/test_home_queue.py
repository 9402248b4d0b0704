"""Home tabs as the rows of a queue: drawn once for each change, and again after an error."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.listeners.home import HOME_POOLS, HOME_STEPS
from bot.slack.views import SlackViews
from bot.worker.engine import Engine
from bot.worker.gate import Gate
from bot.worker.retry import BACKOFF_CAP, UNFORESEEN_TRIES
from bot.worker.suspects import SuspectLock
from sandbox.slack.entities import ANA, BEN, MIA, TEAM
from sandbox.slack.faults import Fault, FaultKind
from storage.budget import Calendar, Policy
from storage.home import OPEN_SECONDS, PUBLISH, REDRAW_SECONDS, HomeView, home_id
from storage.job import Json, Stage
from storage.sqlite.store import SqliteStore
from storage.store import ClaimLimit
from tests.support.outbox_harness import OutboxHarness, outbox_harness
from tests.support.services import SilentObserver
from tests.support.slack_sandbox import client_of


class ControlledViews(SlackViews):
    """Slack's views, where a test can hold a call of `views.publish` or make it fail."""

    def __init__(self, client: AsyncWebClient) -> None:
        super().__init__(client)
        self.began = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()
        self.failing: set[str] = set()
        """The users whose tab raises an unforeseen error."""
        self.tried: list[str] = []
        """The user of each call, in order."""

    async def publish_home(self, user: str, view: Mapping[str, Json]) -> None:
        """Draw the tab once that is released, or fail."""
        self.tried.append(user)
        if user in self.failing:
            raise ZeroDivisionError
        self.began.set()
        await self.released.wait()
        await super().publish_home(user, view)


class RecordingObserver(SilentObserver):
    """An observer that records each step with its result."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """Record it."""
        assert seconds >= 0
        self.steps.append((step, result))


@dataclass
class HomeHarness:
    """An engine that draws Home tabs, on an outbox harness whose jobs change."""

    outbox: OutboxHarness
    views: ControlledViews
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    engine: Engine[HomeView] = field(init=False)

    def __post_init__(self) -> None:
        """Build the parts that die with the process."""
        made = replace(self.outbox.services, views=self.views, observer=self.observer, team=TEAM)
        self.engine = Engine(
            self.outbox.store.homes,
            HOME_STEPS,
            made,
            kind="home",
            pools=HOME_POOLS,
            gate=Gate(),
            suspects=SuspectLock(),
        )

    async def open(self, user: str = ANA) -> HomeView:
        """Let a user open their tab."""
        return await self.outbox.store.homes.open(TEAM, user, self.outbox.clock())

    async def tick(self) -> None:
        """Draw the tabs that are due now."""
        while await self.engine.tick():
            await self.engine.drain()

    async def run(self, seconds: float) -> None:
        """Draw the tabs that become due within this time."""
        for _ in range(round(seconds)):
            await self.tick()
            self.outbox.clock.now += 1.0

    async def begin_drawing(self, user: str = ANA) -> None:
        """Open a tab and hold its drawing until `finish_drawing`."""
        self.views.began.clear()
        self.views.released.clear()
        await self.open(user)
        assert await self.engine.tick() == 1
        await self.views.began.wait()

    async def finish_drawing(self) -> None:
        """Release the drawing that was begun, and wait for its commit."""
        self.views.released.set()
        await self.engine.drain()

    async def row(self, user: str = ANA) -> HomeView:
        """Return a tab's row; the store has no method that reads one alone."""
        homes = self.outbox.store.homes
        read = self.outbox.store._session.read  # noqa: SLF001 - the store has no method for it
        table = homes._table  # noqa: SLF001 - as above
        query = "SELECT * FROM home_views WHERE user = :user"
        [row] = await read(lambda db: db.execute(query, {"user": user}).fetchall())
        return table.from_row(row)

    def shown(self, user: str = ANA) -> str:
        """Return the blocks of a user's Home tab as text; empty if it was never drawn."""
        view = self.outbox.slack.world.views.homes.get(user)
        return json.dumps(view.data["blocks"], ensure_ascii=False) if view else ""


@asynccontextmanager
async def home_harness(folder: Path) -> AsyncIterator[HomeHarness]:
    """Open the store and start the simulated Slack while the context lasts."""
    async with outbox_harness(folder) as outbox, client_of(outbox.slack) as client:
        homes = HomeHarness(outbox, ControlledViews(client))
        try:
            yield homes
        finally:
            await homes.engine.stop(0)


@pytest.fixture
async def homes(tmp_path: Path) -> AsyncIterator[HomeHarness]:
    """A harness on which no tab is open."""
    async with home_harness(tmp_path) as ready:
        yield ready


async def test_an_opened_tab_is_drawn_once(homes: HomeHarness) -> None:
    opened = await homes.open()
    assert opened.due_at == opened.opened_at == homes.outbox.clock()
    await homes.run(60)
    assert homes.views.tried == [ANA]
    assert "Nothing here yet" in homes.shown()
    row = await homes.row()
    assert (row.due_at, row.lease_until, row.attempts) == (None, None, 0)
    assert row.published_at == opened.opened_at
    assert homes.observer.steps == [("home_draw", "done")]


async def test_a_change_of_a_users_job_redraws_their_tab_and_no_other(homes: HomeHarness) -> None:
    for user in (ANA, BEN):
        await homes.open(user)
    await homes.run(5)
    job = await homes.outbox.job("a dune")
    await homes.run(1)
    assert (sorted(homes.views.tried[:2]), homes.views.tried[2:]) == ([ANA, BEN], [ANA])
    assert "a dune" in homes.shown(ANA)
    assert "a dune" not in homes.shown(BEN)
    await homes.run(5)
    await homes.outbox.record_event(job, "delivered", stage=Stage.DELIVERED)
    await homes.run(1)
    assert "Your last videos" in homes.shown(ANA)


async def test_changes_within_the_redraw_pause_are_drawn_together(homes: HomeHarness) -> None:
    """Slack limits the views that it takes of a workspace in a minute."""
    await homes.open()
    for number in range(6):
        await homes.outbox.job(f"lake {number}")
        await homes.tick()
        homes.outbox.clock.now += REDRAW_SECONDS / 6
    assert homes.views.tried == [ANA]
    await homes.tick()
    assert homes.views.tried == [ANA, ANA]
    assert "lake 5" in homes.shown()


async def _request_job(homes: HomeHarness) -> None:
    await homes.outbox.job("a dune")


async def _open_again(homes: HomeHarness) -> None:
    await homes.open()


@pytest.mark.parametrize("change", [_request_job, _open_again])
async def test_a_change_during_a_drawing_is_drawn_after_the_pause(
    homes: HomeHarness, change: Callable[[HomeHarness], Awaitable[None]]
) -> None:
    """The drawing under way was composed before it."""
    await homes.begin_drawing()
    homes.outbox.clock.now += 0.5
    await change(homes)
    assert await homes.engine.tick() == 0
    await homes.finish_drawing()
    assert "a dune" not in homes.shown()
    row = await homes.row()
    assert row.due_at == row.published_at + REDRAW_SECONDS
    assert row.lease_until is None
    await homes.run(2)
    assert homes.views.tried == [ANA]
    await homes.run(60)
    assert homes.views.tried == [ANA, ANA]
    assert ("a dune" in homes.shown()) == (change is _request_job)
    assert (await homes.row()).due_at is None


async def test_a_change_during_a_drawing_that_fails_is_drawn_by_the_retry(
    homes: HomeHarness,
) -> None:
    """The change does not delay the retry."""
    homes.outbox.slack.world.faults.add(
        "views.publish", Fault(kind=FaultKind.RATE_LIMITED, retry_after="1")
    )
    await homes.begin_drawing()
    await homes.outbox.job("a dune")
    await homes.finish_drawing()
    assert homes.shown() == ""
    await homes.run(10)
    assert "a dune" in homes.shown()
    assert homes.views.tried == [ANA, ANA]


async def test_a_change_does_not_shorten_the_pause_that_slack_asked_for(
    homes: HomeHarness,
) -> None:
    """Neither one during the refused call nor one after it."""
    homes.outbox.slack.world.faults.add(
        "views.publish", Fault(kind=FaultKind.RATE_LIMITED, retry_after="30")
    )
    await homes.begin_drawing()
    await homes.outbox.job("a dune")
    await homes.finish_drawing()
    await homes.outbox.job("a hill")
    await homes.run(29)
    assert homes.views.tried == [ANA]
    await homes.run(30)
    assert homes.views.tried == [ANA, ANA]
    assert "a dune" in homes.shown()


async def test_a_tab_that_was_opened_long_ago_counts_as_closed(homes: HomeHarness) -> None:
    """Slack sends no event when a user leaves the tab."""
    await homes.open()
    await homes.run(1)
    homes.outbox.clock.now += OPEN_SECONDS
    await homes.outbox.job("a dune")
    await homes.run(10)
    assert homes.views.tried == [ANA]
    await homes.open()
    await homes.run(1)
    assert homes.views.tried == [ANA, ANA]
    assert "a dune" in homes.shown()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.RATE_LIMITED, retry_after="20"),
        Fault(kind=FaultKind.ERROR_BEFORE, code="token_revoked"),
    ],
    ids=["429", "token revoked"],
)
async def test_a_refused_view_is_drawn_again_and_delays_no_other(
    homes: HomeHarness, fault: Fault
) -> None:
    homes.outbox.slack.world.faults.add("views.publish", fault)
    with capture_logs() as lines:
        for user in (ANA, BEN, MIA):
            await homes.open(user)
            await homes.tick()
    assert homes.views.tried == [ANA, BEN, MIA]
    assert "Nothing here yet" in homes.shown(BEN)
    (line,) = [line for line in lines if line["event"] == "step_retried"]
    assert (line["home"], line["step"]) == (f"{TEAM}:{ANA}", "draw")
    await homes.run(60)
    assert "Nothing here yet" in homes.shown(ANA)
    assert homes.views.tried == [ANA, BEN, MIA, ANA]


async def test_an_unforeseen_error_is_logged_and_the_other_tabs_are_drawn(
    homes: HomeHarness,
) -> None:
    homes.views.failing.add(BEN)
    for user in (ANA, BEN, MIA):
        await homes.open(user)
    with capture_logs() as lines:
        await homes.tick()
    assert homes.shown(ANA)
    assert homes.shown(MIA)
    assert not homes.shown(BEN)
    failed = [line for line in lines if line["log_level"] == "error"]
    assert {(line["event"], line["home"], line["exc_info"]) for line in failed} == {
        ("step_failed", home_id(TEAM, BEN), True)
    }


async def test_after_an_unforeseen_error_it_is_drawn_again_after_ever_longer_pauses(
    homes: HomeHarness,
) -> None:
    homes.views.failing.add(ANA)
    await homes.open()
    with capture_logs():
        await homes.run(60)
        tries = len(homes.views.tried)
        assert 4 <= tries <= 8
        homes.views.failing.clear()
        await homes.run(BACKOFF_CAP)
    assert homes.views.tried == [ANA] * (tries + 1)
    assert homes.shown()


async def test_a_tab_that_always_fails_is_given_up_until_it_is_opened_again(
    homes: HomeHarness,
) -> None:
    """Each try logs a traceback."""
    homes.views.failing.add(ANA)
    await homes.open()
    with capture_logs():
        await homes.run(UNFORESEEN_TRIES * BACKOFF_CAP)
        assert len(homes.views.tried) == UNFORESEEN_TRIES + 1
        homes.views.failing.clear()
        await homes.run(BACKOFF_CAP)
        assert not homes.shown()
        await homes.open()
        await homes.run(1)
    assert homes.shown()


async def test_a_drawing_that_a_process_did_not_finish_is_repeated_by_the_next(
    tmp_path: Path,
) -> None:
    """The row is still due, and a drawing replaces the one before."""
    async with home_harness(tmp_path) as homes:
        await homes.begin_drawing()
        await homes.engine.stop(0)
        assert (await homes.row()).lease_until is not None
        await homes.outbox.store.close()
        homes.outbox.store = await SqliteStore.open(str(tmp_path / "jobs.db"))
        homes.outbox.services = replace(homes.outbox.services, store=homes.outbox.store)
        homes.views.released.set()
        homes.__post_init__()
        await homes.run(1)
        assert homes.views.tried == [ANA, ANA]
        assert "Nothing here yet" in homes.shown()
        await homes.outbox.store.close()


async def test_a_drawing_whose_claim_was_taken_over_writes_nothing(homes: HomeHarness) -> None:
    """Its lease ran out while Slack did not answer; drawing twice does no harm."""
    await homes.begin_drawing()
    later = homes.outbox.clock() + 1000
    [taken] = await homes.outbox.store.homes.claim(later, 60, [ClaimLimit(1, (PUBLISH,))])
    with capture_logs() as lines:
        await homes.finish_drawing()
    assert [line["event"] for line in lines] == ["claim_lost"]
    assert await homes.row() == taken


async def test_the_spend_is_that_of_the_workspaces_month(homes: HomeHarness) -> None:
    """As in its reports and caps, and not that of UTC, where the month began an hour later."""
    outbox, zone = homes.outbox, "Europe/Berlin"
    policy = Policy(calendar=Calendar(zone=zone))
    await outbox.store.budgets.set_policy(TEAM, policy, ANA, outbox.clock())
    began = datetime(2027, 11, 1, tzinfo=ZoneInfo(zone)).timestamp()
    for at, cost in ((began - 60, "100"), (began + 60, "0.25"), (began + 7200, "0.5")):
        outbox.clock.now = at
        await outbox.job(cost=cost)
    outbox.clock.now = began + 120
    await homes.open()
    await homes.run(1)
    shown = homes.shown()
    assert "November 2027, in Europe/Berlin" in shown
    assert "You: 0.75 confirmed for 2 renders" in shown
