"""Tests of what is told about budgets unasked, by the outbox, in a simulated Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pysqlite3
import pytest
import pytest_asyncio

from bot.slack import chat
from bot.worker.context import Claim
from sandbox.slack.entities import ANA, BEN, GENERAL, MIA, TEAM, StoredMessage
from storage.budget import OPERATOR, Cap, Policy, Raise, Scope, ScopeKind, Stop, Window
from storage.budget_notice import AlertDetail, DecisionDetail
from storage.job import Event, EventName, Job, Stage
from storage.notification import OPERATORS, Notification, NotificationKind, team_scope
from tests.support.outbox_harness import OutboxHarness, outbox_harness

PERSON = Scope(kind=ScopeKind.PERSON, team=TEAM, name=ANA)
EVERYONE = Scope(kind=ScopeKind.EVERYONE, team=TEAM)
HERE = Scope(kind=ScopeKind.CHANNEL, team=TEAM, name=GENERAL)
ALL = Scope(kind=ScopeKind.WORKSPACE, team=TEAM)
KLING = Scope(kind=ScopeKind.MODEL, team=TEAM, name="kling-v3")


@pytest_asyncio.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[OutboxHarness]:
    async with outbox_harness(tmp_path) as harness:
        harness.services = replace(harness.services, unit="USD")
        harness.restart()
        await harness.store.settings.set(team_scope(TEAM), OPERATORS, [MIA])
        yield harness


async def cap(outbox: OutboxHarness, scope: Scope, limit: str, *, is_hard: bool = True) -> None:
    """Set a cap per day by the operator, and take what is told of it as read."""
    made = Cap(scope=scope, window=Window.DAY, limit=Decimal(limit), is_hard=is_hard)
    await outbox.store.budgets.set_cap(made, OPERATOR, outbox.clock())


async def bill(outbox: OutboxHarness, job: Job, amount: str) -> Job:
    """Commit what a job cost."""
    event = Event(at=outbox.clock(), name=EventName.COST, detail=amount)
    return await outbox.store.jobs.apply(job, replace(job, cost_actual=Decimal(amount)), event)


def told(outbox: OutboxHarness, place: str) -> list[str]:
    """Return what the bot said in a channel, or to a person."""
    workspace = outbox.slack.world.workspace
    channel = place if place.startswith("C") else workspace.direct(place).id
    return [one.text for one in _own(workspace.all_in(channel))]


def _own(messages: list[StoredMessage]) -> list[StoredMessage]:
    return [one for one in messages if one.user not in {ANA, BEN, MIA}]


@pytest.mark.parametrize(
    ("scope", "places"),
    [(PERSON, {ANA}), (EVERYONE, {ANA}), (HERE, {GENERAL}), (ALL, {MIA}), (KLING, {MIA})],
)
async def test_an_alert_is_told_once_to_those_whom_it_concerns(
    outbox: OutboxHarness, scope: Scope, places: set[str]
) -> None:
    """The person, the channel, or the admins; a job that moves on does not tell it again."""
    job = await outbox.job(cost=None)
    await cap(outbox, scope, "1")
    job = await bill(outbox, job, "0.5")
    await outbox.run(30)
    await outbox.deliver(job)
    outbox.restart()
    await outbox.run(30)
    alerts = {place: [one for one in told(outbox, place) if "Half" in one] for place in places}
    assert [len(found) for found in alerts.values()] == [1] * len(places)
    for found in alerts.values():
        assert "is used: 0.5 USD of 1 USD. It begins anew <!date^" in found[0]
    everywhere = {place for place in (ANA, BEN, MIA, GENERAL) if "Half" in str(told(outbox, place))}
    assert everywhere == places


async def test_an_alert_that_a_backup_does_not_know_is_found_and_not_told_again(
    outbox: OutboxHarness, tmp_path: Path
) -> None:
    """Its row is made anew, later than the message: the ID is of the period."""
    job = await outbox.job(cost=None)
    await cap(outbox, HERE, "1")
    job = await bill(outbox, job, "0.5")
    await outbox.run(30)
    forget_alerts(tmp_path)
    outbox.restart()
    await outbox.run(60)
    await bill(outbox, job, "0.6")
    await outbox.run(30)
    assert len([one for one in told(outbox, GENERAL) if "Half" in one]) == 1


async def test_a_channel_with_too_many_messages_is_told_all_the_same(
    outbox: OutboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A budget for ever would be searched for from the channel's first message on."""
    monkeypatch.setattr(chat, "MOST_PAGES", 0)
    job = await outbox.job(cost=None)
    outbox.clock.now += 1
    made = Cap(scope=HERE, window=Window.ONCE, limit=Decimal(1))
    await outbox.store.budgets.set_cap(made, OPERATOR, outbox.clock())
    await bill(outbox, job, "0.5")
    await outbox.run(30)
    assert len([one for one in told(outbox, GENERAL) if "Half" in one]) == 1


def forget_alerts(folder: Path) -> None:
    """Take all alerts out of the store, as a backup lacks what came after it."""
    [path] = folder.glob("*.db")
    with closing(pysqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM alerts")
        kind = NotificationKind.BUDGET_ALERT.value
        assert db.execute("DELETE FROM notifications WHERE kind = ?", (kind,)).rowcount == 1


async def test_one_job_that_reaches_three_levels_is_told_as_one(outbox: OutboxHarness) -> None:
    """The highest; of a channel's budget that is used up, the admins hear too."""
    job = await outbox.job(cost=None)
    await cap(outbox, HERE, "1")
    await bill(outbox, job, "2")
    await outbox.run(30)
    [_, alert] = told(outbox, GENERAL)
    assert alert.startswith(
        ":no_entry: This channel's budget per day is used up: 2 USD of 1 USD. "
        "What more it would take is refused."
    )
    named = f"The budget of <#{GENERAL}> per day"
    assert told(outbox, MIA) == [alert.replace("This channel's budget per day", named)]


async def test_a_soft_budget_says_that_it_asks(outbox: OutboxHarness) -> None:
    """And how much of what is used is only held."""
    await outbox.job(cost=None)
    job = await outbox.job(cost=None)
    await cap(outbox, PERSON, "1", is_hard=False)
    job = await bill(outbox, job, "0.41")
    await outbox.run(30)
    assert told(outbox, ANA)[-1].startswith(
        ":warning: 80 % of your budget per day is used: 0.81 USD of 1 USD, "
        "0.4 USD of it held for videos under way."
    )
    await bill(outbox, job, "0.6")
    await outbox.run(30)
    assert "What more it would take is asked about first." in told(outbox, ANA)[-1]


async def test_an_amount_that_comes_after_its_day_alerts_nobody(outbox: OutboxHarness) -> None:
    """That day is over."""
    job = await outbox.job(cost=None)
    await cap(outbox, PERSON, "1")
    outbox.clock.now += 86400 * 2
    await bill(outbox, job, "5")
    await outbox.run(30)
    assert "used" not in str(told(outbox, ANA))


@pytest.mark.parametrize("is_estimate", [True, False])
async def test_an_amount_that_nothing_else_goes_with_is_told_at_its_own_time(
    outbox: OutboxHarness, *, is_estimate: bool
) -> None:
    """A request of the day before, confirmed today: a poll that finds only an amount alerts."""
    made = await outbox.job(cost=None, stage=Stage.RENDERING, outcome=None)
    asked = replace(made, created_at=made.created_at - 86400)
    job = await outbox.store.jobs.apply(made, asked, None)
    await cap(outbox, PERSON, "1")
    claim = Claim(job, outbox.store.jobs, outbox.services, leased_at=outbox.clock())
    half = Decimal("0.5")
    named = replace(job, cost_estimate=half) if is_estimate else replace(job, cost_actual=half)
    await claim.write(named, None)
    await outbox.run(30)
    assert "Half of your budget" in told(outbox, ANA)[-1]
    [alert] = await outbox.store.budgets.alerts()
    assert alert.at >= job.created_at + 86400


async def test_a_channel_hears_who_stopped_it_and_why(outbox: OutboxHarness) -> None:
    """And who let it go on; nothing that was asked for there is a mention."""
    budgets, now = outbox.store.budgets, outbox.clock()
    await budgets.stop(Stop(scope=HERE, by=MIA, because="<!channel> *audit*", at=now))
    await outbox.run(5)
    await budgets.go_on(HERE, MIA, outbox.clock())
    await outbox.run(5)
    stopped, went_on = told(outbox, GENERAL)
    assert stopped == (
        ":octagonal_sign: *mia* stopped new videos in this channel. What is under way goes on. "
        "“&lt;!channel&gt; \u2217audit\u2217”"
    )
    assert went_on == ":arrow_forward: *mia* lets new videos be made in this channel again."


async def test_a_person_hears_of_their_budget_unless_they_set_it(outbox: OutboxHarness) -> None:
    budgets = outbox.store.budgets
    made = Cap(scope=PERSON, window=Window.WEEK, limit=Decimal(20), is_hard=False)
    await budgets.set_cap(made, MIA, outbox.clock())
    await outbox.run(5)
    await budgets.set_cap(replace(made, limit=Decimal(30)), ANA, outbox.clock())
    await outbox.run(5)
    assert await budgets.remove_cap(PERSON, Window.WEEK, OPERATOR, outbox.clock())
    await outbox.run(5)
    assert told(outbox, ANA) == [
        (
            ":moneybag: *mia* set your budget per week to 20 USD. "
            "What goes beyond it is asked about first."
        ),
        ":moneybag: *Whoever runs this bot* removed your budget per week.",
    ]


async def test_a_raise_is_told_and_so_is_its_end(outbox: OutboxHarness) -> None:
    """At its end and not before; what comes meanwhile is told at once."""
    budgets, now = outbox.store.budgets, outbox.clock()
    more = Raise(scope=HERE, amount=Decimal(20), until=now + 300, by=MIA, because="launch", at=now)
    await budgets.add_raise(more)
    await cap(outbox, HERE, "1")
    await outbox.run(200)
    assert len(told(outbox, GENERAL)) == 2
    assert told(outbox, GENERAL)[0].startswith(
        ":moneybag: *mia* raised this channel's budget by 20 USD until <!date^"
    )
    await outbox.store.move_back(outbox.clock(), 1000.0)
    await outbox.run(50)
    assert len(told(outbox, GENERAL)) == 2
    await outbox.run(100)
    assert told(outbox, GENERAL)[2:] == [
        ":alarm_clock: The raise of this channel's budget by 20 USD has ended."
    ]


async def test_the_end_of_a_raise_of_the_workspace_is_told_to_whoever_raised_it(
    outbox: OutboxHarness,
) -> None:
    now = outbox.clock()
    more = Raise(scope=ALL, amount=Decimal(2), until=now + 10, by=MIA, because="", at=now)
    await outbox.store.budgets.add_raise(more)
    await outbox.store.budgets.add_raise(replace(more, by=OPERATOR))
    await outbox.run(20)
    assert told(outbox, MIA) == [
        ":alarm_clock: The raise of the workspace's budget by 2 USD has ended."
    ]


async def test_a_raise_that_somebody_ends_is_told_once(outbox: OutboxHarness) -> None:
    """As what they did, and not again when it would have ended."""
    budgets, now = outbox.store.budgets, outbox.clock()
    more = Raise(scope=HERE, amount=Decimal(2), until=now + 60, by=MIA, because="", at=now)
    await budgets.add_raise(more)
    await outbox.run(5)
    assert await budgets.end_raises(HERE, MIA, outbox.clock()) == 1
    assert await budgets.end_raises(HERE, MIA, outbox.clock()) == 0
    assert (await budgets.rules(TEAM, outbox.clock())).raises == ()
    await outbox.run(120)
    assert [text.partition(" until")[0] for text in told(outbox, GENERAL)] == [
        ":moneybag: *mia* raised this channel's budget by 2 USD",
        ":moneybag: *mia* ended the raise of this channel's budget.",
    ]


async def test_a_delivery_that_comes_again_decides_nothing_again(outbox: OutboxHarness) -> None:
    """Neither a raise, nor what was decided otherwise since."""
    budgets, now = outbox.store.budgets, outbox.clock()
    made = Cap(scope=HERE, window=Window.DAY, limit=Decimal(5))
    more = Raise(scope=HERE, amount=Decimal(2), until=now + 9999, by=MIA, because="", at=now)
    for _ in range(2):
        await budgets.set_cap(made, MIA, now, dedup_key="one")
        await budgets.set_cap(replace(made, limit=Decimal(6)), MIA, now + 1, dedup_key="two")
        await budgets.add_raise(more, dedup_key="three")
        await budgets.set_policy(TEAM, Policy(confirm_above=Decimal(1)), MIA, now, dedup_key="four")
        await budgets.set_policy(TEAM, Policy(), MIA, now, dedup_key="five")
        await budgets.set_managers(TEAM, [ANA], MIA, now, dedup_key="six")
        await budgets.set_managers(TEAM, [BEN], MIA, now, dedup_key="seven")
    rules = await budgets.rules(TEAM, now)
    assert [one.limit for one in rules.caps] == [Decimal(6)]
    assert rules.raises == (more,)
    assert rules.policy == Policy()
    assert await budgets.managers(TEAM) == (BEN,)
    assert len(await budgets.audit(0.0)) == 7


async def test_a_channel_that_takes_nothing_keeps_its_budget(outbox: OutboxHarness) -> None:
    """The notification is given up, with the reason."""
    outbox.slack.world.workspace.channels[GENERAL].archived = True
    await cap(outbox, HERE, "1")
    await outbox.run(60)
    assert told(outbox, GENERAL) == []
    assert len((await outbox.store.budgets.rules(TEAM, outbox.clock())).caps) == 1


def test_a_detail_that_cannot_be_read_is_none() -> None:
    row = Notification(
        id="n",
        team=TEAM,
        channel=ANA,
        kind=NotificationKind.BUDGET_ALERT,
        happened_at=0.0,
        detail="{}",
    )
    assert AlertDetail.of(row) is None
    assert DecisionDetail.of(row) is None


async def test_the_ends_of_two_raises_are_told_when_each_comes(outbox: OutboxHarness) -> None:
    """One that was made first and ends later holds up no other."""
    now = outbox.clock()
    more = Raise(scope=HERE, amount=Decimal(2), until=now + 900, by=MIA, because="", at=now)
    await outbox.store.budgets.add_raise(more)
    await outbox.store.budgets.add_raise(replace(more, amount=Decimal(1), until=now + 60))
    await outbox.run(120)
    ended = [text for text in told(outbox, GENERAL) if "has ended" in text]
    assert ended == [":alarm_clock: The raise of this channel's budget by 1 USD has ended."]
