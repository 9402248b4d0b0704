"""Tests of prices that people are told before a render, over real HTTP."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from bot.messages import buttons
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BEN, Payload, StoredMessage
from tests.support.budget_rules import confirm_above
from tests.support.conversation import (
    last_input,
    make_video,
    names_cost,
    press,
    result_of,
    until_ephemeral,
)
from tests.support.forms import (
    KLING,
    blocks_of,
    change_option,
    element_of,
    entries,
    form_of,
    press_in_form,
    submit,
)
from tests.support.running_bot import RunningBot, running_bot

LAKE = "a lake --mode pro --duration 5"
UPGRADE = f"{buttons.UPGRADE}_0"


def elements(message: StoredMessage) -> Iterator[Mapping[str, object]]:
    """Yield the buttons under a message."""
    for block in message.blocks:
        if block["type"] == "actions":
            yield from cast("list[Mapping[str, object]]", block["elements"])


def dialogs(message: StoredMessage) -> Mapping[str, str]:
    """Return the title and the text of the dialog of each button that has one, by action ID."""
    return {
        str(one["action_id"]): f"{_text(one, 'title')} {_text(one, 'text')}"
        for one in elements(message)
        if "confirm" in one
    }


def _text(button: Mapping[str, object], name: str) -> str:
    dialog = cast("Mapping[str, Mapping[str, str]]", button["confirm"])
    return dialog[name]["text"]


async def test_buttons_that_render_tell_a_price_above_the_limit_first() -> None:
    """*Again* costs what it did, an upgrade what nobody knows yet; the others render nothing."""
    async with running_bot(COST_UNIT="USD") as bot:
        await confirm_above(bot, "0.1")
        first = await bot.type(LAKE)
        assert first.shown is not None
        await press(bot, first.shown, buttons.CONFIRM)
        await bot.until(lambda: any(map(names_cost, bot.messages())))
        result = result_of(bot, bot.messages()[0])
        assert dialogs(result) == {
            buttons.AGAIN: (
                "Render for about 0.126 USD? This costs about 0.126 USD. "
                "The limit above which I ask is 0.1 USD."
            ),
            UPGRADE: (
                "Render at an unknown price? Nobody knows yet what this costs: "
                "MindVideo has not named a price for its like."
            ),
        }


@pytest.mark.parametrize("action", [buttons.AGAIN, UPGRADE])
async def test_a_price_that_its_button_told_is_not_asked_about_again(action: str) -> None:
    """The click is the answer, by whoever clicks."""
    async with running_bot() as bot:
        await make_video(bot, LAKE)
        await confirm_above(bot, "0.1")
        await bot.type(LAKE.replace("lake", "hill"))
        await press(bot, await until_ephemeral(bot), buttons.CONFIRM)
        await bot.until_delivered(2)
        await press(bot, bot.messages()[1], action, user=BEN)
        await bot.until(lambda: len(bot.messages()) + len(bot.replies()) >= 6)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 3)
        assert len(bot.ephemerals()) == 1


async def test_a_price_that_rose_since_is_asked_about() -> None:
    """What was agreed to is the price that the button told."""
    async with running_bot() as bot:
        message = await make_video(bot, LAKE)
        result = result_of(bot, message)
        value = buttons.read_value(str(next(elements(result))["value"]))
        assert value is not None
        assert value.agreed is None
        await confirm_above(bot, "0.1")
        await press(bot, message, buttons.AGAIN)
        asked = await until_ephemeral(bot)
        assert "it costs about 0.126" in asked.text
        assert len(bot.sandbox.video.charges) == 1


async def test_without_a_limit_no_button_asks() -> None:
    """A plain click stays one click."""
    async with running_bot() as bot:
        message = await make_video(bot, LAKE)
        assert dialogs(result_of(bot, message)) == {}


async def test_the_message_tells_what_is_held_and_later_what_it_cost() -> None:
    """Of the first render of its kind the price is not known yet, and is told so."""
    async with running_bot(COST_UNIT="USD", render_seconds=0.3) as bot:
        await bot.type(LAKE)
        await bot.until(bot.messages)
        assert "price not known yet" in str(bot.messages()[0].blocks)
        await bot.until_delivered()
        await bot.type(LAKE.replace("lake", "hill"))
        await bot.until(lambda: len(bot.messages()) == 2)
        assert "about 0.126 USD held" in str(bot.messages()[1].blocks)
        await bot.until_delivered(2)
        for message in bot.messages():
            assert "cost 0.126 USD" in str(message.blocks)
            assert "held" not in str(message.blocks)


def price_in(bot: RunningBot) -> str:
    """Return what the open form tells of its price."""
    return cast("Mapping[str, str]", blocks_of(form_of(bot))["price"]["text"])["text"]


def label_of(bot: RunningBot) -> str:
    """Return the label of the button that submits the open form."""
    return cast("Mapping[str, str]", form_of(bot).data["submit"])["text"]


UNKNOWN = "Nobody knows yet what this costs: MindVideo has not named a price for its like."


async def test_the_form_tells_its_price_as_options_change() -> None:
    """Learned, scaled by the duration, not known, and not to be said; the entries stay."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot, LAKE)
        await bot.type("")
        assert (price_in(bot), label_of(bot)) == (UNKNOWN, "Render · price unknown")
        await change_option(bot, "mode", "pro", prompt="a hill")
        told = "This costs about 0.126 USD."
        assert (price_in(bot), label_of(bot)) == (told, "Render · about 0.126 USD")
        await change_option(bot, "duration", "10", prompt="a hill", mode="pro")
        assert price_in(bot) == "This costs about 0.252 USD."
        await change_option(bot, "duration", "1", prompt="a hill", mode="pro")
        assert price_in(bot) == "What this costs depends on Duration, which is not set yet."
        await change_option(bot, "audio", ["on"], prompt="a hill", mode="pro", duration="10")
        assert price_in(bot) == UNKNOWN
        assert element_of(form_of(bot), "option:prompt")["initial_value"] == "a hill"
        assert "dispatch_action" not in blocks_of(form_of(bot))["option:prompt"]


async def test_the_price_of_shots_is_that_of_all_their_seconds() -> None:
    """Also while one has no words: those are entered later, and Slack does not tell of them."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot, LAKE)
        await bot.type("")
        await press_in_form(bot, "add:multi_prompt", entries(mode="pro"))
        assert price_in(bot) == (
            "What this costs depends on the length of the shots, which is not set yet."
        )
        own = str(element_of(form_of(bot), "option:multi_prompt.1.prompt")["action_id"])
        first = {
            "option:multi_prompt.1.prompt": {own: "boats leave"},
            "option:multi_prompt.1.duration": {own: "3"},
        }
        seconds = {"option:multi_prompt.2.duration": {own: "7"}}
        delivery = await bot.sandbox.slack.people.view_action(
            ANA,
            form_of(bot).id,
            own,
            block_id="option:multi_prompt.2.duration",
            value="7",
            values={**first, **seconds},
        )
        assert delivery.error is None
        assert price_in(bot) == "This costs about 0.252 USD."
        words = {"option:multi_prompt.2.prompt": {own: "boats return"}}
        await submit(bot, values={**first, **seconds, **words})
        await bot.until(lambda: len(bot.sandbox.video.charges) == 2)
        assert last_input(bot)["duration"] == 10


async def test_the_form_that_tells_a_high_price_asks_no_second_time() -> None:
    """*Render* agrees to the price that the form told, and to no other."""
    async with running_bot() as bot:
        await make_video(bot, LAKE)
        await confirm_above(bot, "0.1")
        await bot.type("")
        await change_option(bot, "mode", "pro")
        assert price_in(bot) == (
            "This costs about 0.126. That is above 0.1, the limit above which I ask. "
            "*Render* confirms it."
        )
        await submit(bot, values=entries(prompt="a hill", mode="pro"))
        await bot.until_delivered(2)
        assert len(bot.sandbox.video.charges) == 2
        await bot.type("")
        await change_option(bot, "mode", "pro")
        # Submitted before the form could tell what ten seconds cost.
        await submit(bot, values=entries(prompt="a hut", mode="pro", duration="10"))
        assert "it costs about 0.252" in (await until_ephemeral(bot)).text
        assert len(bot.sandbox.video.charges) == 2


async def test_of_changes_at_one_instant_the_newest_is_told() -> None:
    """Slack sends them with one hash, in any order, and each redraw changes the hash."""
    async with running_bot() as bot:
        await make_video(bot, LAKE)
        await bot.type("")
        first = await change_option(bot, "mode", "pro", prompt="a hill")

        def later(seconds: int) -> Payload:
            payload = cast("Any", copy.deepcopy(first))
            action = payload["actions"][0]
            action["action_ts"] = f"{float(action['action_ts']) + seconds:.6f}"
            state = payload["view"]["state"]["values"]
            state["option:duration"][KLING]["value"] = str(5 + seconds)
            return cast("Payload", payload)

        deliver = bot.sandbox.slack.dispatcher.deliver
        changes = [later(seconds) for seconds in (2, 5, 1, 4, 3)]
        await asyncio.gather(*(deliver(DeliveryKind.INTERACTION, one) for one in changes))
        assert price_in(bot) == "This costs about 0.252."
        await deliver(DeliveryKind.INTERACTION, later(1))
        assert price_in(bot) == "This costs about 0.252."


async def test_a_form_that_was_changed_otherwise_is_left_as_it_is() -> None:
    """A hash that no redraw has replaced is not overwritten."""
    async with running_bot() as bot:
        await bot.type("")
        first = cast("Any", await change_option(bot, "mode", "pro"))
        first["view"]["hash"] = "1.elsewhere"
        before = form_of(bot).hash
        await bot.sandbox.slack.dispatcher.deliver(DeliveryKind.INTERACTION, first)
        assert form_of(bot).hash == before
