"""Tests of the form, over real HTTP: fields, redrawing, errors, the resulting job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.messages.buttons import EDIT
from sandbox.mindvideo.faults import Call
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, GENERAL, TEAM
from sandbox.slack.faults import Fault, FaultKind
from tests.support.conversation import last_input, press, result_of, texts, until_ephemeral
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
from tests.support.images import image_bytes, put_file
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, model_file, write
from tests.support.running_bot import bot_in, running_bot
from tests.support.sandbox import running_sandbox


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket mode"])
async def test_the_command_without_text_opens_a_form_that_makes_a_video(
    *, socket_mode: bool
) -> None:
    """Defaults are shown and not sent; the job's message is in the command's channel."""
    async with running_bot(socket_mode=socket_mode) as bot:
        delivery = await bot.type("  ")
        assert (delivery.error, delivery.shown) == (None, None)
        view = form_of(bot)
        assert element_of(view, "option:duration")["initial_value"] == "5"
        assert "channel" not in blocks_of(view)
        await submit(bot, values=entries(prompt="a lake", mode="pro", audio=["on"]))
        assert bot.sandbox.slack.world.views.top(ANA) is None
        await bot.until_delivered()
        assert last_input(bot) == {"mode": "pro", "audio": True, "prompt": "a lake"}
        (charge,) = bot.sandbox.video.charges
        (message,) = bot.messages()
    assert charge.key == f"slack:{TEAM}:{GENERAL}:{message.ts}"


async def test_a_form_that_is_delivered_twice_is_one_job() -> None:
    """Another delivery has the same view ID, concurrently or later."""
    async with running_bot() as bot:
        await bot.type("")
        first = await submit(bot, values=entries(prompt="a lake"))
        deliver = bot.sandbox.slack.dispatcher.deliver
        await asyncio.gather(*(deliver(DeliveryKind.INTERACTION, first.payload) for _ in range(5)))
        await bot.until_delivered()
        await deliver(DeliveryKind.INTERACTION, first.payload)
        assert len(bot.messages()) == 1
        assert len(bot.sandbox.video.charges) == 1


async def test_a_duplicate_in_a_second_form_is_asked_about() -> None:
    """The form closes; the question is an ephemeral message, as for every other surface."""
    async with running_bot() as bot:
        await bot.type("")
        await submit(bot, values=entries(prompt="a lake"))
        await bot.type("")
        await submit(bot, values=entries(prompt="a lake"))
        question = await until_ephemeral(bot)
        assert "You asked for exactly this" in question.text
        await bot.until_delivered(jobs=1)
        assert len(bot.sandbox.video.charges) == 1
        await press(bot, question, "job_confirm")
        await bot.until_delivered(jobs=2)
        assert len(bot.sandbox.video.charges) == 2


@pytest.mark.parametrize(
    ("fields", "block", "message"),
    [
        ({"prompt": " \n "}, "option:prompt", "Prompt is needed"),
        ({"prompt": "a lake", "links_image_urls": "slack-file:F9"}, "option:image_urls", "Upload"),
    ],
)
async def test_an_invalid_value_is_an_error_at_its_field(
    fields: Mapping[str, str], block: str, message: str
) -> None:
    """The form stays open with its values."""
    async with running_bot() as bot:
        await bot.type("")
        await switch(bot, "more", ["on"])
        await submit(bot, values=entries(**fields))
        assert message in form_of(bot).errors[block]
        assert bot.messages() == []
        assert bot.sandbox.video.requests == []


async def test_an_option_takes_uploaded_images_and_links() -> None:
    """A list can hold a link and a file; an option for one image takes a file alone."""
    async with running_bot() as bot:
        await bot.type("")
        await switch(bot, "more", ["on"], entries(prompt="a lake"))
        one, two = [await put_file(bot, image_bytes(side=side)) for side in (320, 330)]
        fields = entries(
            prompt="a lake",
            image_urls=[one],
            links_image_urls="https://pictures.example/a.png",
            first_frame_image=[two],
        )
        await submit(bot, values=fields)
        await bot.until_delivered()
        sent = last_input(bot)
    link, inside = texts(sent["image_urls"])
    assert link == "https://pictures.example/a.png"
    assert inside.startswith("data:image/png;base64,")
    assert str(sent["first_frame_image"]).startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("name", "size", "link", "message"),
    [
        ("notes.pdf", 10, "", "notes.pdf is not an image"),
        ("cat.png", 10, "https://a.b/c.png", "First frame takes one image, and there are 2"),
    ],
)
async def test_an_unusable_image_is_an_error_at_its_field(
    name: str, size: int, link: str, message: str
) -> None:
    """No job is started."""
    async with running_bot() as bot:
        await bot.type("")
        await switch(bot, "more", ["on"], entries(prompt="a lake"))
        file_id = await put_file(bot, image_bytes(), name)
        bot.sandbox.slack.world.files.file(file_id).size = size
        fields = {"first_frame_image": [file_id], "links_first_frame_image": link}
        await submit(bot, values=entries(prompt="a lake", **fields))
        assert message in form_of(bot).errors["option:first_frame_image"]
        assert bot.sandbox.video.requests == []


async def test_the_toggle_shows_all_options_and_never_hides_one_with_a_value() -> None:
    """No user is charged for an option that the form does not show."""
    async with running_bot() as bot:
        await bot.type("")
        assert "option:shot_type" not in blocks_of(form_of(bot))
        await switch(bot, "more", ["on"], entries(prompt="a lake", mode="pro"))
        view = form_of(bot)
        assert "option:shot_type" in blocks_of(view)
        assert element_of(view, "option:prompt")["initial_value"] == "a lake"
        assert chosen(view, "option:mode") == "pro"
        picture = await put_file(bot, image_bytes())
        filled = entries(prompt="a lake", shot_type="customize", image_urls=[picture])
        await switch(bot, "more", [], filled)
        view = form_of(bot)
        assert "option:element_list" not in blocks_of(view)
        assert chosen(view, "option:shot_type") == "customize"
        assert f"slack-file:{picture}" in str(element_of(view, "kept:image_urls"))
        await submit(bot)
        await bot.until_delivered()
        sent = last_input(bot)
    assert sent["shot_type"] == "customize"
    assert len(texts(sent["image_urls"])) == 1


async def test_images_of_an_earlier_job_are_shown_by_name() -> None:
    """Taken out, an image is not sent; the other one is."""
    async with running_bot() as bot:
        cat, dog = [
            await put_file(bot, image_bytes(side=side), name)
            for side, name in ((320, "cat.png"), (330, "dog *1*.png"))
        ]
        await bot.type("")
        await switch(bot, "more", ["on"])
        await submit(bot, values=entries(prompt="a lake", image_urls=[cat, dog]))
        await bot.until_delivered()
        (message,) = bot.messages()
        await bot.until(lambda: "Done in" in message.text)
        made = result_of(bot, message)
        await bot.sandbox.slack.people.click(ANA, made.ts, EDIT)
        kept = element_of(form_of(bot), "kept:image_urls")
        assert "'cat.png'" in str(kept)
        assert "'dog *1*.png'" in str(kept)
        assert "slack-file" not in str(element_of(form_of(bot), "links:image_urls"))
        values = {**entries(), "kept:image_urls": {KLING: [f"slack-file:{dog}"]}}
        await submit(bot, values=values)
        await bot.until_delivered(jobs=2)
        assert len(texts(last_input(bot)["image_urls"])) == 1


async def test_a_form_opens_although_slack_does_not_tell_the_names_of_images() -> None:
    async with running_bot() as bot:
        picture = await put_file(bot, image_bytes(), "cat.png")
        await bot.type("")
        await submit(bot, values=entries(prompt="a lake", image_urls=[picture]))
        await bot.until_delivered()
        (message,) = bot.messages()
        await bot.until(lambda: "Done in" in message.text)
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="internal_error")
        bot.sandbox.slack.world.faults.add("files.info", fault)
        await press(bot, message, EDIT)
        assert "'Image 1'" in str(element_of(form_of(bot), "kept:image_urls"))


async def test_another_model_redraws_the_form_and_keeps_shared_values(tmp_path: Path) -> None:
    """The form shows the new model's options, and keeps the prompt and the images."""
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
        sent = last_input(bot)
        submit_body = json.loads(bot.sandbox.video.calls(Call.SUBMIT)[-1].body)
    assert submit_body["model"] == "sample"
    assert (sent["prompt"], sent["style"]) == ("a lake", "ink")
    assert texts(sent["image_urls"])[0].startswith("data:image/png")


async def test_the_prompt_is_kept_while_a_model_without_a_prompt_is_chosen(tmp_path: Path) -> None:
    """A user who tries another model and returns need not type again."""
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
async def test_a_form_whose_model_was_removed_shows_an_error(
    tmp_path: Path, *, others: bool
) -> None:
    """The model is removed while the form is open."""
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


async def test_a_job_whose_model_was_removed_is_edited_with_another(tmp_path: Path) -> None:
    """Options that the other model has are kept; a note asks the user to check the form."""
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
            assert last_input(bot) == {"prompt": "a lake"}


async def test_a_redraw_of_a_closed_form_is_ignored() -> None:
    """A redraw that comes too late is not reported."""
    async with running_bot() as bot:
        await bot.type("")
        view = form_of(bot)
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="not_found")
        bot.sandbox.slack.world.faults.add("views.update", fault)
        await switch(bot, "more", ["on"])
        assert form_of(bot) is view
        assert bot.ephemerals() == []


async def test_a_form_that_slack_refuses_to_open_is_reported_ephemerally() -> None:
    """The ephemeral answer asks the user to try again."""
    async with running_bot() as bot:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="expired_trigger_id")
        bot.sandbox.slack.world.faults.add("views.open", fault)
        delivery = await bot.type("")
        assert delivery.shown is not None
        assert delivery.shown.ephemeral_for == ANA
        assert "try again" in delivery.shown.text


async def test_the_form_shows_the_channels_defaults_and_can_override_them() -> None:
    """The values in the form apply, even the model's own default."""
    async with running_bot() as bot:
        await bot.type("settings mode pro --duration 8")
        await bot.type("")
        view = form_of(bot)
        assert chosen(view, "option:mode") == "pro"
        assert element_of(view, "option:duration")["initial_value"] == "8"
        await submit(bot, values=entries(prompt="a lake", mode="std"))
        await bot.until_delivered()
        assert last_input(bot) == {"prompt": "a lake", "duration": 8}
