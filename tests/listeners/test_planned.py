"""Tests of planned renders, over real HTTP: asked for on each surface, listed and cancelled."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing

import pysqlite3
import pytest

from bot.messages import buttons
from bot.options.times import NO_SET_LATER
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA
from sandbox.slack.forms import Values
from storage.job import RepeatEvery, Stage
from tests.support.budget_rules import confirm_above
from tests.support.conversation import (
    answer,
    button_labels,
    button_of,
    job_of,
    make_video,
    mention,
    press,
    submitted_inputs,
    until_ephemeral,
    until_posted,
)
from tests.support.forms import (
    blocks_of,
    change_option,
    chosen,
    element_of,
    entries,
    form_of,
    press_in_form,
    submit,
    switch,
)
from tests.support.running_bot import RunningBot, running_bot

DAY = 86400


async def until_cancelled(bot: RunningBot, number: int) -> None:
    """Wait until the message with this number shows that its job was cancelled."""
    await bot.until(lambda: "Cancelled" in bot.messages()[number].text)


async def test_a_planned_render_is_announced_listed_and_cancelled_on_each_surface() -> None:
    """By the button, by the command, and by a word in its thread; nothing is ever sent."""
    async with running_bot() as bot:
        await bot.type("a lake --at tomorrow 9:00")
        await bot.until(lambda: len(bot.messages()) == 1)
        message = bot.messages()[0]
        assert "Planned" in message.text
        assert button_labels(message) == ["Cancel", "Details"]
        assert (await job_of(bot, message)).stage is Stage.PLANNED
        assert "a lake · planned" in await answer(bot, "list")
        await press(bot, message, buttons.CANCEL)
        await until_cancelled(bot, 0)
        await bot.type("a hill --at tomorrow 9:00")
        await bot.until(lambda: len(bot.messages()) == 2)
        await until_posted(bot, bot.messages()[1])
        await mention(bot, "cancel", thread=bot.messages()[1])
        await until_cancelled(bot, 1)
        await bot.type("a field --at tomorrow 9:00")
        await bot.until(lambda: len(bot.messages()) == 3)
        field = bot.messages()[2]
        assert "cancelled" in (await answer(bot, f"cancel {field.job_id}")).casefold()
        await until_cancelled(bot, 2)
        assert submitted_inputs(bot) == []


async def test_a_repeat_is_asked_about_once_and_then_planned() -> None:
    """One click, with what a month of it costs; its message says how often it goes on."""
    async with running_bot() as bot:
        delivery = await bot.type("a lake --at monday 9:00 --every week")
        assert delivery.shown is not None
        assert "goes on by itself, every week" in delivery.shown.text
        assert bot.messages() == []
        await press(bot, delivery.shown, str(button_of(delivery.shown)[0]))
        await bot.until(lambda: len(bot.messages()) == 1)
        assert "every week" in bot.messages()[0].text


async def test_a_time_that_cannot_be_is_told_and_nothing_is_planned() -> None:
    """In one sentence with an example; settings and styles have no time."""
    async with running_bot() as bot:
        assert "`--at tomorrow 9:00`" in await answer(bot, "a lake --at soon")
        assert "is over" in await answer(bot, "a lake --at 2026-01-01 9:00")
        assert "`--at 9:00 --every week`" in await answer(bot, "a lake --every week")
        assert "belongs to a request" in await answer(bot, "settings --at 9:00")
        assert "cannot be planned" in await answer(bot, "a {red|blue} car --at 9:00")
        await mention(bot, "a lake --at soon")
        assert "`--at tomorrow 9:00`" in (await until_ephemeral(bot)).text
        assert all(one.job_id is None for one in bot.messages())


def tomorrow() -> int:
    """Return a moment that no test comes near."""
    return int(time.time()) + DAY


def with_start(values: Values, at: object, every: str = "never") -> Values:
    """Return the entered values of a form with those of its fields *When* and *Repeat*."""
    return {**values, "at": {"at": at}, "every": {"every": every}}


def submit_label(bot: RunningBot) -> str:
    """Return the label of the button that submits the form."""
    label = form_of(bot).data["submit"]
    assert isinstance(label, dict)
    return str(label["text"])


def price_told(bot: RunningBot) -> str:
    """Return what the form tells of its price."""
    return str(blocks_of(form_of(bot))["price"])


async def open_all(bot: RunningBot, values: Values) -> None:
    """Open a form with all options, and enter these values."""
    await bot.type("")
    assert "at" not in blocks_of(form_of(bot))
    await switch(bot, "more", ["on"], values)


def make_due(bot: RunningBot) -> None:
    """Let the time of all planned jobs be a minute ago."""
    path = str(bot.sandbox.folder / "video-bot.db")
    with closing(pysqlite3.connect(path)) as db, db:
        db.execute("UPDATE jobs SET starts_at = ?, due_at = 0", [time.time() - 60])


async def test_a_form_with_a_time_is_planned_once_and_starts_at_its_time() -> None:
    """However often it is sent; it says before what it does, and keeps the time when redrawn."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot)
        await confirm_above(bot, "0.1")
        values = entries(prompt="a hill", mode="pro", duration="5")
        await open_all(bot, values)
        assert submit_label(bot) == "Render · about 0.126 USD"
        at = tomorrow()
        planned = with_start(values, at)
        await switch(bot, "at", str(at), planned)
        assert submit_label(bot) == "Plan · about 0.126 USD"
        assert "*Plan* confirms it. It is priced and admitted at its time," in price_told(bot)
        assert f"<!date^{at}^" in price_told(bot)
        await change_option(bot, "duration", "10", prompt="a hill", mode="pro")
        assert element_of(form_of(bot), "at")["initial_date_time"] == at
        assert submit_label(bot) == "Plan · about 0.252 USD"
        first = await submit(bot, values=planned)
        deliver = bot.sandbox.slack.dispatcher.deliver
        await asyncio.gather(*(deliver(DeliveryKind.INTERACTION, first.payload) for _ in range(3)))
        await bot.until(lambda: len(bot.messages()) == 2)
        message = bot.messages()[1]
        job = await until_posted(bot, message)
        assert (job.stage, job.starts_at) == (Stage.PLANNED, at)
        assert "a hill · planned" in await answer(bot, "list")
        make_due(bot)
        await bot.until_delivered(jobs=2)
        assert len(bot.messages()) == 2
        assert submitted_inputs(bot)[1:] == [{"prompt": "a hill", "mode": "pro"}]


async def test_a_refused_text_with_a_time_fills_the_fields_of_the_form() -> None:
    """Its repeat is asked about as that of a command; the price of a month stands in the form."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot)
        text = 'a hill --mode pro --duration 5 --zoom 3 --at "monday 9:00" --every week'
        await bot.type(text)
        await press(bot, await until_ephemeral(bot), buttons.OPEN_DRAFT)
        view = form_of(bot)
        at = element_of(view, "at")["initial_date_time"]
        assert (isinstance(at, int), chosen(view, "every")) == (True, "week")
        assert f"every week from <!date^{at}^" in price_told(bot)
        assert "a month, with at most 5 of them, about 0.63 USD" in price_told(bot)
        assert "Not taken over" in str(blocks_of(view))
        assert "at once" not in str(blocks_of(view)).replace("empty: at once", "")
        await submit(bot)
        question = await until_ephemeral(bot, 2)
        assert "goes on by itself, every week" in question.text
        await press(bot, question, str(button_of(question)[0]))
        await bot.until(lambda: len(bot.messages()) == 2)
        job = await job_of(bot, bot.messages()[1])
        assert (job.stage, job.starts_at) == (Stage.PLANNED, at)
        assert job.repeat is not None
        assert (job.repeat.every, job.repeat.zone) == (RepeatEvery.WEEK, "Europe/Berlin")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "shown", "told"),
    [
        ("a hill --at 2026-01-01 9:00 --every day --zoom 3", "is over: it is", "Say when it"),
        ("a {red|blue} hill --at tomorrow 9:00", NO_SET_LATER, NO_SET_LATER),
        ("a hill --times 2 --at tomorrow 9:00 --every day", NO_SET_LATER, NO_SET_LATER),
        (
            "a hill --at 9999-01-01 9:00 --zoom 3",
            "more than a year ahead",
            "asked for a later time",
        ),
        ("a hill --at soon", "no time that I can read", "asked for a later time"),
        ("a hill --at soon --every week", "no time that I can read", "to be repeated"),
        ("a hill --every week", "Say when it starts, too", "to be repeated"),
        ("a hill --at", "needs a value", "asked for a later time"),
    ],
)
async def test_what_cannot_be_planned_is_told_where_a_text_is_opened(
    text: str, shown: str, told: str
) -> None:
    """And again if it is sent as it is: what was meant for later does not start at once."""
    async with running_bot() as bot:
        await bot.type(text)
        await press(bot, await until_ephemeral(bot), buttons.OPEN_DRAFT)
        assert shown in str(form_of(bot).data["blocks"])
        await submit(bot)
        assert told in form_of(bot).errors["at"]
        prompt = element_of(form_of(bot), "option:prompt")["initial_value"]
        await change_option(bot, "duration", "5", prompt=prompt)
        assert submit_label(bot).startswith("Plan")
        await submit(bot)
        assert told in form_of(bot).errors["at"]
        assert bot.messages() == []
        values = with_start(entries(prompt="a hill"), tomorrow())
        await submit(bot, values={**values, "times": {"times": "1"}})
        await bot.until(lambda: len(bot.messages()) == 1)
        assert "Planned" in bot.messages()[0].text


async def test_a_change_of_what_is_planned_is_planned_for_the_same_time() -> None:
    """In its thread and in the form, so nothing starts at once that was meant for later."""
    async with running_bot() as bot:
        await bot.type("a hill --at tomorrow 9:00")
        await bot.until(lambda: len(bot.messages()) == 1)
        root = bot.messages()[0]
        first = await until_posted(bot, root)
        await mention(bot, "make it night", thread=root)
        await bot.until(lambda: any("night: Planned" in one.text for one in bot.replies()))
        await mention(bot, "again --mode pro", thread=root)
        await bot.until(lambda: sum("Planned" in one.text for one in bot.replies()) == 2)
        await mention(bot, "make it day --mode ultra", thread=root)
        await press(bot, await until_ephemeral(bot), buttons.OPEN_DRAFT)
        assert element_of(form_of(bot), "at")["initial_date_time"] == first.starts_at
        await submit(bot)
        await bot.until(lambda: sum("Planned" in one.text for one in bot.replies()) == 3)
        planned = [await until_posted(bot, one) for one in bot.replies() if "Planned" in one.text]
        assert {job.starts_at for job in planned} == {first.starts_at}
        assert submitted_inputs(bot) == []


async def test_a_picked_time_is_itself_where_slack_tells_no_zone() -> None:
    """Only what is repeated needs one."""
    async with running_bot() as bot:
        bot.sandbox.slack.world.workspace.users[ANA].tz = ""
        await open_all(bot, entries(prompt="a hill"))
        at = tomorrow()
        await submit(bot, values=with_start(entries(prompt="a hill"), at, "month"))
        question = await until_ephemeral(bot)
        await press(bot, question, str(button_of(question)[0]))
        await bot.until(lambda: len(bot.messages()) == 1)
        job = await job_of(bot, bot.messages()[0])
        assert (job.starts_at, job.repeat and job.repeat.zone) == (at, "UTC")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("prompt", "seconds", "every", "warned", "told"),
    [
        ("a hill", -1, "never", "The time below is over.", "is over: it is"),
        ("a hill", -40 * 365 * DAY, "day", "The time below is over.", "is over: it is"),
        ("a hill", 400 * DAY, "never", "The time below is more than", "more than a year ahead"),
        ("a hill", 10**10, "never", "Nobody knows yet", "no time that I can read"),
        ("a hill", None, "week", "Say below when it starts.", "Say when it starts, too"),
        ("a {red|blue} hill", DAY, "day", NO_SET_LATER, NO_SET_LATER),
    ],
)
async def test_a_time_that_cannot_be_is_told_at_its_field_and_nothing_is_lost(
    prompt: str, seconds: int | None, every: str, warned: str, told: str
) -> None:
    """The form stays as it is, also where it is redrawn with it; with another time it goes on."""
    async with running_bot() as bot:
        await open_all(bot, entries(prompt=prompt))
        at = "" if seconds is None else int(time.time()) + seconds
        bad = with_start(entries(prompt=prompt), at, every)
        await switch(bot, "every", every, bad)
        assert warned in price_told(bot)
        await submit(bot, values=bad)
        assert told in form_of(bot).errors["at"]
        await press_in_form(bot, "dry_run", bad, block_id="price")
        assert told in str(form_of(bot).data["blocks"])
        await bot.sandbox.slack.people.close_view(ANA, form_of(bot).id)
        assert bot.messages() == []
        await submit(bot, values=with_start(entries(prompt="a hill"), tomorrow()))
        await bot.until(lambda: len(bot.messages()) == 1)
        assert "Planned" in bot.messages()[0].text


async def test_a_dry_run_tells_when_it_would_start() -> None:
    """And of a repeat what a month costs; budgets are asked at its time, its price now."""
    async with running_bot(COST_UNIT="USD") as bot:
        await make_video(bot)
        await confirm_above(bot, "0.1")
        text = "a hill --mode pro --duration 5 --dry --at tomorrow 9:00"
        told = await answer(bot, text)
        assert "It would be priced and admitted <!date^" in told
        assert "I would ask you to confirm the price." in told
        told = await answer(bot, f"{text} --every week")
        assert "every week from <!date^" in told
        assert "a month, with at most 5 of them, about 0.63 USD. I would ask you first." in told
        assert "is over" in await answer(bot, "a hill --dry --at today 0:00")
        assert len(bot.messages()) == 1
