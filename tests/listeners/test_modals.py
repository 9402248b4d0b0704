"""The form over real HTTP: what is filled in becomes one job, or a sentence at the field."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.messages.buttons import EDIT
from bot.options.form_state import MOST_FILES, FormState
from sandbox.mindvideo.faults import Call
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, GENERAL, TEAM, VAULT
from sandbox.slack.faults import Fault, FaultKind
from tests.support.forms import (
    KLING,
    blocks_of,
    chosen,
    element_of,
    entries,
    form_of,
    submit,
    switch,
)
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, model_file, write
from tests.support.pictures import image_bytes, put_file
from tests.support.running_bot import RunningBot, bot_in, running_bot
from tests.support.sandbox import running_sandbox


def sent(bot: RunningBot) -> Mapping[str, object]:
    """Return the request that MindVideo got last."""
    found = json.loads(bot.sandbox.video.calls(Call.SUBMIT)[-1].body)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket mode"])
async def test_the_command_without_words_opens_a_form_that_makes_a_video(
    *, socket_mode: bool
) -> None:
    """Defaults are set and not sent; the job stands in the channel where it was typed."""
    async with running_bot(socket_mode=socket_mode) as bot:
        delivery = await bot.type("  ")
        assert (delivery.error, delivery.shown) == (None, None)
        view = form_of(bot)
        assert element_of(view, "option:duration")["initial_value"] == "5"
        assert "channel" not in blocks_of(view)
        await submit(bot, values=entries(prompt="a lake", mode="pro", audio=["on"]))
        assert bot.sandbox.slack.world.views.top(ANA) is None
        await bot.until_delivered()
        assert sent(bot)["input"] == {"mode": "pro", "audio": True, "prompt": "a lake"}
        (charge,) = bot.sandbox.video.charges
        (message,) = bot.messages()
    assert charge.key == f"slack:{TEAM}:{GENERAL}:{message.ts}"


async def test_a_form_that_is_sent_twice_is_one_job() -> None:
    """A repeated delivery names the same form, whatever happened in between."""
    async with running_bot() as bot:
        await bot.type("")
        first = await submit(bot, values=entries(prompt="a lake"))
        deliver = bot.sandbox.slack.courier.deliver
        await asyncio.gather(*(deliver(DeliveryKind.INTERACTION, first.payload) for _ in range(5)))
        await bot.until_delivered()
        await deliver(DeliveryKind.INTERACTION, first.payload)
        assert len(bot.messages()) == 1
        assert len(bot.sandbox.video.charges) == 1


async def test_the_same_ask_in_a_second_form_is_asked_about_and_not_charged() -> None:
    """The form stays open, so that something can be changed and sent."""
    async with running_bot() as bot:
        await bot.type("")
        await submit(bot, values=entries(prompt="a lake"))
        await bot.type("")
        await submit(bot, values=entries(prompt="a lake"))
        assert "You asked for exactly this" in form_of(bot).errors["option:prompt"]
        await submit(bot, values=entries(prompt="a lake at dawn"))
        await bot.until_delivered(jobs=2)
        assert len(bot.sandbox.video.charges) == 2


@pytest.mark.parametrize(
    ("fields", "block", "words"),
    [
        ({"prompt": " \n "}, "option:prompt", "Prompt is needed"),
        ({"prompt": "a\x07lake"}, "option:prompt", "control"),
        ({"prompt": "a lake", "multi_prompt": "{broken"}, "option:multi_prompt", "not JSON"),
        ({"prompt": "a lake", "links_image_urls": "slack-file:F9"}, "option:image_urls", "Upload"),
        ({"prompt": "a lake", "negative_prompt": "slack-file:F9"}, "option:negative_prompt", "Upl"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_costs_nothing(
    fields: Mapping[str, str], block: str, words: str
) -> None:
    """The form stays open with everything in it."""
    async with running_bot() as bot:
        await bot.type("")
        await switch(bot, "more", ["on"])
        await submit(bot, values=entries(**fields))
        assert words in form_of(bot).errors[block]
        assert bot.messages() == []
        assert bot.sandbox.video.requests == []


async def test_uploaded_images_go_to_their_options_and_links_stand_beside_them() -> None:
    """A link and a file in one list; a file alone for the first frame."""
    async with running_bot() as bot:
        await bot.type("")
        await switch(bot, "more", ["on"], entries(prompt="a lake"))
        one, two = [await put_file(bot, image_bytes(side=side)) for side in (20, 30)]
        fields = entries(
            prompt="a lake",
            image_urls=[one],
            links_image_urls="https://pictures.example/a.png",
            first_frame_image=[two],
        )
        await submit(bot, values=fields)
        await bot.until_delivered()
        given = sent(bot)["input"]
    assert isinstance(given, dict)
    link, inside = given["image_urls"]
    assert link == "https://pictures.example/a.png"
    assert inside.startswith("data:image/png;base64,")
    assert given["first_frame_image"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("name", "size", "link", "words"),
    [
        ("notes.pdf", 10, "", "notes.pdf is not an image"),
        ("huge.png", 30_000_000, "", "huge.png has more than 10 MB"),
        ("cat.png", 10, "https://a/b.png", "First frame image takes one image, and there are 2"),
    ],
)
async def test_an_image_that_cannot_be_used_is_told_at_its_field(
    name: str, size: int, link: str, words: str
) -> None:
    """Nothing is started, and the form can be sent again without it."""
    async with running_bot() as bot:
        await bot.type("")
        await switch(bot, "more", ["on"], entries(prompt="a lake"))
        file_id = await put_file(bot, image_bytes(), name)
        bot.sandbox.slack.world.files.file(file_id).size = size
        fields = {"first_frame_image": [file_id], "links_first_frame_image": link}
        await submit(bot, values=entries(prompt="a lake", **fields))
        assert words in form_of(bot).errors["option:first_frame_image"]
        assert bot.sandbox.video.requests == []


async def test_the_toggle_shows_all_options_and_hides_none_that_has_a_value() -> None:
    """What was entered stays, and nobody pays for what they do not see."""
    async with running_bot() as bot:
        await bot.type("")
        assert "option:negative_prompt" not in blocks_of(form_of(bot))
        await switch(bot, "more", ["on"], entries(prompt="a lake", mode="pro"))
        view = form_of(bot)
        assert "option:multi_prompt" in blocks_of(view)
        assert element_of(view, "option:prompt")["initial_value"] == "a lake"
        assert chosen(view, "option:mode") == "pro"
        picture = await put_file(bot, image_bytes())
        filled = entries(prompt="a lake", negative_prompt="people", image_urls=[picture])
        await switch(bot, "more", [], filled)
        view = form_of(bot)
        assert "option:multi_prompt" not in blocks_of(view)
        assert element_of(view, "option:negative_prompt")["initial_value"] == "people"
        assert element_of(view, "links:image_urls")["initial_value"] == f"slack-file:{picture}"
        await submit(bot)
        await bot.until_delivered()
        given = sent(bot)["input"]
    assert isinstance(given, dict)
    assert given["negative_prompt"] == "people"
    assert len(given["image_urls"]) == 1


async def test_another_model_redraws_the_form_and_keeps_what_fits(tmp_path: Path) -> None:
    """Its own options, with the prompt and the images that the person gave already."""
    text = {"type": "string"}
    painter = model_file(
        {"prompt": text, "image_urls": {"type": "array", "items": text}, "style": text},
        images=["image_urls"],
    )
    write(tmp_path, painter)
    async with running_bot(MODELS_DIR=str(tmp_path)) as bot:
        await bot.type("")
        await switch(bot, "more", ["on"])
        picture = await put_file(bot, image_bytes())
        filled = entries(prompt="a lake", image_urls=[picture], mode="pro")
        await switch(bot, "model", "sample", filled)
        view = form_of(bot)
        assert "option:mode" not in blocks_of(view)
        assert element_of(view, "option:prompt")["initial_value"] == "a lake"
        assert "slack-file" in str(blocks_of(view))
        await submit(bot, values=entries("sample", style="ink"))
        await bot.until_delivered()
        request = sent(bot)
    given = request["input"]
    assert isinstance(given, dict)
    assert request["model"] == "sample"
    assert (given["prompt"], given["style"]) == ("a lake", "ink")
    assert given["image_urls"][0].startswith("data:image/png")


async def test_words_outlast_a_model_that_takes_none(tmp_path: Path) -> None:
    """Whoever looks at another model and comes back need not type again."""
    write(tmp_path, ANIMATE)
    prompt = "Tom & Jerry\n<in the rain>"
    async with running_bot(MODELS_DIR=str(tmp_path)) as bot:
        await bot.type("")
        await switch(bot, "model", ANIMATE_SLUG, entries(prompt=prompt))
        assert "Animate 2 takes no words" in str(form_of(bot).data["blocks"])
        await switch(bot, "more", ["on"])
        await switch(bot, "model", KLING)
        assert element_of(form_of(bot), "option:prompt")["initial_value"] == prompt
        assert "takes no words" not in str(form_of(bot).data["blocks"])


@pytest.mark.parametrize("others", [True, False], ids=["with a choice", "without a choice"])
async def test_a_form_whose_model_left_the_catalog_says_so_and_keeps_the_words(
    tmp_path: Path, *, others: bool
) -> None:
    """The operator took the model away while the form stood open."""
    async with running_sandbox(render_seconds=0.2) as sandbox:
        text = {"type": "string"}
        write(tmp_path, model_file({"prompt": text}, default=True))
        async with bot_in(sandbox, MODELS_DIR=str(tmp_path)) as bot:
            await bot.type("")
        if not others:
            view = form_of(bot)
            view.data["blocks"] = [
                block for id_, block in blocks_of(view).items() if id_ != "model"
            ]
        async with bot_in(sandbox) as bot:
            if others:
                await switch(bot, "model", "sample", entries("sample", prompt="a lake"))
            await submit(bot, values=entries("sample", prompt="a lake"))
            where = "model" if others else "option:prompt"
            assert "sample is not on offer any more" in form_of(bot).errors[where]
            assert bot.messages() == []
            assert bot.sandbox.video.requests == []


async def test_a_job_whose_model_left_the_catalog_is_edited_with_another(tmp_path: Path) -> None:
    """What fits is kept, and the person is told to look it over."""
    text = {"type": "string"}
    write(tmp_path, model_file({"prompt": text, "style": text}))
    async with running_sandbox(render_seconds=0.2) as sandbox:
        async with bot_in(sandbox, MODELS_DIR=str(tmp_path)) as bot:
            await bot.type("a lake --model sample --style ink")
            await bot.until_delivered()
            (message,) = bot.messages()
            await bot.until(lambda: EDIT in str(message.blocks))
        async with bot_in(sandbox) as bot:
            await sandbox.slack.people.click(ANA, message.ts, EDIT)
            assert "This is Kling V3" in str(form_of(bot).data["blocks"])
            await submit(bot)
            await bot.until_delivered(jobs=2)
            assert sent(bot) == {"model": "kling-v3", "input": {"prompt": "a lake"}}


async def test_a_form_that_was_closed_meanwhile_is_left_alone() -> None:
    """A redraw that comes too late troubles nobody."""
    async with running_bot() as bot:
        await bot.type("")
        view = form_of(bot)
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="not_found")
        bot.sandbox.slack.world.faults.add("views.update", fault)
        await switch(bot, "more", ["on"])
        assert form_of(bot) is view
        assert bot.ephemerals() == []


async def test_a_form_that_slack_will_not_open_is_told_privately() -> None:
    """The command is answered with what to do."""
    async with running_bot() as bot:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="expired_trigger_id")
        bot.sandbox.slack.world.faults.add("views.open", fault)
        delivery = await bot.type("")
        assert delivery.shown is not None
        assert delivery.shown.ephemeral_for == ANA
        assert "try again" in delivery.shown.text


async def test_a_form_for_a_closed_channel_gets_a_private_word_of_invite() -> None:
    """The bot is no member of a private channel: nothing is charged."""
    async with running_bot() as bot:
        await bot.type("", channel=VAULT)
        await submit(bot, values=entries(prompt="a lake"))
        await bot.until(lambda: bot.ephemerals(VAULT) or _direct(bot))
        said = bot.ephemerals(VAULT) or _direct(bot)
        assert "/invite" in str(said[-1])
        assert bot.sandbox.video.requests == []


async def test_the_channels_defaults_stand_in_the_form_and_can_be_taken_back() -> None:
    """What the form shows counts, also where a person chose the model's own default."""
    async with running_bot() as bot:
        await bot.type("settings mode pro --duration 8")
        await bot.type("")
        view = form_of(bot)
        assert chosen(view, "option:mode") == "pro"
        assert element_of(view, "option:duration")["initial_value"] == "8"
        await submit(bot, values=entries(prompt="a lake", mode="std"))
        await bot.until_delivered()
        assert sent(bot)["input"] == {"prompt": "a lake", "duration": 8}


def test_what_a_form_remembers_fits_its_place() -> None:
    """Slack takes 3,000 characters."""
    files = [f"F{number:010}" for number in range(500)]
    state = FormState(
        model="m" * 100, channel="C" * 20, thread_ts="1" * 20, parent_id="x" * 20
    ).drawn("m" * 100, files)
    assert len(state.files) == MOST_FILES
    assert len(state.to_text()) <= 3000
    assert FormState.of_text(state.to_text()) == state


def _direct(bot: RunningBot) -> list[object]:
    world = bot.sandbox.slack.world.workspace
    return list(world.all_in(world.direct(ANA).id))
