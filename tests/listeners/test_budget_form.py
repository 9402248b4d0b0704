"""Tests of the form of budgets in the Home tab, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import pytest_asyncio

from bot.messages.budget_form import Field
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, MIA, TEAM
from storage.budget import Cap, Rules, Scope, ScopeKind, Window
from storage.sqlite.store import SqliteStore
from tests.support.conversation import answer, direct_channel
from tests.support.forms import form_of, submit
from tests.support.running_bot import RunningBot, running_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot() -> AsyncIterator[RunningBot]:
    """Run a bot whose admin is Mia."""
    async with running_bot(ADMINS=MIA, COST_UNIT="USD") as running:
        yield running


async def rules_of(bot: RunningBot) -> Rules:
    """Return the rules of the workspace."""
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    try:
        return await store.budgets.rules(TEAM, datetime.now(UTC).timestamp())
    finally:
        await store.close()


def tab(bot: RunningBot, user: str = MIA) -> str:
    """Return the blocks of a Home tab as JSON, or an empty text."""
    view = bot.sandbox.slack.world.views.homes.get(user)
    return json.dumps(view.data["blocks"], ensure_ascii=False) if view else ""


async def fill(bot: RunningBot, **entered: str) -> None:
    """Open the form as Mia, and submit it with these values, by the name of the field."""
    people = bot.sandbox.slack.people
    if not tab(bot):
        await people.open_home(MIA)
        await bot.until(lambda: "Change budgets" in tab(bot))
    views = bot.sandbox.slack.world.views
    if views.top(MIA) is None:
        home = views.homes[MIA]
        delivery = await people.view_action(MIA, home.id, "budget_open")
        assert delivery.error is None
    fields = {Field[name.upper()].value: value for name, value in entered.items()}
    await submit(bot, MIA, {name: {name: value} for name, value in fields.items()})


def told(bot: RunningBot) -> str:
    """Return what the bot told Mia directly last."""
    place = direct_channel(bot, MIA)
    messages = bot.sandbox.slack.world.workspace.all_in(place)
    return messages[-1].text if messages else ""


async def test_a_budget_is_set_raised_and_removed_in_the_form(bot: RunningBot) -> None:
    """It is answered directly, and the tab shows it."""
    await fill(bot, whose="person", person=ANA, amount="20 USD", window="week", kind="soft")
    scope = Scope(kind=ScopeKind.PERSON, team=TEAM, name=ANA)
    cap = Cap(scope=scope, window=Window.WEEK, limit=Decimal(20), is_hard=False)
    assert (await rules_of(bot)).caps == (cap,)
    await bot.until(lambda: "Set. *The budget of <@U0ANA> per week*" in told(bot))
    await bot.until(lambda: "*20 USD left* of 20 USD · soft: asks first" in tab(bot))
    await fill(
        bot, action="raise", whose="person", person=ANA, amount="5", until="month", because="launch"
    )
    (more,) = (await rules_of(bot)).raises
    assert (more.amount, more.because, more.by) == (Decimal(5), "launch", MIA)
    await fill(bot, action="end", whose="person", person=ANA)
    assert (await rules_of(bot)).raises == ()
    await fill(bot, action="unset", whose="person", person=ANA, window="week")
    assert (await rules_of(bot)).caps == ()


@pytest.mark.parametrize(
    ("entered", "scope"),
    [
        ({}, Scope(kind=ScopeKind.EVERYONE, team=TEAM)),
        ({"whose": "workspace"}, Scope(kind=ScopeKind.WORKSPACE, team=TEAM)),
        (
            {"whose": "channel", "channel": GENERAL},
            Scope(kind=ScopeKind.CHANNEL, team=TEAM, name=GENERAL),
        ),
        ({"whose": "model"}, Scope(kind=ScopeKind.MODEL, team=TEAM, name="kling-v3")),
        (
            {"whose": "project", "project": "Launch"},
            Scope(kind=ScopeKind.PROJECT, team=TEAM, name="launch"),
        ),
    ],
)
async def test_every_kind_of_budget_can_be_set(
    bot: RunningBot, entered: dict[str, str], scope: Scope
) -> None:
    await fill(bot, amount="9.5", **entered)
    cap = Cap(scope=scope, window=Window.DAY, limit=Decimal("9.5"))
    assert cap in (await rules_of(bot)).caps


async def test_new_videos_are_stopped_and_go_on_in_the_form(bot: RunningBot) -> None:
    await fill(bot, action="stop", whose="workspace", because="audit")
    assert [stop.because for stop in (await rules_of(bot)).stops] == ["audit"]
    await fill(bot, action="go on", whose="workspace")
    assert (await rules_of(bot)).stops == ()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("entered", "field", "problem"),
    [
        ({}, Field.AMOUNT, "Say how much."),
        ({"amount": "-5"}, Field.AMOUNT, "-5 is no amount."),
        ({"amount": "NaN"}, Field.AMOUNT, "NaN is no amount."),
        ({"amount": "1e400"}, Field.AMOUNT, "1e400 is no amount."),
        ({"amount": "5 EUR"}, Field.AMOUNT, "Amounts here are in USD"),
        ({"amount": "5", "whose": "person"}, Field.PERSON, "Choose whose budget"),
        ({"amount": "5", "whose": "person", "person": BOT}, Field.PERSON, "Apps have no budget"),
        ({"amount": "5", "whose": "channel"}, Field.CHANNEL, "Choose whose budget"),
        ({"amount": "5", "whose": "channel", "channel": CREW}, Field.CHANNEL, "I cannot see"),
        ({"amount": "5", "whose": "channel", "channel": "D0MIA"}, Field.CHANNEL, "A direct"),
        ({"amount": "5", "whose": "project"}, Field.PROJECT, "Say which project."),
        ({"amount": "5,50"}, Field.AMOUNT, "5,50 is no amount."),
        ({"amount": "€5"}, Field.AMOUNT, "Amounts here are in USD"),
        ({"amount": "5", "whose": "project", "project": "a b"}, Field.PROJECT, "is no name"),
        ({"action": "stop", "whose": "everyone"}, Field.WHOSE, "Only a channel"),
        ({"action": "unset", "whose": "workspace", "window": "once"}, Field.WHOSE, "no such"),
        ({"action": "raise", "amount": "5", "day": "2020-01-01"}, Field.DAY, "from today on"),
        ({"action": "raise", "amount": "5", "day": "soon"}, Field.DAY, "This is no day."),
    ],
)
async def test_what_makes_no_sense_stays_in_the_form(
    bot: RunningBot, entered: dict[str, str], field: Field, problem: str
) -> None:
    """The form stays open with a sentence at the field, and nothing is changed."""
    await answer(bot, "budget set everyone 7 per day", user=MIA)
    before = await rules_of(bot)
    await fill(bot, **entered)
    errors = form_of(bot, MIA).errors
    assert [*errors] == [field]
    assert problem in errors[field]
    assert await rules_of(bot) == before


async def test_others_see_their_own_budget_alone(bot: RunningBot) -> None:
    """Neither the budgets of the workspace, nor the form that changes them."""
    await answer(bot, "budget set everyone 7 per day", user=MIA)
    await bot.sandbox.slack.people.open_home(BEN)
    await bot.until(lambda: "Your budget per day" in tab(bot, BEN))
    assert "*7 USD left* of 7 USD" in tab(bot, BEN)
    assert "Change budgets" not in tab(bot, BEN)


async def test_who_is_not_in_charge_any_more_opens_no_form(bot: RunningBot) -> None:
    """The button may still stand in their tab."""
    await answer(bot, f"budget managers <@{ANA}>", user=MIA)
    people, views = bot.sandbox.slack.people, bot.sandbox.slack.world.views
    await people.open_home(ANA)
    await bot.until(lambda: "Change budgets" in tab(bot, ANA))
    await answer(bot, "budget managers none", user=MIA)
    await people.view_action(ANA, views.homes[ANA].id, "budget_open")
    assert views.top(ANA) is None
    place, workspace = direct_channel(bot), bot.sandbox.slack.world.workspace
    await bot.until(lambda: "can change this" in str(workspace.all_in(place)))
