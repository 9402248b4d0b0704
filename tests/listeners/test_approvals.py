"""Tests of approvals in Slack, over real HTTP: cards, decisions of a second person, commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from bot.messages import approvals, buttons
from sandbox.slack.entities import ANA, BEN, CREW, GENERAL, MIA, TEAM, StoredMessage
from storage.budget import Cap, Scope, ScopeKind, Window
from storage.job import Stage
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.conversation import (
    answer,
    button_labels,
    direct_channel,
    make_video,
    press,
    until_ephemeral,
)
from tests.support.forms import entries, form_of, submit
from tests.support.running_bot import RunningBot, running_bot

DEAR = "a hill --mode pro --duration 10"
"""Costs 0.252, as is known from half as long a video."""


@asynccontextmanager
async def store_of(bot: RunningBot) -> AsyncIterator[SqliteStore]:
    """Open the bot's store, as an operator does beside the running bot."""
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    yield store
    await store.close()


async def card_of(bot: RunningBot, user: str, count: int = 1) -> StoredMessage:
    """Wait until a person has so many messages of the bot; return the last one."""
    place = direct_channel(bot, user)
    await bot.until(lambda: len(bot.messages(place)) >= count)
    return bot.messages(place)[-1]


async def until_shown(bot: RunningBot, message: StoredMessage, words: str) -> None:
    """Wait until a message was edited to have these words."""
    workspace = bot.sandbox.slack.world.workspace

    def shows() -> bool:
        found = [one for one in workspace.all_in(message.channel) if one.ts == message.ts]
        return any(words in one.text for one in found)

    await bot.until(shows)


async def ask_for_approval(
    bot: RunningBot, rule: str = f"above 0.2 by <@{BEN}|ben>", request: str = DEAR
) -> str:
    """Have a price learned, set who approves, and ask for more; return the asker's answer."""
    await make_video(bot)
    assert "approval is needed" in await answer(bot, f"budget approve {rule}", user=MIA)
    return await answer(bot, request)


async def deny(bot: RunningBot, card: StoredMessage, because: str, user: str = BEN) -> None:
    """Press *Deny*, and give the reason in the form."""
    await press(bot, card, approvals.DENY, user=user)
    values = {approvals.REASON_BLOCK: {approvals.REASON_BLOCK: because}}
    assert (await submit(bot, user, values)).error is None


async def test_what_costs_more_than_the_limit_is_rendered_once_it_is_approved() -> None:
    """The approver sees who, what, the price and why; both cards then say who approved."""
    async with running_bot(ADMINS=MIA, COST_UNIT="USD") as bot:
        told = await ask_for_approval(bot)
        assert "What costs more than 0.2 USD" in told
        assert f"I asked <@{BEN}>" in told
        card = await card_of(bot, BEN)
        shown = str(card.blocks)
        for words in (f"<@{ANA}>", "a hill", "about 0.252 USD", "Kling V3", f"<#{GENERAL}>"):
            assert words in shown
        assert button_labels(card) == ["Approve", "Deny"]
        status = await card_of(bot, ANA)
        assert f"waits for an approval by <@{BEN}>" in status.text
        assert len(bot.sandbox.video.charges) == 1
        await asyncio.gather(*(press(bot, card, approvals.APPROVE, user=BEN) for _ in range(3)))
        await bot.until(lambda: len(bot.sandbox.video.charges) == 2)
        await until_shown(bot, card, f"Approved by <@{BEN}>")
        await until_shown(bot, status, f"Approved by <@{BEN}>")
        assert f"Approved by <@{BEN}>" in (await card_of(bot, ANA, 2)).text
        assert len(bot.sandbox.video.charges) == 2
        assert len(bot.messages(direct_channel(bot, BEN))) == 1


async def test_a_denial_has_a_reason_and_the_first_decision_stands() -> None:
    """Whoever comes later is told; the asker may ask again, once."""
    async with running_bot(ADMINS=MIA) as bot:
        await ask_for_approval(bot, f"above 0.2 by <@{BEN}> <@{MIA}>")
        first, second = await card_of(bot, BEN), await card_of(bot, MIA)
        await press(bot, first, approvals.DENY, user=BEN)
        await submit(bot, BEN, {approvals.REASON_BLOCK: {approvals.REASON_BLOCK: "  "}})
        assert form_of(bot, BEN).errors == {approvals.REASON_BLOCK: "Say why, in a few words."}
        reason = {approvals.REASON_BLOCK: {approvals.REASON_BLOCK: "Not this month"}}
        assert (await submit(bot, BEN, reason)).error is None
        await bot.sandbox.slack.people.click(MIA, second.ts, approvals.APPROVE)
        told = await until_ephemeral(bot, channel=second.channel)
        assert f"<@{BEN}> denied <@{ANA}>'s video" in told.text
        ended = await card_of(bot, ANA, 2)
        assert "“Not this month.” Nothing was started or charged." in ended.text
        for _ in range(2):
            await press(bot, ended, approvals.ASK_AGAIN)
        again = await card_of(bot, BEN, 2)
        assert "a hill" in str(again.blocks)
        assert f"<#{GENERAL}>" in str(again.blocks)
        assert len(bot.messages(direct_channel(bot, BEN))) == 2
        assert len(bot.sandbox.video.charges) == 1


async def test_who_asks_again_asks_for_the_same_in_its_project() -> None:
    """A button could not name it, and another is usual by then."""
    async with running_bot(ADMINS=MIA) as bot:
        await ask_for_approval(bot, request=f"{DEAR} --project launch")
        await answer(bot, "settings me project other")
        await deny(bot, await card_of(bot, BEN), "Not this month")
        await press(bot, await card_of(bot, ANA, 2), approvals.ASK_AGAIN)
        await card_of(bot, BEN, 2)
        async with store_of(bot) as store:
            (again,) = await store.jobs.jobs(JobFilter(stages=frozenset({Stage.WAITING})))
        assert again.project == "launch"


async def test_nobody_else_decides() -> None:
    """Not the asker, and nobody whom no rule names, with the value of a copied button."""
    async with running_bot(ADMINS=MIA) as bot:
        bot.sandbox.slack.world.workspace.channel(CREW).members.add(MIA)
        await ask_for_approval(bot, f"above 0.2 by <@{BEN}> in <#{CREW}>")
        await bot.until(lambda: bot.messages(CREW))
        (card,) = bot.messages(CREW)
        for number, (user, words) in enumerate(((ANA, "You asked for it"), (MIA, "Only"))):
            await press(bot, card, approvals.APPROVE, user=user)
            told = await until_ephemeral(bot, number + 1, channel=CREW)
            assert told.text.startswith(words)
            assert f"Only <@{BEN}> can decide about this." in told.text
        await deny(bot, card, "no", user=MIA)
        await until_ephemeral(bot, 3, channel=CREW)
        assert len(bot.sandbox.video.charges) == 1


async def test_an_approver_who_became_a_guest_decides_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who may decide is looked at again at the click, also where guests may use the bot."""
    monkeypatch.setattr("bot.slack.directory.CACHE_SECONDS", 0.0)
    async with running_bot(ADMINS=MIA, ALLOW_EXTERNAL_PEOPLE="true") as bot:
        await ask_for_approval(bot)
        card = await card_of(bot, BEN)
        bot.sandbox.slack.world.workspace.users[BEN].is_guest = True
        await press(bot, card, approvals.APPROVE, user=BEN)
        told = await until_ephemeral(bot, channel=card.channel)
        assert "members of this workspace only" in told.text
        assert len(bot.sandbox.video.charges) == 1


async def test_approvers_are_asked_in_their_channel() -> None:
    """With a mention, so that they hear of it; the video is still made where it was asked for."""
    async with running_bot(ADMINS=MIA) as bot:
        bot.sandbox.slack.world.workspace.channel(CREW).members.add(MIA)
        await ask_for_approval(bot, f"above 0.2 by <@{BEN}> in <#{CREW}|crew>")
        await bot.until(lambda: bot.messages(CREW))
        (card,) = bot.messages(CREW)
        assert f"<@{BEN}>" in str(card.blocks)
        assert bot.messages(direct_channel(bot, BEN)) == []
        await press(bot, card, approvals.APPROVE, user=BEN)
        await bot.until(lambda: len(bot.messages()) == 2)


async def test_beyond_a_hard_cap_an_approver_decides_who_was_asked_to() -> None:
    """The refusal offers it, the card says what is left, and an approval alone does not fit."""
    async with running_bot(ADMINS=MIA) as bot:
        await make_video(bot)
        async with store_of(bot) as store:
            scope = Scope(kind=ScopeKind.CHANNEL, team=TEAM, name=GENERAL)
            cap = Cap(scope=scope, window=Window.DAY, limit=Decimal("0.3"))
            await store.budgets.set_cap(cap, MIA, 0.0)
        refused = await bot.type(DEAR)
        assert refused.shown is not None
        assert button_labels(refused.shown) == ["Ask an approver"]
        assert bot.messages(direct_channel(bot, MIA)) == []
        for _ in range(2):
            await press(bot, refused.shown, buttons.ASK_APPROVER)
        card = await card_of(bot, MIA)
        assert f"The budget of <#{GENERAL}> per day: 0.174 of 0.3 left" in str(card.blocks)
        assert button_labels(card) == ["Approve", "Deny", "Approve beyond the cap"]
        await press(bot, card, approvals.APPROVE, user=MIA)
        told = await until_ephemeral(bot, channel=card.channel)
        assert f"The budget of <#{GENERAL}> per day has no room" in told.text
        assert len(bot.sandbox.video.charges) == 1
        await press(bot, told, approvals.BEYOND, user=MIA)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 2)
        await until_shown(bot, card, f"Approved beyond the cap by <@{MIA}>")
        async with store_of(bot) as store:
            entry = (await store.budgets.audit(0))[-1]
        assert (entry.action, entry.by) == ("admitted beyond caps", MIA)


COMMANDS = [
    ("budget confirm above 1", "I ask before I render what costs more than 1."),
    ("budget confirm off", "Nobody is asked any more to confirm a price."),
    (f"budget approve by <@{BEN}>, <@{ANA}> within 2d own on", f"<@{BEN}> or <@{ANA}>"),
    ("budget approve above 5", "costs more than 5"),
    (f"budget approve here by <@{MIA}>", f"<#{GENERAL}>: approval is needed"),
    ("budget approve here off", f"<#{GENERAL}>: no approval rule any more."),
    ("budget approve", "Here: approval is needed for what costs more than 5"),
    ("budget confirm", "Type `/video budget confirm above 1`"),
    ("budget confirm above NaN", "`NaN` is no amount"),
    ("budget approve above -5", "is no amount"),
    ("budget approve above 1e400", "is no amount"),
    ("budget approve above $5", "Amounts here have no currency"),
    ("budget confirm above 5 EUR", "give 5 without `EUR`"),
    ("budget confirm above 5 or so", "`5 or so` is no amount"),
    ("budget approve above 5 EUR by <@U0BEN>", "give 5 without `EUR`"),
    ("budget approve above", "I do not understand `above` there"),
    ("budget approve above by <@U0BEN>", "I do not understand `above` there"),
    ("budget approve by mia", "Slack did not tell me who `mia` is"),
    ("budget approve by <@U0VIDEO>", "only full members"),
    ("budget approve by <@U0NOBODY>", "only full members"),
    ("budget approve above 5 in money", "Slack did not tell me which channel `money` is"),
    (f"budget approve above 5 in <#{CREW}>", "You are not in that channel"),
    ("budget approve within 8d", "A request can wait from `1h` to `7d`"),
    ("budget approve own maybe", "I do not understand `own` there"),
]


async def test_every_command_is_answered_and_a_bad_one_changes_nothing() -> None:
    async with running_bot(ADMINS=MIA) as bot:
        for text, words in COMMANDS:
            assert words in await answer(bot, text, user=MIA), text
        for text in ("budget approve above 1", "budget confirm above 1", "budget approve off"):
            assert f"Only <@{MIA}> can change this" in await answer(bot, text, user=ANA)
        async with store_of(bot) as store:
            rules = await store.budgets.rules(TEAM, 0.0)
        [rule] = rules.approvals
        assert (str(rule.above), rule.approvers) == ("5", (BEN, ANA))
        assert (rule.seconds, rule.allows_own) == (2 * 86400.0, True)


async def test_a_form_that_a_budget_refuses_stays_open_and_an_approver_can_be_asked() -> None:
    """What is then changed in the form is another request."""
    async with running_bot(ADMINS=MIA) as bot:
        async with store_of(bot) as store:
            scope = Scope(kind=ScopeKind.CHANNEL, team=TEAM, name=GENERAL)
            cap = Cap(scope=scope, window=Window.DAY, limit=Decimal(0))
            await store.budgets.set_cap(cap, MIA, 0.0)
        await bot.type("")
        await submit(bot, values=entries(prompt="a lake"))
        assert "This channel's budget per day is 0" in str(form_of(bot).errors)
        assert "Behind this form a message" in str(form_of(bot).errors)
        offer = await until_ephemeral(bot)
        assert button_labels(offer) == ["Ask an approver"]
        await submit(bot, values=entries(prompt="a hill"))
        await until_ephemeral(bot, 2)
        await press(bot, offer, buttons.ASK_APPROVER)
        card = await card_of(bot, MIA)
        assert "a lake" in str(card.blocks)
        await press(bot, card, approvals.BEYOND, user=MIA)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 1)
