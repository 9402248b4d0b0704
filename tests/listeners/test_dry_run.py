"""Tests of `--dry`, over real HTTP: what would be sent, and what it would cost, without a job."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from sandbox.mindvideo.faults import Call
from sandbox.slack.delivery import Delivery, DeliveryKind
from sandbox.slack.entities import ANA, BEN, MIA, Payload
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.forms import Values
from tests.support.budget_rules import confirm_above
from tests.support.conversation import answer, direct_channel, make_video, mention, until_ephemeral
from tests.support.forms import change_option, entries, form_of, submit
from tests.support.images import image_bytes, put_file
from tests.support.running_bot import RunningBot, running_bot

LAKE = "a lake --mode pro --duration 5"
UNKNOWN = "Nobody knows yet what this costs: MindVideo has not named a price for its like."
NOTHING = ":mag: This is what I would send to MindVideo. Nothing was started or charged."


def request_in(blocks: Sequence[Payload]) -> Mapping[str, object]:
    """Return the request that a dry run shows."""
    [code] = [block for block in blocks if "rich_text_preformatted" in str(block)]
    elements = cast("list[Mapping[str, list[Mapping[str, str]]]]", code["elements"])
    return cast("Mapping[str, object]", json.loads(elements[0]["elements"][0]["text"]))


async def test_a_dry_run_shows_the_bytes_that_the_same_request_sends() -> None:
    """And it makes no job, whatever was asked before."""
    async with running_bot(COST_UNIT="USD") as bot:
        told = await answer(bot, f"{LAKE} --dry")
        assert told == f"{NOTHING} {UNKNOWN}"
        shown = request_in(bot.ephemerals()[-1].blocks)
        assert bot.messages() == []
        await make_video(bot, LAKE)
        (sent,) = bot.sandbox.video.calls(Call.SUBMIT)
        assert json.loads(sent.body) == shown
        assert f"{len(sent.body)} bytes" in str(bot.ephemerals()[-1].blocks)
        assert await answer(bot, f"--dry {LAKE}") == f"{NOTHING} This costs about 0.126 USD."
        assert len(bot.messages()) == 1


@pytest.mark.parametrize(
    "text", ["a lake --dry --mode pro", "— dry a lake —mode pro", "a lake --dry-run --mode=pro"]
)
async def test_the_flag_stands_anywhere_and_takes_no_word(text: str) -> None:
    """As phones write it, too."""
    async with running_bot() as bot:
        if text.startswith("— "):
            text = text.replace("— dry", "—dry")
        await answer(bot, text)
        shown = request_in(bot.ephemerals()[-1].blocks)
        assert shown["input"] == {"mode": "pro", "prompt": "a lake"}


async def test_a_dry_run_names_people_and_its_files() -> None:
    """The prompt is the one that MindVideo would read."""
    async with running_bot() as bot:
        file = await put_file(bot, image_bytes())
        await mention(bot, f"<@{BEN}> at sea --dry", file)
        shown = await until_ephemeral(bot)
        assert "@ben at sea" in str(shown.blocks).lower()
        assert "Links take the place of attached files when it is sent." in str(shown.blocks)
        assert f"<@{BEN}>" not in str(shown.blocks)
        assert bot.replies() == []


async def test_in_a_thread_it_shows_the_changed_job() -> None:
    """With words to add, or with nothing to change."""
    async with running_bot() as bot:
        message = await make_video(bot, LAKE)
        await mention(bot, "make it night --dry", thread=message)
        changed = request_in((await until_ephemeral(bot)).blocks)
        assert "make it night" in str(changed["input"])
        await mention(bot, "--dry", thread=message)
        same = request_in((await until_ephemeral(bot, 2)).blocks)
        assert cast("Mapping[str, object]", same["input"])["prompt"] == "a lake"
        await answer(bot, "again last --dry --duration 10")
        assert "'duration': 10" in str(request_in(bot.ephemerals()[-1].blocks)["input"])
        assert len(bot.sandbox.video.charges) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a lake --dry=yes", "`--dry` takes no value"),
        ("a lake --dry --duration 99", "`--duration`"),
        ("--dry", "Say what to show"),
    ],
)
async def test_what_cannot_be_sent_is_refused_as_ever(text: str, told: str) -> None:
    """One sentence, and nothing is shown of a request that would never be made."""
    async with running_bot() as bot:
        assert told in await answer(bot, text, user=ANA)
        assert bot.messages() == []


async def try_in_form(bot: RunningBot, values: Values) -> Delivery:
    """Press *Try without rendering* in the form, whose fields have these values."""
    delivery = await bot.sandbox.slack.people.view_action(
        ANA, form_of(bot).id, "dry_run", block_id="price", values=values
    )
    assert delivery.error is None
    return delivery


def told_in_form(bot: RunningBot) -> str:
    """Return the words of the modal on top of the form."""
    view = form_of(bot)
    assert view.data["title"] == {"type": "plain_text", "text": "Try without rendering"}
    assert "submit" not in view.data
    return str(view.data["blocks"])


async def test_the_form_shows_what_it_would_send_and_makes_no_job() -> None:
    """The same request as *Render* sends, its price beside it; the form below keeps its fields."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot, LAKE)
        await bot.type("")
        values = entries(prompt="a hill", mode="pro", duration="5")
        await try_in_form(bot, values)
        told = told_in_form(bot)
        assert NOTHING in told
        assert "*Price* · This costs about 0.126 USD." in told
        shown = request_in(cast("list[Payload]", form_of(bot).data["blocks"]))
        assert len(bot.messages()) == 1
        top = form_of(bot)
        await bot.sandbox.slack.people.close_view(ANA, top.id)
        assert form_of(bot).id == top.previous_id
        await submit(bot, values=values)
        await bot.until_delivered(2)
        sent = bot.sandbox.video.calls(Call.SUBMIT)[-1]
        assert json.loads(sent.body) == shown
        assert len(bot.sandbox.video.charges) == 2


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"prompt": " "}, ["Prompt is needed"]),
        ({"prompt": "a lake", "duration": "99"}, ["Duration"]),
        ({"prompt": "", "duration": "99"}, ["Prompt is needed", "Duration"]),
    ],
)
async def test_the_form_says_what_is_missing_before_it_could_be_sent(
    fields: Mapping[str, str], told: Sequence[str]
) -> None:
    """All of it at once, as *Render* would."""
    async with running_bot() as bot:
        await bot.type("")
        await try_in_form(bot, entries(**fields))
        words = told_in_form(bot)
        assert "Nothing was started or charged" in words
        assert [each for each in told if each not in words] == []


async def test_a_click_that_is_delivered_twice_opens_one_modal() -> None:
    """And a third one does not trouble anybody, although Slack stacks no fourth."""
    async with running_bot() as bot:
        await bot.type("")
        form = form_of(bot)
        delivery = await try_in_form(bot, entries(prompt="a lake"))
        first = form_of(bot)
        await bot.sandbox.slack.dispatcher.deliver(DeliveryKind.INTERACTION, delivery.payload)
        assert form_of(bot).id == first.id
        for _ in range(3):
            click = await bot.sandbox.slack.people.view_action(
                ANA, form.id, "dry_run", block_id="price", values=entries(prompt="a lake")
            )
            assert click.error is None
        assert bot.ephemerals() == []


async def test_where_no_modal_can_open_any_more_it_is_a_message() -> None:
    """Slack's triggers expire after three seconds; what was asked for comes all the same."""
    async with running_bot() as bot:
        await bot.type("")
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="expired_trigger_id")
        bot.sandbox.slack.world.faults.add("views.push", fault)
        await try_in_form(bot, entries(prompt="a lake"))
        direct = direct_channel(bot)
        told = await until_ephemeral(bot, channel=direct)
        assert NOTHING in told.text


async def test_a_price_that_render_in_the_form_confirms_is_not_asked_about() -> None:
    """In the form the click is the answer; a text would be asked."""
    async with running_bot() as bot:
        await make_video(bot, LAKE)
        await confirm_above(bot, "0.1")
        await bot.type("")
        values = entries(prompt="a hill", mode="pro")
        await change_option(bot, "mode", "pro", prompt="a hill")
        await try_in_form(bot, values)
        assert "This costs about 0.126." in told_in_form(bot)
        assert "I would ask" not in told_in_form(bot)
        assert "I would ask you to confirm the price." in str(
            (await bot.type(f"{LAKE} --dry")).shown
        )


TOLD_BY_BUDGETS = [
    ("budget set here 0 per day", "This channel's budget per day is 0, so nobody can render"),
    ("budget set here 0.2 per day", "0.126 USD of 0.2 USD are used, and this takes about 0.126"),
    ("budget set here 0.2 per day soft", "An approver would be asked first."),
    ("budget approve above 0.1 by <@U0BEN>", "An approver would be asked first."),
    ("budget confirm above 0.1", "I would ask you to confirm the price."),
    ("budget stop here because audit", "So I would refuse it."),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(("rule", "told"), TOLD_BY_BUDGETS)
async def test_a_dry_run_tells_what_budgets_would_say(rule: str, told: str) -> None:
    """As they then do, to a text and to the form; nothing is kept of it."""
    async with running_bot(ADMINS=MIA, COST_UNIT="USD") as bot:
        await make_video(bot, LAKE)
        assert "This costs about 0.126 USD." in await answer(bot, f"{LAKE} --dry")
        assert "*Budgets*" not in str(bot.ephemerals()[-1].blocks)
        await answer(bot, rule, user=MIA)
        assert told in await answer(bot, f"{LAKE} --dry")
        await bot.type("")
        await change_option(bot, "mode", "pro", prompt="a lake")
        await try_in_form(bot, entries(prompt="a lake", mode="pro"))
        in_form = told_in_form(bot)
        # In the form, *Render* confirms the price.
        assert (told in in_form) is not ("confirm the price" in told)
        assert len(bot.messages(direct_channel(bot, BEN))) == 0
        assert len(bot.sandbox.video.charges) == 1


async def test_a_dry_run_tells_what_would_be_asked_about() -> None:
    """Once for a set; without a doubt nothing is told."""
    async with running_bot() as bot:
        for text in ("in 10 seconds please", "--times 2 in 10 seconds please"):
            told = await answer(bot, f"{text} --dry")
            assert told.endswith(
                "*Question* · I would ask first: “in 10 seconds please” is read as the prompt. If "
                "it is an option, write `--duration 10`."
            ), told
            assert told.count("is read as the prompt") == 1
            assert "I would ask first" in str(bot.ephemerals()[-1].blocks)
        told = await answer(bot, "a lake mode:pro <b> --<i> --dry")
        assert "“mode:pro" in told
        assert "<b>" not in told
        assert bot.messages() == []
