"""Tests of several videos that are asked for at once, from each surface, over real HTTP."""

from __future__ import annotations

from bot.messages import buttons
from sandbox.slack.entities import ANA, BEN, BOT, CREW, MIA
from tests.support.budget_rules import confirm_above
from tests.support.conversation import (
    answer,
    make_video,
    mention,
    press,
    send_message,
    submitted_inputs,
    until_done,
    until_ephemeral,
)
from tests.support.forms import element_of, entries, form_of, submit
from tests.support.images import image_bytes, put_file
from tests.support.running_bot import RunningBot, running_bot

CARS = "{red|blue} car --mode {std|pro}"


async def until_set_done(bot: RunningBot, parts: int) -> None:
    """Wait until a message shows that all parts of a set are done."""
    await bot.until(lambda: any(f"All {parts} done" in one.text for one in bot.messages()))


def prompts(bot: RunningBot) -> list[str]:
    """Return the prompts that were submitted, sorted: parts are sent in any order."""
    return sorted(str(one["prompt"]) for one in submitted_inputs(bot))


async def test_a_command_with_alternatives_makes_a_set() -> None:
    """One message in the channel, a message for each part in its thread; keep and again by menu."""
    async with running_bot() as bot:
        await bot.type(CARS)
        await until_set_done(bot, 4)
        (message,) = bot.messages()
        assert CARS in str(message.blocks)
        for label in ("1 · red · std", "2 · red · pro", "3 · blue · std", "4 · blue · pro"):
            assert label in str(message.blocks)
        assert prompts(bot) == ["blue car", "blue car", "red car", "red car"]
        assert len(bot.sandbox.video.charges) == 4
        await choose(bot, buttons.SET_KEEP, 2)
        await bot.until(lambda: "bookmark" in str(bot.messages()[0].blocks))
        await choose(bot, buttons.SET_AGAIN, 3)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 5)
        assert submitted_inputs(bot)[-1] == {"mode": "std", "prompt": "blue car"}


async def test_a_reply_in_a_sets_thread_is_about_the_part_that_it_names() -> None:
    """Without a number nothing is made; also behind jobs that were made from a part."""
    async with running_bot() as bot:
        await bot.type("{red|blue} car --mode std")
        await until_set_done(bot, 2)
        (root,) = bot.messages()
        await mention(bot, "at night", thread=root)
        assert "I do not know which of them you mean" in (await until_ephemeral(bot)).text
        await mention(bot, "3: at night", thread=root)
        assert "say a number from 1 to 2" in (await until_ephemeral(bot, 2)).text
        await mention(bot, "2: at night", thread=root)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 3)
        await mention(bot, "again 1 --mode pro", thread=root)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 4)
        await mention(bot, "again --duration 3", thread=root)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 5)
        await mention(bot, "2: at dusk", thread=root)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 6)
        assert submitted_inputs(bot)[2:] == [
            {"mode": "std", "prompt": "blue car. at night"},
            {"mode": "pro", "prompt": "red car"},
            {"duration": 3, "mode": "pro", "prompt": "red car"},
            {"mode": "std", "prompt": "blue car. at dusk"},
        ]
        assert "2 of 2" in await answer(bot, "list")


async def test_elsewhere_a_number_names_no_part_of_a_set() -> None:
    """In the thread of a job that was made from a part there may be people who do not see that."""
    async with running_bot() as bot:
        await bot.type("{red|blue} car --mode std")
        await until_set_done(bot, 2)
        part = next(one.job_id for one in bot.replies() if one.text.startswith("red car"))
        await bot.type(f"again {part} --duration 3", channel=CREW)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 3)
        (root,) = bot.messages(CREW)
        reply = f"<@{BOT}> 2: at night"
        await send_message(bot, reply, channel=CREW, thread=root)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 4)
        assert submitted_inputs(bot)[3]["prompt"] == "red car. 2: at night"


async def choose(bot: RunningBot, action_id: str, part: int) -> None:
    """Choose a part in a menu of the only set in the channel."""
    message = bot.messages()[0]
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    elements = [each for row in rows if isinstance(row, list) for each in row]
    (menu,) = [each for each in elements if each["action_id"] == action_id]
    (option,) = [
        one for one in menu["options"] if str(one["text"]["text"]).startswith(f"{part} · ")
    ]
    delivery = await bot.sandbox.slack.people.click(
        ANA, message.ts, action_id, value=option["value"]
    )
    assert delivery.error is None


async def test_what_makes_no_set_is_told_once_and_charged_nothing() -> None:
    async with running_bot() as bot:
        told = await answer(bot, "{a|b|c} car {d|e|f|g|h}")
        assert "That makes 15 videos, and at most 12 are made at once." in told
        told = await answer(bot, "{red|green|blue} car --mode {std|ultra}")
        assert told.count("you gave `ultra`") == 1
        assert "With `ultra`" in told
        assert "takes a whole number from 1 to 12" in await answer(bot, "a car --times 0")
        told = await answer(bot, "{red|blue} car --times 2 --dry")
        assert "4 videos" in told
        assert "Nothing was started" in await answer(bot, "a car {--mode pro|--dry}")
        told = await answer(bot, "a {red|blue car")
        assert "has no closing brace" in told
        assert bot.messages() == []
        assert bot.sandbox.video.charges == []


async def test_alternatives_that_come_to_the_same_are_one_video() -> None:
    """A slip is a plain request: no set stands in the channel, and one video is charged."""
    async with running_bot() as bot:
        await bot.type("a car --mode {std|standard}")
        await bot.until_delivered()
        assert [one["prompt"] for one in submitted_inputs(bot)] == ["a car"]
        assert len(bot.messages()) == 1


async def test_a_set_above_the_limit_is_asked_about_with_its_total() -> None:
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot, "a lake --mode pro --duration 5")
        await confirm_above(bot, "0.2")
        asked = await bot.type("a car --times 3 --mode pro --duration 5")
        assert asked.shown is not None
        assert "3 videos, about 0.378 USD in all." in asked.shown.text
        await press(bot, asked.shown, buttons.CONFIRM)
        await until_set_done(bot, 3)
        assert len(bot.sandbox.video.charges) == 4


async def test_a_set_about_which_an_approver_would_decide_is_refused() -> None:
    async with running_bot(ADMINS=MIA) as bot:
        await make_video(bot, "a lake --mode std")
        await answer(bot, f"budget approve above 0.1 by <@{BEN}|ben>", user=MIA)
        told = await answer(bot, "a car --times 2 --mode std")
        assert "approvers decide about one video at a time" in told
        assert len(bot.sandbox.video.charges) == 1


async def test_each_attached_image_makes_a_part() -> None:
    async with running_bot() as bot:
        files = [
            await put_file(bot, image_bytes("PNG", side), name=f"{side}.png") for side in (400, 500)
        ]
        await mention(bot, "it waves --each-image", *files)
        await bot.until(lambda: any("All 2 done" in one.text for one in bot.replies()))
        images = [one["image_urls"] for one in submitted_inputs(bot)]
        assert all(isinstance(one, list) and len(one) == 1 for one in images)
        assert images[0] != images[1]


async def test_a_reply_under_a_job_makes_a_set_of_changes() -> None:
    async with running_bot() as bot:
        root = await make_video(bot, "a lake --mode std")
        await mention(bot, "at {dawn|night}", thread=root)
        await bot.until(lambda: any("All 2 done" in one.text for one in bot.replies()))
        assert prompts(bot) == ["a lake", "a lake. at dawn", "a lake. at night"]


async def test_a_form_tells_the_price_of_all_before_it_makes_them() -> None:
    """It was drawn with the price of one; submitted again, it starts them and asks no more."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot, "a lake --mode std")
        await confirm_above(bot, "0.1")
        await bot.type("")
        values = entries(prompt="{red|blue} car", mode="std")
        assert (await submit(bot, values=values)).error is None
        view = form_of(bot)
        assert "2 videos, about 0.1512 USD in all." in str(view.data["blocks"])
        assert len(bot.sandbox.video.charges) == 1
        await submit(bot, values=values)
        await until_set_done(bot, 2)
        assert prompts(bot) == ["a lake", "blue car", "red car"]
        assert bot.ephemerals() == []


async def test_a_refused_text_with_a_number_opens_in_the_form_with_that_number() -> None:
    """And with what all of them cost; alternatives and images count, too."""
    async with running_bot() as bot:
        refused = await bot.type("a {red|blue} car --mode ultra --times 3")
        assert refused.shown is not None
        await press(bot, refused.shown, buttons.OPEN_DRAFT)
        assert element_of(form_of(bot), "times")["initial_value"] == "3"
        assert "6 videos." in str(form_of(bot).data["blocks"])
        files = [await put_file(bot, image_bytes()) for _ in range(2)]
        await mention(bot, "a car --mode ultra --each-image", *files)
        await press(bot, await until_ephemeral(bot, 2), buttons.OPEN_DRAFT)
        assert "2 videos." in str(form_of(bot).data["blocks"])


async def test_braces_of_an_earlier_prompt_are_text_in_a_form_that_changes_it() -> None:
    """One video was meant, so one is told of."""
    async with running_bot() as bot:
        await mention(bot, r"a \{red|blue} car")
        await until_done(bot, 1)
        await mention(bot, "--mode ultra", thread=bot.messages()[0])
        await press(bot, await until_ephemeral(bot), buttons.OPEN_DRAFT)
        assert "2 videos" not in str(form_of(bot).data["blocks"])
        await submit(bot)
        await bot.until(lambda: len(bot.sandbox.video.charges) == 2)
        assert prompts(bot) == ["a {red|blue} car"] * 2


async def test_a_set_is_cancelled_as_a_whole_while_it_waits() -> None:
    async with running_bot(SUBMIT_DELAY_SECONDS="60") as bot:
        await bot.type("a car --times 3")
        await bot.until(lambda: len(bot.replies()) == 3)
        await press(bot, bot.messages()[0], buttons.SET_CANCEL)
        assert "All 3 are cancelled" in (await until_ephemeral(bot)).text
        await bot.until(lambda: "0 of 3 done, the others" in bot.messages()[0].text)
        assert bot.sandbox.video.charges == []
