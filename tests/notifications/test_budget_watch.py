"""Tests of what those in charge of budgets are told now and then: paces, drifts, restores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pysqlite3
import pytest
import pytest_asyncio

from bot.notifications.budget_watch import BudgetWatch
from sandbox.slack.blocks import checked_blocks
from sandbox.slack.entities import ANA, BEN, GENERAL, MIA, TEAM, StoredMessage
from storage.budget import (
    OPERATOR,
    AuditAction,
    Cap,
    Policy,
    Raise,
    Scope,
    ScopeKind,
    UnknownPrice,
    Window,
)
from storage.job import Outcome
from storage.notification import Notification, NotificationKind
from storage.price_drift import DriftDetail
from storage.sqlite.ownership import lock_path
from storage.sqlite.store import SqliteStore
from tests.support.outbox_harness import OutboxHarness, change_rows, outbox_harness

ALL = Scope(kind=ScopeKind.WORKSPACE, team=TEAM)
HERE = Scope(kind=ScopeKind.CHANNEL, team=TEAM, name=GENERAL)
KLING = Scope(kind=ScopeKind.MODEL, team=TEAM, name="kling-v3")
PERSON = Scope(kind=ScopeKind.PERSON, team=TEAM, name=ANA)
EVERYONE = Scope(kind=ScopeKind.EVERYONE, team=TEAM)
PRO = "kling-v3 mode=pro sound=false"


@pytest_asyncio.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[OutboxHarness]:
    """An outbox whose admin is Mia, on the fifth day of a month."""
    async with outbox_harness(tmp_path) as harness:
        harness.services = replace(harness.services, unit="USD", admins=frozenset({MIA}))
        harness.clock.now = at("2026-12-05")
        harness.restart()
        policy = Policy(unknown_price=UnknownPrice.ALLOW)
        await harness.store.budgets.set_policy(TEAM, policy, OPERATOR, harness.clock())
        yield harness


def at(day: str) -> float:
    """Return the noon of a day."""
    return datetime.fromisoformat(f"{day}T12:00+00:00").timestamp()


async def watch_budgets(outbox: OutboxHarness) -> None:
    """Look three times, as the scheduler does, and post what is told."""
    for _ in range(3):
        await BudgetWatch(outbox.services).tell_due()
        await outbox.run(20)


def told(outbox: OutboxHarness, place: str = MIA) -> list[str]:
    """Return what the bot said to a person."""
    return [one.text for one in messages(outbox, place)]


def messages(outbox: OutboxHarness, place: str = MIA) -> list[StoredMessage]:
    """Return the bot's messages to a person."""
    workspace = outbox.slack.world.workspace
    found = workspace.all_in(workspace.direct(place).id)
    return [one for one in found if one.user not in {ANA, BEN, MIA}]


async def cap(
    outbox: OutboxHarness, scope: Scope, limit: str, window: Window = Window.MONTH
) -> None:
    """Set a cap by the operator."""
    made = Cap(scope=scope, window=window, limit=Decimal(limit))
    await outbox.store.budgets.set_cap(made, OPERATOR, outbox.clock())


class TestPace:
    """From the fifth day of a month on."""

    async def test_a_budget_that_will_be_used_up_is_told_once_a_month(
        self, outbox: OutboxHarness
    ) -> None:
        """To those in charge, whatever its limit is meanwhile; and in the next month again."""
        await outbox.store.budgets.set_managers(TEAM, [BEN], OPERATOR, outbox.clock())
        await outbox.job(cost="10")
        await cap(outbox, HERE, "46")
        await watch_budgets(outbox)
        [pace] = told(outbox)
        assert pace.startswith(
            f":chart_with_upwards_trend: At this pace the budget of <#{GENERAL}> per month is used "
            "up on the 23rd: 10 USD of 46 USD are used, and it would be about 62 USD until it "
            "begins anew <!date^"
        )
        assert pace.endswith(". What goes beyond it is refused.")
        assert told(outbox, BEN) == [pace]
        await cap(outbox, HERE, "30")
        outbox.clock.now = at("2026-12-10")
        outbox.restart()
        await watch_budgets(outbox)
        assert len(told(outbox)) == 1
        outbox.clock.now = at("2027-01-05")
        await outbox.job(cost="10")
        await watch_budgets(outbox)
        assert "is used up on the 15th" in told(outbox)[1]

    @pytest.mark.exhaustive
    @pytest.mark.parametrize(
        ("scope", "window", "day", "limit"),
        [
            (ALL, Window.MONTH, "2026-12-04", "11"),
            (ALL, Window.MONTH, "2026-12-05", "62"),
            (ALL, Window.MONTH, "2026-12-05", "10"),
            (ALL, Window.MONTH, "2026-12-05", "0"),
            (ALL, Window.DAY, "2026-12-05", "19"),
            (ALL, Window.ONCE, "2026-12-05", "19"),
            (ALL, Window.WEEK, "2026-12-04", "11"),
            (PERSON, Window.MONTH, "2026-12-05", "46"),
            (EVERYONE, Window.MONTH, "2026-12-05", "46"),
            (KLING, Window.MONTH, "2026-11-30", "11"),
        ],
    )
    async def test_what_is_no_pace_is_not_told(
        self, outbox: OutboxHarness, scope: Scope, window: Window, day: str, limit: str
    ) -> None:
        """Too early, enough or used up already; a week; and what is one person's alone."""
        outbox.clock.now = at(day)
        await outbox.job(cost="10")
        await cap(outbox, scope, limit, window)
        await watch_budgets(outbox)
        assert "pace" not in str(told(outbox) + told(outbox, ANA))

    async def test_a_raise_counts_while_it_lasts(self, outbox: OutboxHarness) -> None:
        await outbox.job(cost="10")
        await cap(outbox, ALL, "46")
        more = Raise(
            scope=ALL,
            amount=Decimal(16),
            until=outbox.clock() + 3600,
            by=OPERATOR,
            because="",
            at=outbox.clock(),
        )
        await outbox.store.budgets.add_raise(more)
        await watch_budgets(outbox)
        assert told(outbox) == []
        outbox.clock.now += 3600
        await watch_budgets(outbox)
        assert "the workspace's budget per month is used up on the 23rd" in told(outbox)[0]

    async def test_one_that_a_backup_does_not_know_is_found_and_not_told_again(
        self, outbox: OutboxHarness, tmp_path: Path
    ) -> None:
        await outbox.job(cost="10")
        await cap(outbox, KLING, "46")
        await watch_budgets(outbox)
        forget(tmp_path, NotificationKind.BUDGET_PACE)
        outbox.clock.now = at("2026-12-20")
        outbox.restart()
        await outbox.job(cost="20")
        await watch_budgets(outbox)
        assert len(told(outbox)) == 1

    async def test_nobody_in_charge_is_told_nothing(self, outbox: OutboxHarness) -> None:
        """Nor is it noted: an admin who is named later is told."""
        await outbox.job(cost="10")
        await cap(outbox, ALL, "46")
        outbox.services = replace(outbox.services, admins=frozenset())
        await watch_budgets(outbox)
        outbox.services = replace(outbox.services, admins=frozenset({MIA}))
        await watch_budgets(outbox)
        assert len(told(outbox)) == 1


def forget(folder: Path, kind: NotificationKind) -> None:
    """Take the notifications of a kind out of the store, as a backup lacks what came after it."""
    [path] = folder.glob("*.db")
    with closing(pysqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute("DELETE FROM notifications WHERE kind = ?", (kind.value,)).rowcount


async def renders(
    outbox: OutboxHarness, count: int, cost: str, *, key: str = PRO, forecast: str | None = "1"
) -> None:
    """Finish so many renders of a price, one a second."""
    for _ in range(count):
        outbox.clock.now += 1.0
        await outbox.job(cost=cost, forecast=forecast, price_key=key)


class TestDrift:
    """Over the last ten renders of a price."""

    @pytest.mark.parametrize(
        ("cost", "words"),
        [
            (
                "1.21",
                "cost 21 % more than forecast, 12.1 USD in place of 10 USD. Budgets hold too ",
            ),
            (
                "0.5",
                "cost 50 % less than forecast, 5 USD in place of 10 USD. Budgets hold too much",
            ),
        ],
    )
    async def test_ten_that_cost_otherwise_are_told_once(
        self, outbox: OutboxHarness, cost: str, words: str
    ) -> None:
        """To those in charge, whichever it is, and after a restart and more of them not again."""
        await renders(outbox, 10, cost)
        await watch_budgets(outbox)
        [drift] = told(outbox)
        assert drift.startswith(f":straight_ruler: The last 10 videos of `{PRO}` {words}")
        await renders(outbox, 5, cost)
        outbox.clock.now += 3 * 86400
        outbox.restart()
        await watch_budgets(outbox)
        assert told(outbox) == [drift]
        assert told(outbox, ANA) == []

    async def test_what_is_no_drift_is_not_told(self, outbox: OutboxHarness) -> None:
        """Too few, just 20 %, two prices, other workspaces, failures, and what nobody foresaw."""
        await renders(outbox, 9, "2")
        await renders(outbox, 10, "1.2", key="kling-v3 mode=std")
        await renders(outbox, 10, "0.8", key="kling-v3 mode=4K")
        await renders(outbox, 10, "2", key="other", forecast=None)
        for _ in range(10):
            await outbox.job(cost="0", forecast="1", price_key=PRO, outcome=Outcome.FAILED)
            await outbox.job(cost="2", forecast="1", price_key=PRO, team="T9")
            await outbox.job(cost=None, forecast="1", price_key=PRO)
        await watch_budgets(outbox)
        assert told(outbox) == []

    async def test_only_the_last_ten_within_ninety_days_count(self, outbox: OutboxHarness) -> None:
        await renders(outbox, 10, "9")
        await renders(outbox, 10, "1")
        await watch_budgets(outbox)
        await renders(outbox, 9, "9", key="kling-v3 mode=std")
        outbox.clock.now += 91 * 86400
        await renders(outbox, 1, "9", key="kling-v3 mode=std")
        await watch_budgets(outbox)
        assert told(outbox) == []

    async def test_one_that_came_back_is_told_again_on_another_day(
        self, outbox: OutboxHarness
    ) -> None:
        """On the same day it is the same to people."""
        await renders(outbox, 10, "2")
        await watch_budgets(outbox)
        for _ in range(2):
            await renders(outbox, 10, "1")
            await watch_budgets(outbox)
            await renders(outbox, 10, "2")
            await watch_budgets(outbox)
        assert len(told(outbox)) == 1
        await renders(outbox, 10, "1")
        await watch_budgets(outbox)
        outbox.clock.now += 86400
        await renders(outbox, 10, "2")
        await watch_budgets(outbox)
        assert len(told(outbox)) == 2

    async def test_one_that_turns_to_the_other_side_is_another(self, outbox: OutboxHarness) -> None:
        await renders(outbox, 10, "2")
        await watch_budgets(outbox)
        outbox.clock.now += 86400
        await renders(outbox, 10, "0.1")
        await watch_budgets(outbox)
        assert ["more" in text for text in told(outbox)] == [True, False]

    async def test_an_amount_where_nothing_was_forecast_is_a_drift(
        self, outbox: OutboxHarness
    ) -> None:
        await renders(outbox, 10, "0", forecast="0", key="free")
        await renders(outbox, 10, "2", forecast="0")
        await watch_budgets(outbox)
        [drift] = told(outbox)
        assert f"The last 10 videos of `{PRO}` cost 20 USD in place of 0 USD." in drift

    async def test_one_that_a_backup_does_not_know_is_found_and_not_told_again(
        self, outbox: OutboxHarness, tmp_path: Path
    ) -> None:
        """On the same day; nothing in a key is markup."""
        await renders(outbox, 10, "2", key="<!channel> *x*")
        await watch_budgets(outbox)
        assert "`&lt;!channel&gt; \u2217x\u2217`" in told(outbox)[0]
        forget(tmp_path, NotificationKind.PRICE_DRIFT)
        [path] = tmp_path.glob("*.db")
        with closing(pysqlite3.connect(path, isolation_level=None)) as db:
            assert db.execute("DELETE FROM price_drifts").rowcount == 1
        outbox.clock.now += 60
        outbox.restart()
        await renders(outbox, 1, "2", key="<!channel> *x*")
        await watch_budgets(outbox)
        assert len(told(outbox)) == 1

    async def test_one_is_noted_and_told_in_one_commit(self, outbox: OutboxHarness) -> None:
        """And what cannot be read of it any more is given up."""
        await renders(outbox, 10, "2")
        await BudgetWatch(outbox.services).tell_due()
        await change_rows(outbox, "detail = '{}'")
        await watch_budgets(outbox)
        assert told(outbox) == []
        row = Notification(
            id="n", team=TEAM, channel=MIA, kind=NotificationKind.PRICE_DRIFT, happened_at=0.0
        )
        assert DriftDetail.of(row) is None


class TestRestore:
    """After a backup was restored."""

    async def restored(self, outbox: OutboxHarness, folder: Path) -> None:
        """Open the store again, as one that is another file than before."""
        [path] = folder.glob("*.db")
        await outbox.store.close()
        lock_path(str(path)).unlink()
        outbox.store = await SqliteStore.open(str(path))
        outbox.services = replace(outbox.services, store=outbox.store)
        outbox.restart()

    async def test_it_is_told_once_with_a_button(
        self, outbox: OutboxHarness, tmp_path: Path
    ) -> None:
        await outbox.job(cost="1")
        await cap(outbox, ALL, "50", Window.DAY)
        await watch_budgets(outbox)
        assert told(outbox) == []
        await self.restored(outbox, tmp_path)
        await watch_budgets(outbox)
        outbox.restart()
        await watch_budgets(outbox)
        [message] = messages(outbox)
        assert message.text.startswith(":warning: *Budgets may count too little*: a backup was ")
        assert "budget_counts_checked" in str(checked_blocks(message.blocks))
        await outbox.store.close()

    async def test_what_is_checked_before_is_not_told(
        self, outbox: OutboxHarness, tmp_path: Path
    ) -> None:
        """Nor is anything where there is no budget."""
        await outbox.job(cost="1")
        await self.restored(outbox, tmp_path)
        await watch_budgets(outbox)
        await cap(outbox, ALL, "50", Window.DAY)
        await BudgetWatch(outbox.services).tell_due()
        assert await outbox.store.budgets.confirm_counts(TEAM, MIA, outbox.clock()) is not None
        await watch_budgets(outbox)
        assert told(outbox) == []
        decisions = await outbox.store.budgets.audit(0.0)
        assert decisions[-1].action is AuditAction.COUNTS_CHECKED
        await outbox.store.close()
