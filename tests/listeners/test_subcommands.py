"""Tests of the subcommands of `/video`; all their answers are ephemeral."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.listeners.subcommands.job_words import JOB_SUBCOMMANDS
from bot.listeners.subcommands.router import SUBCOMMANDS
from bot.listeners.subcommands.thread import THREAD_WORDS
from sandbox.slack.entities import ANA, BEN, CREW
from sandbox.slack.faults import Fault, FaultKind
from tests.support.conversation import make_video, names_cost, submitted_inputs
from tests.support.listener_harness import JOB, ListenerHarness, listener_harness
from tests.support.running_bot import RunningBot, running_bot
from tests.support.services import BOT

UNKNOWN_ID = "9999999999"

RATE_LIMIT = Fault(kind=FaultKind.RATE_LIMITED, retry_after="60")
"""Keeps a job from posting its message, so that nothing is submitted."""


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ListenerHarness]:
    """Listeners over a store with one job."""
    async with listener_harness(tmp_path) as ready:
        yield ready


async def answer_to(harness: ListenerHarness, text: str, user: str = JOB.user) -> str:
    """Type `/video text`; return the ephemeral answer, and check that no job was accepted."""
    answer = await harness.command(text, user)
    assert answer is not None
    assert await harness.new_jobs() == []
    return answer.text


async def shown(bot: RunningBot, text: str, *, user: str = ANA) -> str:
    """Type `/video text` over HTTP and return the ephemeral answer with its blocks."""
    delivery = await bot.type(text, user=user)
    assert delivery.error is None
    assert delivery.shown is not None
    assert delivery.shown.ephemeral_for == user
    return delivery.shown.text + json.dumps(delivery.shown.blocks, ensure_ascii=False)


async def test_the_manual_lists_every_subcommand_and_every_command_of_a_thread() -> None:
    """It is generated from the tables that dispatch them."""
    async with running_bot() as bot:
        overview = await shown(bot, "help")
        manual = await shown(bot, "help commands") + await shown(bot, "help Messages")
    assert "*Used most*" in overview
    for word, subcommand in SUBCOMMANDS.items():
        assert subcommand.usage.split()[0] == word
        assert f"`/video {subcommand.usage}`: {subcommand.about}" in manual
    for word in THREAD_WORDS:
        assert f"`{word}`" in manual


async def test_help_of_a_model_lists_its_options(harness: ListenerHarness) -> None:
    """Upper and lower case are the same."""
    assert "--negative-prompt" in await answer_to(harness, "HELP Kling-V3")


async def test_help_of_an_unknown_model_names_the_nearest(harness: ListenerHarness) -> None:
    """It starts no job; the answer shows how to request a video of this text."""
    answer = await answer_to(harness, "help kling-v9")
    for part in ("`kling-v9`", "Did you mean `kling-v3`?", "`/video -- help kling-v9`"):
        assert part in answer


@pytest.mark.parametrize("word", ["help", "notify", "cancel"])
async def test_help_of_a_subcommand_shows_its_usage(harness: ListenerHarness, word: str) -> None:
    usage = f"`/video {SUBCOMMANDS[word].usage}`"
    assert usage in await answer_to(harness, f"help {word.upper()}")


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("list of cats on a sofa", "list of cats on a sofa"),
        ("-- list", "list"),
        ("-- list of cats", "list of cats"),
        ("— cost", "cost"),
        ("help the dog swim", "help the dog swim"),
        ("-- help wanted", "help wanted"),
        ("status of a ship", "status of a ship"),
        ("cancel culture debate on television", "cancel culture debate on television"),
        ("again the sea and waves", "again the sea and waves"),
        ("models on a catwalk --duration 5", "models on a catwalk"),
        ("cost of living in Tokyo", "cost of living in Tokyo"),
        ("notify the neighbours of rain", "notify the neighbours of rain"),
        ("settings of a play", "settings of a play"),
    ],
)
async def test_a_text_with_more_words_than_the_subcommand_takes_is_a_prompt(
    harness: ListenerHarness, text: str, prompt: str
) -> None:
    """A prompt may begin with the name of a subcommand."""
    assert await harness.command(text) is None
    (made,) = await harness.new_jobs()
    assert made.input["prompt"] == prompt


@pytest.mark.parametrize("word", JOB_SUBCOMMANDS)
async def test_a_subcommand_without_its_id_is_answered_with_its_usage(
    harness: ListenerHarness, word: str
) -> None:
    """It starts no job; the answer shows how to request a video of this text."""
    answer = await answer_to(harness, word)
    assert f"/video {SUBCOMMANDS[word].usage}" in answer
    assert f"/video -- {word}" in answer


@pytest.mark.parametrize("text", ["status {}", "cancel {}", "again {} --duration 8", "resend {}"])
async def test_a_subcommand_with_an_unknown_id_names_it(
    harness: ListenerHarness, text: str
) -> None:
    answer = await answer_to(harness, text.format(UNKNOWN_ID))
    assert f"There is no job `{UNKNOWN_ID}`" in answer


async def test_an_id_is_recognised_with_the_markup_that_was_copied(
    harness: ListenerHarness,
) -> None:
    """Every user may read every job of the workspace."""
    answer = await answer_to(harness, f"status `{JOB.id.upper()}`", "U9")
    assert answer.startswith(f"Job {JOB.id}: ")


async def test_models_lists_each_model_by_its_slug(harness: ListenerHarness) -> None:
    """The slug is the value of `--model`."""
    assert "`kling-v3` Kling V3" in await answer_to(harness, "models")


@pytest.mark.parametrize(
    ("event", "answered"),
    [
        ({"text": f"<@{BOT}> help"}, "How to ask"),
        ({"text": "list", "channel": "D1", "channel_type": "im"}, JOB.id),
        ({"text": f"<@{BOT}>"}, "what to show"),
    ],
    ids=["mention", "direct message", "mention alone"],
)
async def test_subcommands_work_in_messages(
    harness: ListenerHarness, event: dict[str, str], answered: str
) -> None:
    """A mention without text is answered with how to request a video."""
    answer = await harness.message(**{"thread_ts": None, **event})
    assert answer is not None
    assert await harness.new_jobs() == []
    assert answered in answer.text


async def test_list_shows_the_users_jobs_running_and_recent() -> None:
    """Wherever they were requested, and no job of another user."""
    async with running_bot() as bot:
        assert "not asked for anything" in await shown(bot, "list")
        done = await make_video(bot, "a lake")
        bot.sandbox.slack.faults.add("chat.postMessage", RATE_LIMIT)
        await bot.type("a sea &lt;!channel&gt;", channel=CREW)
        await bot.type("a hill", user=BEN)
        listed = await shown(bot, "list")
    first, second = listed.partition("[{")[0].splitlines()
    assert first.startswith("a sea &lt;!channel&gt; · queued · ")
    assert second == f"a lake · done, cost 0.0756 · {done.job_id}"


async def test_a_job_that_was_not_announced_is_cancelled_for_free() -> None:
    """It has no message yet, so its user is notified ephemerally; a second cancel does nothing."""
    async with running_bot() as bot:
        bot.sandbox.slack.faults.add("chat.postMessage", RATE_LIMIT)
        await bot.type("a lake")
        job_id = (await shown(bot, "list")).partition("[{")[0].rpartition(" · ")[2]
        assert "costs nothing" in await shown(bot, f"cancel {job_id}")
        await bot.until(lambda: any("Nothing was charged" in one.text for one in bot.ephemerals()))
        assert "nothing left to cancel" in await shown(bot, f"cancel {job_id}")
        assert bot.messages() == []
        assert bot.sandbox.video.requests == []


async def test_options_that_another_model_lacks_are_named(tmp_path: Path) -> None:
    """The video is made with the others."""
    properties = {"prompt": {"type": "string"}}
    plain = {"slug": "plain", "schema": {"type": "object", "properties": properties}}
    (tmp_path / "plain.json").write_text(json.dumps(plain), encoding="utf-8")
    async with running_bot(MODELS_DIR=str(tmp_path)) as bot:
        made = await make_video(bot, "a lake --duration 8")
        answer = await shown(bot, f"again {made.job_id} --model plain")
        assert "left out: Duration" in answer
        several = await shown(bot, f"again {made.job_id} at night --model plain --times 2")
        assert several == answer
        await bot.until(lambda: any("2 videos" in one.text for one in bot.messages()))


async def test_again_renders_a_job_again_with_changes() -> None:
    """A new job with a new charge, without the question about a duplicate."""
    async with running_bot() as bot:
        made = await make_video(bot, "a lake --duration 5")
        for text in (f"again {made.job_id}", f"again {made.job_id} make it night --mode pro"):
            delivery = await bot.type(text, user=BEN)
            assert delivery.shown is None
        await bot.until_delivered(3)
    # The two were asked for at one time, so either may have been submitted first.
    assert sorted(submitted_inputs(bot)[1:], key=len) == [
        {"prompt": "a lake", "duration": 5},
        {"prompt": "a lake. make it night", "mode": "pro", "duration": 5},
    ]


async def test_resend_delivers_the_files_into_the_thread_again() -> None:
    """Without a render and without a charge."""
    async with running_bot() as bot:
        made = await make_video(bot)
        assert "nothing is charged" in await shown(bot, f"resend {made.job_id}")
        await bot.until(lambda: sum(bool(one.files) for one in bot.replies()) == 2)
        assert len(bot.sandbox.video.charges) == 1


async def test_cost_shows_what_the_user_the_channel_and_the_team_spent() -> None:
    """Exact, for this month and last; an amount that is not named yet is unconfirmed."""
    async with running_bot(COST_UNIT="USD") as bot:
        await bot.type("a lake")
        await bot.type("a hill", user=BEN)
        await bot.type("a sea", channel=CREW)
        await bot.until(lambda: sum(map(names_cost, bot.messages())) == 2)
        await bot.until(lambda: any(map(names_cost, bot.messages(CREW))))
        bot.sandbox.video.cost_delay_seconds = 3600
        await bot.type("a lake at night")
        await bot.until_delivered(3)
        # Its result stands in the thread a moment before the job is over.
        async with asyncio.timeout(20):
            while " held for " in (answer := await shown(bot, "cost")):
                pass
        answer = answer.split("[{")[0]
    _, you, here, team, note = answer.splitlines()
    own = "0.1512 USD confirmed for 2 renders, 0.0756 USD unconfirmed for 1 render"
    assert you == f"*you*: 0.2268 USD (last month: nothing): {own}"
    assert here == f"*this channel*: 0.2268 USD (last month: nothing): {own}"
    assert team.startswith("*the whole team*: 0.3024 USD (last month: nothing): 0.2268 USD conf")
    assert "UTC" in note
