"""Tests of projects, over real HTTP: named in every surface, usual in a channel, and required."""

from __future__ import annotations

import pytest

from bot.messages import buttons
from bot.options.form_fields import PROJECT_BLOCK
from sandbox.slack.entities import ANA, BEN, MIA, StoredMessage
from sandbox.slack.forms import Values
from storage.job import Job
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.conversation import (
    answer,
    make_video,
    mention,
    names_cost,
    press,
    until_ephemeral,
)
from tests.support.forms import element_of, entries, form_of, submit
from tests.support.running_bot import RunningBot, running_bot


async def jobs(bot: RunningBot) -> list[Job]:
    """Return all jobs, the newest first."""
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    try:
        return await store.jobs.jobs(JobFilter())
    finally:
        await store.close()


async def made(bot: RunningBot, text: str, *, user: str = ANA) -> Job:
    """Ask for a video by command; return its job."""
    delivery = await bot.type(text, user=user)
    assert delivery.shown is None
    return (await jobs(bot))[0]


async def message_of(bot: RunningBot, job: Job) -> StoredMessage:
    """Wait until a job is done; return its message."""
    await bot.until(
        lambda: [one for one in bot.messages() if one.job_id == job.id and names_cost(one)]
    )
    return next(one for one in bot.messages() if one.job_id == job.id)


async def test_a_project_is_named_in_a_command_a_mention_and_a_reply() -> None:
    """It is no option of the model: MindVideo hears nothing of it. A change keeps it."""
    async with running_bot() as bot:
        first = await make_video(bot, "a lake --project Launch --duration 5")
        (job,) = await jobs(bot)
        assert job.project == "launch"
        assert job.input == {"prompt": "a lake", "duration": 5}
        await mention(bot, "make it night", thread=first)
        await mention(bot, "--project other --duration 8", thread=first)
        await mention(bot, "a sea --project=Third")
        await press(bot, first, buttons.AGAIN, user=BEN)
        projects = [one.project for one in reversed(await jobs(bot))]
        assert projects == ["launch", "launch", "other", "third", "launch"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a lake --project", "needs a value"),
        ("a lake --project =1+1", "is no name of a project"),
        (f"a lake --project {'x' * 41}", "is no name of a project"),
        ("a lake --project one --project two", "more than once"),
    ],
)
async def test_what_is_no_project_is_refused(text: str, problem: str) -> None:
    async with running_bot() as bot:
        assert problem in await answer(bot, text)
        assert bot.sandbox.video.requests == []


async def test_a_channel_has_a_usual_project_which_an_ask_overrides() -> None:
    """A person's own goes before it, and `none` before all."""
    async with running_bot() as bot:
        assert "`--project launch`" in await answer(bot, "settings project Launch")
        assert (await made(bot, "a lake")).project == "launch"
        assert (await made(bot, "a sea --project other")).project == "other"
        assert (await made(bot, "a hill --project none")).project is None
        await answer(bot, "settings me project mine", user=BEN)
        assert (await made(bot, "a tree", user=BEN)).project == "mine"
        assert "`--project" not in await answer(bot, "settings project none")
        assert (await made(bot, "a bird")).project is None


async def test_a_channel_may_require_a_project() -> None:
    """An ask without one gets a sentence, and the form with what was typed."""
    async with running_bot() as bot:
        assert "names its project" in await answer(bot, "settings require project")
        delivery = await bot.type("a lake --duration 5")
        assert delivery.shown is not None
        assert "Say for which project this is: add `--project NAME`." in delivery.shown.text
        assert "Open in the form" in str(delivery.shown.blocks)
        first = await made(bot, "a lake --project launch")
        assert first.project == "launch"
        await press(bot, await message_of(bot, first), buttons.AGAIN)
        await bot.until(lambda: len(bot.messages()) == 2)
        assert [one.project for one in await jobs(bot)] == ["launch", "launch"]
        assert "Each video here names its project" in await answer(bot, "settings")
        assert "need not" in await answer(bot, "settings require project off")
        assert (await made(bot, "a hill")).project is None


async def test_a_button_without_a_project_opens_the_form() -> None:
    """The earlier job has none, and each needs one meanwhile."""
    async with running_bot() as bot:
        first = await make_video(bot)
        await answer(bot, "settings require project on")
        told = len(bot.ephemerals())
        await press(bot, first, buttons.AGAIN)
        refused = await until_ephemeral(bot, told + 1)
        assert "Say for which project" in refused.text
        assert "Open in the form" in str(refused.blocks)


async def test_the_budget_of_a_project_limits_what_counts_in_it() -> None:
    """`/video budget` counts the usual project among what applies in the channel."""
    async with running_bot(ADMINS=ANA) as bot:
        await answer(bot, "budget set project Launch 0.1 per day")
        assert "No budget limits you here" in await answer(bot, "budget")
        await answer(bot, "settings project launch")
        shown = await answer(bot, "budget")
        assert "You can spend 0.1 more here*, by the budget of the project launch" in shown
        await make_video(bot, "a lake --project other")
        await made(bot, "a hill")
        assert "project launch per day has no room" in await answer(bot, "a sea")
        told = await answer(bot, "cost by project")
    assert "*other*: 0.0756" in told


async def test_the_workspace_requires_a_project_if_those_who_change_budgets_say_so() -> None:
    async with running_bot(ADMINS=MIA) as bot:
        words = "settings require project everywhere"
        assert "Only those who change budgets" in await answer(bot, words)
        assert (await made(bot, "a lake")).project is None
        assert "each video in this workspace" in await answer(bot, words, user=MIA)
        assert "Say for which project" in await answer(bot, "a hill")
        await answer(bot, f"{words} off", user=MIA)
        assert (await made(bot, "a hill")).project is None


async def test_the_form_has_a_field_for_the_project() -> None:
    """It begins with the usual one; emptied, it says none; required, its error stands at it."""
    async with running_bot() as bot:
        await answer(bot, "settings project launch")
        await bot.type("")
        assert element_of(form_of(bot), PROJECT_BLOCK)["initial_value"] == "launch"
        wrong = await submit(bot, values=values("a lake", "=1"))
        assert "is no name of a project" in str(wrong.ack.body)
        await submit(bot, values=values("a lake", "Other"))
        await bot.type("")
        await submit(bot, values=values("a hill", ""))
        assert [one.project for one in await jobs(bot)] == [None, "other"]
        await answer(bot, "settings project none")
        await answer(bot, "settings require project")
        await bot.type("")
        refused = await submit(bot, values=values("a tree", ""))
        assert "for which project this is" in str(refused.ack.body)
        assert PROJECT_BLOCK in str(refused.ack.body)


async def test_a_refused_text_opens_with_its_project() -> None:
    async with running_bot() as bot:
        delivery = await bot.type("a lake --project launch --duration 99")
        assert delivery.shown is not None
        await bot.sandbox.slack.people.click(ANA, delivery.shown.ts, buttons.OPEN_DRAFT)
        assert element_of(form_of(bot), PROJECT_BLOCK)["initial_value"] == "launch"


def values(prompt: str, project: str) -> Values:
    """Return what is entered into the form."""
    return {**entries(prompt=prompt), PROJECT_BLOCK: {PROJECT_BLOCK: project}}
