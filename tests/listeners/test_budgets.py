"""Tests of budgets in Slack, over real HTTP: refusals, and questions about money."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

from bot.messages import buttons
from sandbox.slack.entities import ANA, BEN, GENERAL, MIA, TEAM
from storage.budget import Cap, Policy, Scope, ScopeKind, Window
from storage.sqlite.store import SqliteStore
from tests.support.conversation import (
    answer,
    direct_channel,
    make_video,
    press,
    send_message,
    until_done,
    until_ephemeral,
)
from tests.support.forms import entries, form_of, submit, switch
from tests.support.running_bot import RunningBot, running_bot

HERE = Scope(kind=ScopeKind.CHANNEL, team=TEAM, name=GENERAL)
PERSON = Scope(kind=ScopeKind.PERSON, team=TEAM, name=ANA)
LAKE = "a lake --mode pro --duration 5"
ADMIN = "U0ADMIN"


async def set_rules(
    bot: RunningBot, scope: Scope | None, limit: str = "0", *, policy: Policy | None = None
) -> None:
    """Set a cap per day, and a policy, as an operator does beside the running bot."""
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    if scope is not None:
        cap = Cap(scope=scope, window=Window.DAY, limit=Decimal(limit))
        await store.budgets.set_cap(cap, ADMIN, 0.0)
    if policy is not None:
        await store.budgets.set_policy(TEAM, policy, ADMIN, 0.0)
    await store.close()


async def test_a_command_that_does_not_fit_is_refused_in_private() -> None:
    """It says which cap, how full it is, when it begins anew, and whom to ask."""
    async with running_bot(ADMINS=ADMIN, COST_UNIT="USD") as bot:
        await make_video(bot, LAKE)
        await set_rules(bot, HERE, "0.2")
        told = await answer(bot, "a hill --mode pro --duration 5")
        assert told.startswith(":no_entry: This channel's budget per day has no room: 0.126 USD")
        assert "this takes about 0.126 USD. It begins anew <!date^" in told
        assert f"<@{ADMIN}> can make room." in told
        # That the cap was set may be told in the channel meanwhile, by a notice.
        jobs = [one for one in bot.messages() if one.job_id and "notice" not in one.job_id]
        assert len(jobs) == 1
        assert len(bot.sandbox.video.charges) == 1


async def test_many_asks_at_one_instant_spend_no_more_than_the_cap() -> None:
    """Of ten, the one fits for which there is room."""
    async with running_bot() as bot:
        await make_video(bot, LAKE)
        await set_rules(bot, HERE, "0.26")
        asks = (bot.type(f"hill {n} --mode pro --duration 5") for n in range(10))
        answers = await asyncio.gather(*asks)
        assert sum(one.shown is not None for one in answers) == 9
        await bot.until(lambda: len(bot.sandbox.video.charges) == 2)
        assert len(bot.sandbox.video.charges) == 2


async def test_a_form_that_does_not_fit_stays_open() -> None:
    """What was entered is not lost."""
    async with running_bot() as bot:
        await set_rules(bot, HERE, "0")
        await bot.type("")
        await submit(bot, values=entries(prompt="a lake"))
        assert [*form_of(bot).errors.values()] == [
            (
                "This channel's budget per day is 0, so nobody can render with it. "
                "Nothing was started or charged."
            )
        ]


async def test_a_form_that_does_not_fit_now_is_planned_with_a_time() -> None:
    """That is another request than the one that was refused; budgets count at its time."""
    async with running_bot(ADMINS=ADMIN) as bot:
        await set_rules(bot, HERE, "0")
        await bot.type("")
        await submit(bot, values=entries(prompt="a lake"))
        await switch(bot, "more", ["on"], entries(prompt="a lake"))
        at = int(time.time()) + 86400
        await submit(bot, values={**entries(prompt="a lake"), "at": {"at": at}})
        await bot.until(lambda: any("Planned" in one.text for one in bot.messages()))


async def test_a_direct_conversation_has_the_budget_of_the_person() -> None:
    """And none of a channel."""
    async with running_bot() as bot:
        await set_rules(bot, PERSON, "0")
        place = direct_channel(bot)
        await send_message(bot, "a lake at dawn in the mist", channel=place)
        refused = await until_ephemeral(bot, channel=place)
        assert "Your budget per day is 0" in refused.text


async def test_a_price_above_the_limit_is_confirmed_by_a_button() -> None:
    """Then it is rendered once, however often the button is pressed."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot, LAKE)
        await set_rules(bot, None, policy=Policy(confirm_above=Decimal("0.1")))
        await send_message(bot, "<@U0VIDEO> a hill --mode pro --duration 10")
        question = await until_ephemeral(bot)
        assert "costs more than 0.1 USD: it costs about 0.252 USD." in question.text
        assert "Render it for about 0.252 USD" in str(question.blocks)
        await asyncio.gather(*(press(bot, question, buttons.CONFIRM) for _ in range(3)))
        await bot.until(lambda: len(bot.sandbox.video.charges) == 2)
        assert len(bot.sandbox.video.charges) == 2


async def test_a_confirmation_that_does_not_fit_any_more_is_refused() -> None:
    """The question can be answered again once there is room."""
    async with running_bot() as bot:
        await set_rules(bot, HERE, "9")
        await send_message(bot, "<@U0VIDEO> a lake")
        question = await until_ephemeral(bot)
        assert "I do not know what this costs" in question.text
        await set_rules(bot, HERE, "0")
        await press(bot, question, buttons.CONFIRM)
        refused = await until_ephemeral(bot, 2)
        assert "This channel's budget per day is 0" in refused.text
        await set_rules(bot, HERE, "9")
        await press(bot, question, buttons.CONFIRM)
        await until_done(bot, 1)


async def test_an_eleventh_video_at_a_time_is_refused() -> None:
    async with running_bot(render_seconds=600, MAX_ACTIVE_PER_PERSON="2") as bot:
        for name in ("a lake", "a hill"):
            assert (await bot.type(f"{name} at dawn")).shown is None
        assert "You have 2 videos under way" in await answer(bot, "a river at dawn")


async def test_a_refusal_names_whom_admins_named_for_budgets() -> None:
    """They can make room as well."""
    async with running_bot(ADMINS=MIA) as bot:
        await answer(bot, f"budget managers <@{BEN}>", user=MIA)
        await answer(bot, "budget set here 0 per day", user=BEN)
        assert f"<@{MIA}> or <@{BEN}> can make room." in await answer(bot, LAKE)
