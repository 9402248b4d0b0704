"""Tests of storyboards, over real HTTP: typed as lines, filled in in the form, shown to people."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from bot.messages import buttons
from sandbox.mindvideo.faults import Call
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BEN, MIA
from sandbox.slack.views import View
from storage.job import Json
from tests.support.conversation import (
    answer,
    last_input,
    make_video,
    mention,
    press,
    until_done,
    until_ephemeral,
    until_reply_done,
)
from tests.support.forms import (
    KLING,
    blocks_of,
    element_of,
    entries,
    form_of,
    press_in_form,
    submit,
    switch,
)
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, write
from tests.support.running_bot import RunningBot, running_bot

DIVIDE = ADD = "add:multi_prompt"
BOATS = "3s: boats leave at dawn\n4s: boats return"
SENT: Mapping[str, Json] = {
    "prompt": "boats leave at dawn. boats return",
    "duration": 7,
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [
        {"prompt": "boats leave at dawn", "duration": 3},
        {"prompt": "boats return", "duration": 4},
    ],
}


def shot(number: int, words: str = "", seconds: str = "", action_id: str = KLING) -> Values:
    """Return the entered values of a shot's fields."""
    name = f"option:multi_prompt.{number}"
    return {f"{name}.prompt": {action_id: words}, f"{name}.duration": {action_id: seconds}}


Values = dict[str, Mapping[str, object]]


def shown_shots(view: View) -> list[tuple[object, object]]:
    """Return the words and the seconds of each shot that a form shows."""
    blocks = blocks_of(view)
    numbers = [n for n in range(1, 7) if f"option:multi_prompt.{n}.prompt" in blocks]
    return [
        (
            element_of(view, f"option:multi_prompt.{n}.prompt").get("initial_value", ""),
            element_of(view, f"option:multi_prompt.{n}.duration").get("initial_value", ""),
        )
        for n in numbers
    ]


def ids(view: View, number: int) -> str:
    """Return the action ID of a shot's fields."""
    return str(element_of(view, f"option:multi_prompt.{number}.prompt")["action_id"])


async def divide(bot: RunningBot, **fields: str) -> str:
    """Open a form, fill in these fields and divide the video; return the shots' action ID."""
    await bot.type("")
    await press_in_form(bot, DIVIDE, entries(**fields))
    return ids(form_of(bot), 1)


def at_home(bot: RunningBot) -> str:
    """Return what Ana's Home tab shows."""
    return str(bot.sandbox.slack.world.views.homes.get(ANA))


async def test_every_surface_sends_the_same_bytes() -> None:
    """Command, mention, reply in a thread and form; nothing is asked."""
    async with running_bot() as bot:
        message = await make_video(bot, f"{BOATS}\n--mode pro")
        await mention(bot, f"--mode pro\n{BOATS}", user=BEN)
        await until_done(bot, 1)
        await mention(bot, "new: a hill --duration 9", thread=message, user=MIA)
        await until_reply_done(bot, 2)
        assert last_input(bot) == {"prompt": "a hill", "duration": 9, "mode": "pro"}
        await mention(bot, f"again\nnew:\n{BOATS}", thread=message, user=MIA)
        await until_reply_done(bot, 3)
        own = await divide(bot, prompt="boats leave\nat dawn", mode="pro", duration="3")
        filled = {**shot(1, "boats leave\nat dawn", "3", own), **shot(2, "boats return", "4", own)}
        await submit(bot, values=filled)
        question = await until_ephemeral(bot)
        assert "You asked for exactly this a moment ago" in question.text
        await press(bot, question, buttons.CONFIRM)
        await bot.until(lambda: len(bot.sandbox.video.calls(Call.SUBMIT)) == 5)
        bodies = [call.body for call in bot.sandbox.video.calls(Call.SUBMIT)]
        assert last_input(bot) == {**SENT, "mode": "pro"}
    del bodies[2]
    assert len(set(bodies)) == 1


async def test_the_form_divides_a_prompt_into_shots_with_their_sum_and_order() -> None:
    """What was entered stays through every press, also where a shot is not complete."""
    async with running_bot() as bot:
        own = await divide(bot, prompt="boats leave", duration="6", mode="pro")
        view = form_of(bot)
        assert shown_shots(view) == [("boats leave", "6"), ("", "")]
        assert "option:prompt" not in blocks_of(view)
        assert "Together *6 s*. Kling V3 makes 3 to 15 s." in str(blocks_of(view))

        # Each character of the seconds is told, so that sum and price are those of what is entered.
        first = shot(1, "boats leave", "6", own)
        values = {**first, **shot(2, "boats return", "12", own)}
        delivery = await bot.sandbox.slack.people.view_action(
            ANA, view.id, own, block_id="option:multi_prompt.2.duration", value="12", values=values
        )
        assert delivery.error is None
        assert ":warning: Together *18 s*, but Kling V3 makes 3 to 15 s." in str(form_of(bot).data)

        values = {**first, **shot(2, "boats return", "", own)}
        await press_in_form(bot, ADD, values)
        assert shown_shots(form_of(bot)) == [("boats leave", "6"), ("boats return", ""), ("", "")]
        third = shot(3, "night falls", "2", own)
        await press_in_form(bot, "move:multi_prompt", {**values, **third}, block_id=row(3))
        assert shown_shots(form_of(bot)) == [
            ("boats leave", "6"),
            ("night falls", "2"),
            ("boats return", ""),
        ]
        assert ids(form_of(bot), 1) != own, "Slack would keep what was entered by ID"
        await press_in_form(bot, "remove:multi_prompt", {}, block_id=row(3))
        await press_in_form(bot, "move:multi_prompt", {}, block_id=row(2))
        assert shown_shots(form_of(bot)) == [("night falls", "2"), ("boats leave", "6")]
        await submit(bot)
        await bot.until_delivered()
        sent = last_input(bot)
        assert (sent["mode"], sent["duration"]) == ("pro", 8)
        assert sent["prompt"] == "night falls. boats leave"
        assert bot.ephemerals() == []


def row(number: int) -> str:
    """Return the block of a shot's buttons."""
    return f"item:multi_prompt.{number}"


async def test_shots_become_one_prompt_again() -> None:
    """Their words are joined, and the video is as long as they were together."""
    async with running_bot() as bot:
        own = await divide(bot, prompt="boats leave", duration="6")
        filled = {**shot(1, "boats leave", "6", own), **shot(2, "boats return", "3", own)}
        await press_in_form(bot, "none:multi_prompt", filled)
        view = form_of(bot)
        assert shown_shots(view) == []
        assert element_of(view, "option:prompt")["initial_value"] == "boats leave. boats return"
        assert element_of(view, "option:duration")["initial_value"] == "9"
        await submit(bot)
        await bot.until_delivered()
        assert last_input(bot) == {"prompt": "boats leave. boats return", "duration": 9}


async def test_a_press_that_is_delivered_twice_moves_once() -> None:
    async with running_bot() as bot:
        own = await divide(bot, prompt="boats leave")
        filled = {**shot(1, "boats leave", "3", own), **shot(2, "boats return", "3", own)}
        pressed = await press_in_form(bot, "move:multi_prompt", filled)
        moved = [("boats return", "3"), ("boats leave", "3")]
        assert shown_shots(form_of(bot)) == moved
        deliver = bot.sandbox.slack.dispatcher.deliver
        await deliver(DeliveryKind.INTERACTION, pressed.payload)
        assert shown_shots(form_of(bot)) == moved


async def test_a_change_on_the_heels_of_a_press_keeps_what_the_press_did() -> None:
    """It has the fields as they were before the press: another shot would be gone with it."""
    async with running_bot() as bot:
        own = await divide(bot)
        two = {**shot(1, "boats leave", "3", own), **shot(2, "boats return", "3", own)}
        await press_in_form(bot, ADD, two)
        all_three = {**two, **shot(3, "night falls", "3", own)}
        pressed = await press_in_form(bot, "remove:multi_prompt", all_three, block_id=row(1))
        assert shown_shots(form_of(bot)) == [("boats return", "3"), ("night falls", "3")]
        change = cast("Any", copy.deepcopy(pressed.payload))
        seconds = "option:multi_prompt.3.duration"
        change["view"]["state"]["values"][seconds][own]["value"] = "8"
        (action,) = change["actions"]
        change["actions"] = [
            {
                "type": "number_input",
                "block_id": seconds,
                "action_id": own,
                "value": "8",
                "action_ts": f"{float(action['action_ts']) + 0.1:.6f}",
            }
        ]
        deliver = bot.sandbox.slack.dispatcher.deliver
        await deliver(DeliveryKind.INTERACTION, change)
        assert shown_shots(form_of(bot)) == [("boats return", "3"), ("night falls", "8")]
        await submit(bot)
        await bot.until_delivered()
        assert last_input(bot)["duration"] == 11


async def test_an_incomplete_shot_is_an_error_at_its_field() -> None:
    """And so is a storyboard without any; the form stays open, and nothing is charged."""
    async with running_bot() as bot:
        own = await divide(bot)
        await submit(bot)
        first, second = "option:multi_prompt.1", "option:multi_prompt.2"
        assert form_of(bot).errors == {f"{first}.prompt": "Shot 1: what it shows is needed."}
        await submit(bot, values={**shot(1, " ", "3", own), **shot(2, "night falls", "", own)})
        assert form_of(bot).errors == {
            f"{first}.prompt": "Shot 1: what it shows is needed.",
            f"{second}.duration": "Shot 2: seconds is needed.",
        }
        assert bot.messages() == []
        assert bot.sandbox.video.requests == []


async def test_what_may_not_fit_is_asked_about_in_both_ways() -> None:
    """By the same sentence; only its button makes the video."""
    async with running_bot() as bot:
        delivery = await bot.type("9s: boats leave\n9s: boats return")
        assert delivery.shown is not None
        own = await divide(bot, prompt="boats leave")
        filled = {**shot(1, "boats leave", "9", own), **shot(2, "boats return", "9", own)}
        await submit(bot, values=filled)
        await bot.until(lambda: len(bot.ephemerals()) == 2)
        told = "The durations of the shots make 18 of 15 s"
        assert [told in one.text for one in bot.ephemerals()] == [True, True]
        assert bot.sandbox.video.requests == []
        await press(bot, bot.ephemerals()[0], buttons.CONFIRM)
        await bot.until_delivered()
        assert last_input(bot)["duration"] == 15


WRONG = (
    ("3s:", "Shot 1 has no words"),
    ("3s: boats leave\n0s: night falls", "Shot 2: seconds must be a whole number from 1 to 15"),
    ("99s: boats leave", "you gave `99`"),
    ("3s: boats leave --shots {}", "The shots are given twice"),
    ("2s: a boat leaves\n" * 7, "at most 6 shots"),
    ("4s: the moon\n4s: the sea and a lamp", "None of the shots names a motion"),
    (f"a harbour\n{BOATS}", "the main prompt is said to be ignored"),
)
"""What makes no shots or doubtful ones, and a part of the answer."""


async def test_what_is_wrong_or_doubtful_is_told_and_nothing_is_charged() -> None:
    async with running_bot() as bot:
        for text, told in WRONG:
            assert told in await answer(bot, text), text
        assert bot.messages() == []
        assert bot.sandbox.video.requests == []


async def test_refused_shots_open_in_the_form_as_far_as_they_go() -> None:
    async with running_bot() as bot:
        refused = await bot.type("3s:\n4s: boats return --mode pro")
        assert refused.shown is not None
        await press(bot, refused.shown, buttons.OPEN_DRAFT)
        view = form_of(bot)
        assert shown_shots(view) == [("", "3"), ("boats return", "4")]
        assert "Shot 1 has no words" in str(view.data)
        await submit(bot, values=shot(1, "boats leave", "3", ids(view, 1)))
        await bot.until_delivered()
        assert last_input(bot)["prompt"] == "boats leave. boats return"


async def test_shots_are_shown_as_they_are_typed() -> None:
    """In the message, in Details, in lists, at home and by `--dry`; without what they set."""
    async with running_bot() as bot:
        dry = await bot.type(f"{BOATS} --dry")
        assert dry.shown is not None
        told = str(dry.shown.blocks)
        assert "3s: boats leave at dawn\\n4s: boats return" in told
        assert "*Prompt*" not in told, "nobody wrote one"
        assert bot.sandbox.video.requests == []
        message = await make_video(bot, BOATS)
        told = str(message.blocks)
        assert "3s: boats leave at dawn\\n4s: boats return" in told
        assert "Duration: 7 s" in told
        assert "customize" not in told
        assert "2 shots: boats leave at dawn · boats return" in await answer(bot, "list")
        assert "boats leave at dawn. boats return" in message.text
        status = await bot.type("status last")
        assert status.shown is not None
        assert "3s: boats leave at dawn\\n4s: boats return" in str(status.shown.blocks)
        await press(bot, message, buttons.DETAILS)
        details = str(form_of(bot).data)
        assert "3s: boats leave at dawn\\n4s: boats return" in details
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: "2 shots: boats leave at dawn · boats return" in at_home(bot))


async def test_a_job_with_shots_is_edited_as_a_storyboard() -> None:
    """Unchanged it sends the same; the words of the shots are no prompt that was written."""
    async with running_bot() as bot:
        message = await make_video(bot, BOATS)
        await press(bot, message, buttons.EDIT)
        view = form_of(bot)
        assert shown_shots(view) == [("boats leave at dawn", "3"), ("boats return", "4")]
        assert "option:prompt" not in blocks_of(view)
        await submit(bot, values=shot(2, "boats sink", "5", ids(view, 2)))
        await bot.until_delivered(jobs=2)
        sent = last_input(bot)
    assert sent["prompt"] == "boats leave at dawn. boats sink"
    assert sent["duration"] == 8


async def test_a_style_goes_around_each_shot_and_is_shown_by_its_name_alone() -> None:
    """In every surface, also in a change and to another person; both ways send the same bytes."""
    async with running_bot() as bot:
        await answer(bot, 'style save noir "black, {prompt}, grain" --mode pro --duration 12')
        message = await make_video(bot, f"{BOATS} --style noir")
        in_noir: list[Json] = [
            {"prompt": "black, boats leave at dawn, grain", "duration": 3},
            {"prompt": "black, boats return, grain", "duration": 4},
        ]
        assert last_input(bot) == {
            **SENT,
            "mode": "pro",
            "multi_prompt": in_noir,
            "prompt": "black, boats leave at dawn. boats return, grain",
        }
        assert "3s: boats leave at dawn\\n4s: boats return" in str(message.blocks)
        await press(bot, message, buttons.DETAILS, user=BEN)
        assert "grain" not in str(form_of(bot, BEN).data) + str(message.blocks)
        await press(bot, message, buttons.EDIT)
        view = form_of(bot)
        assert shown_shots(view) == [("boats leave at dawn", "3"), ("boats return", "4")]
        await submit(bot)
        await bot.until_delivered(jobs=2)
        first, second = [call.body for call in bot.sandbox.video.calls(Call.SUBMIT)]
        assert first == second
        await mention(bot, "--audio", thread=message)
        await until_reply_done(bot)
        assert last_input(bot)["multi_prompt"] == in_noir


async def test_the_toggle_and_a_style_leave_the_shots_as_they_are_entered() -> None:
    """A style's length gives way to the sum."""
    async with running_bot() as bot:
        await answer(bot, 'style save noir "black" --mode pro --duration 12')
        own = await divide(bot, prompt="boats leave", duration="3")
        filled = {**shot(1, "boats leave", "3", own), **shot(2, "boats return", "", own)}
        await switch(bot, "more", ["on"], filled)
        assert shown_shots(form_of(bot)) == [("boats leave", "3"), ("boats return", "")]
        assert "option:multi_shot" not in blocks_of(form_of(bot))
        await switch(bot, "style", "noir", filled)
        view = form_of(bot)
        assert shown_shots(view) == [("boats leave", "3"), ("boats return", "")]
        await submit(bot, values=shot(2, "boats return", "4", ids(view, 2)))
        await bot.until_delivered()
        sent = last_input(bot)
    assert (sent["duration"], sent["mode"]) == (7, "pro")
    assert sent["prompt"] == "boats leave. boats return, black"


async def test_the_words_of_shots_are_kept_while_another_model_is_chosen(tmp_path: Path) -> None:
    """One that takes no words at all shows them; back again they are the first shot."""
    write(tmp_path, ANIMATE)
    async with running_bot(MODELS_DIR=str(tmp_path)) as bot:
        own = await divide(bot, prompt="boats leave", duration="3")
        filled = {**shot(1, "boats leave", "3", own), **shot(2, "boats return", "", own)}
        await switch(bot, "model", ANIMATE_SLUG, filled)
        view = form_of(bot)
        assert shown_shots(view) == []
        assert "boats leave. boats return" in str(view.data["blocks"])
        await switch(bot, "model", KLING)
        assert shown_shots(form_of(bot))[0][0] == "boats leave. boats return"


@pytest.mark.parametrize("text", ["boats 3s: leave", "-- 3s: boats leave", '"3s: boats leave"'])
async def test_seconds_that_begin_no_line_are_text(text: str) -> None:
    async with running_bot() as bot:
        await bot.type(text)
        await bot.until_delivered()
        assert list(last_input(bot)) == ["prompt"]
