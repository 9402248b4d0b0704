"""`/video help`, `list`, `status`, `cancel`, `again`, `resend`, `cost`, `models`: all private."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.listeners.subcommands.router import SUBCOMMANDS
from bot.listeners.subcommands.thread import THREAD_WORDS
from sandbox.mindvideo.faults import Call
from sandbox.slack.entities import ANA, BEN, CREW
from sandbox.slack.faults import Fault, FaultKind
from tests.support.running_bot import RunningBot, running_bot

NO_ID = "0123456789"

SLOW_DOWN = Fault(kind=FaultKind.RATE_LIMITED, retry_after="60")
"""Holds a job before its message stands, so that nothing of it is sent."""


async def told(bot: RunningBot, text: str, *, user: str = ANA) -> str:
    """Type `/video text` and return the whole private answer."""
    delivery = await bot.type(text, user=user)
    assert delivery.error is None
    assert delivery.shown is not None
    assert delivery.shown.ephemeral_for == user
    return delivery.shown.text + json.dumps(delivery.shown.blocks, ensure_ascii=False)


async def made(bot: RunningBot, text: str = "a lake --duration 5") -> str:
    """Let Ana make a video and return its job's ID."""
    await bot.type(text)
    await bot.until(lambda: any("cost" in said.text for said in bot.messages()))
    return bot.messages()[0].job_id or ""


async def test_the_manual_tells_every_subcommand_and_every_word_of_a_thread() -> None:
    """It is written from the tables that do the work."""
    async with running_bot() as bot:
        manual = await told(bot, "help")
    for word, subcommand in SUBCOMMANDS.items():
        assert subcommand.usage.split()[0] == word
        assert f"`/video {subcommand.usage}`: {subcommand.about}" in manual
    for word in THREAD_WORDS:
        assert f"`{word}`" in manual


async def test_help_of_a_model_tells_its_options() -> None:
    """In any case of letters."""
    async with running_bot() as bot:
        assert "--negative-prompt" in await told(bot, "HELP Kling-V3")


async def test_help_of_a_model_that_is_not_there_names_the_nearest_and_all() -> None:
    """Nobody means to pay for a video of these words; who does, learns how."""
    async with running_bot() as bot:
        answer = await told(bot, "help kling-v9")
        for words in ("`kling-v9`", "Did you mean `kling-v3`?", "`/video -- help kling-v9`"):
            assert words in answer
        assert bot.messages() == []


@pytest.mark.parametrize("word", ["help", "notify", "cancel"])
async def test_help_of_a_command_tells_how_it_is_typed(word: str) -> None:
    """Whoever asks for help does not mean to pay for a video of it."""
    async with running_bot() as bot:
        assert f"`/video {SUBCOMMANDS[word].usage}`" in await told(bot, f"help {word.upper()}")
        assert bot.sandbox.video.requests == []


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("list of cats", "list of cats"),
        ("-- list", "list"),
        ("-- list of cats", "list of cats"),
        ("— cost", "cost"),
        ("help the dog", "help the dog"),
        ("-- help wanted", "help wanted"),
        ("status of a ship", "status of a ship"),
        ("cancel culture debate", "cancel culture debate"),
        ("again the sea", "again the sea"),
        ("models on a catwalk --duration 5", "models on a catwalk"),
        ("cost of living", "cost of living"),
        ("cost cutting", "cost cutting"),
        ("notify the neighbours", "notify the neighbours"),
        ("settings of a play", "settings of a play"),
    ],
)
async def test_a_text_longer_than_the_form_is_a_prompt(text: str, prompt: str) -> None:
    """A prompt may begin with any of the words."""
    async with running_bot() as bot:
        delivery = await bot.type(text)
        assert delivery.shown is None
        await bot.until(lambda: bot.sandbox.video.calls(Call.SUBMIT))
        (submit,) = bot.sandbox.video.calls(Call.SUBMIT)
        assert json.loads(submit.body)["input"]["prompt"] == prompt


@pytest.mark.parametrize("word", ["status", "cancel", "again", "resend"])
async def test_a_word_without_its_id_tells_the_usage_and_costs_nothing(word: str) -> None:
    """Nobody means to pay for a video of the word `cancel`; who does, learns how."""
    async with running_bot() as bot:
        answer = await told(bot, word)
        assert f"/video {SUBCOMMANDS[word].usage}" in answer
        assert f"/video -- {word}" in answer
        assert bot.messages() == []


@pytest.mark.parametrize("text", ["status {}", "cancel {}", "again {} --duration 8", "resend {}"])
async def test_a_job_that_is_not_there_is_told(text: str) -> None:
    """Nothing is done and nothing is charged."""
    async with running_bot() as bot:
        answer = await told(bot, text.format(NO_ID))
        assert f"There is no job `{NO_ID}`" in answer
        assert bot.sandbox.video.requests == []


async def test_list_shows_my_jobs_running_and_recent() -> None:
    """Wherever they were asked for, and nobody else's."""
    async with running_bot() as bot:
        assert "not asked for anything" in await told(bot, "list")
        job_id = await made(bot)
        bot.sandbox.slack.faults.add("chat.postMessage", SLOW_DOWN)
        await bot.type("a sea <!channel>", channel=CREW)
        await bot.type("a hill", user=BEN)
        listed = await told(bot, "list")
    running, _, recent = listed.partition("*Recent*")
    assert "*Running*" in running
    assert "a sea &lt;!channel&gt;" in running
    assert "a hill" not in listed
    assert f"`{job_id}` · <!date^" in recent
    assert "*Done* in" in recent


async def test_status_tells_where_a_job_stands() -> None:
    """To anybody who knows its ID, with the marks that were copied along."""
    async with running_bot() as bot:
        job_id = await made(bot, "a lake --mode pro")
        answer = await told(bot, f"status `{job_id.upper()}`", user=BEN)
    assert "*Done* in" in answer
    assert "a lake" in answer
    assert "Mode: pro" in answer
    assert f"<@{ANA}>" in answer


async def test_cancel_ends_a_job_that_was_not_sent() -> None:
    """It is free, and asking twice changes nothing."""
    async with running_bot() as bot:
        bot.sandbox.slack.faults.add("chat.postMessage", SLOW_DOWN)
        await bot.type("a lake")
        job_id = (await told(bot, "list")).partition("`")[2].partition("`")[0]
        assert f"Only <@{ANA}>" in await told(bot, f"cancel {job_id}", user=BEN)
        assert "costs nothing" in await told(bot, f"cancel {job_id}")
        await bot.until(
            lambda: any("Nothing was charged" in said.text for said in bot.ephemerals())
        )
        assert "nothing left to cancel" in await told(bot, f"cancel {job_id}")
        assert bot.messages() == []
        assert bot.sandbox.video.requests == []


async def test_options_that_another_model_lacks_are_named(tmp_path: Path) -> None:
    """The video is made with what is left, and the person hears what was not taken over."""
    properties = {"prompt": {"type": "string"}}
    plain = {"slug": "plain", "schema": {"type": "object", "properties": properties}}
    (tmp_path / "plain.json").write_text(json.dumps(plain), encoding="utf-8")
    async with running_bot(MODELS_DIR=str(tmp_path)) as bot:
        job_id = await made(bot, "a lake --duration 8")
        answer = await told(bot, f"again {job_id} --model plain")
        assert "left out: Duration" in answer
        await bot.until_delivered(2)


async def test_again_renders_a_job_again_with_changes() -> None:
    """A new job with a new charge; the question about the same words is not asked."""
    async with running_bot() as bot:
        job_id = await made(bot)
        for text in (f"again {job_id}", f"again {job_id} make it night --mode pro"):
            delivery = await bot.type(text, user=BEN)
            assert delivery.shown is None
        await bot.until_delivered(3)
        given = [json.loads(call.body)["input"] for call in bot.sandbox.video.calls(Call.SUBMIT)]
    assert given[1:] == [
        {"prompt": "a lake", "duration": 5},
        {"prompt": "make it night", "mode": "pro", "duration": 5},
    ]


async def test_resend_brings_the_files_again() -> None:
    """Into the thread where they stood, without a charge."""
    async with running_bot() as bot:
        job_id = await made(bot)
        assert "nothing is charged" in await told(bot, f"resend {job_id}")
        await bot.until(lambda: sum(bool(said.files) for said in bot.replies()) == 2)
        assert len(bot.sandbox.video.charges) == 1


async def test_resend_of_a_job_without_files_is_refused() -> None:
    """It says which job."""
    async with running_bot(render_seconds=30) as bot:
        await bot.type("a lake")
        await bot.until(lambda: bot.sandbox.video.charges)
        job_id = bot.messages()[0].job_id
        assert f"Job {job_id} has no finished files" in await told(bot, f"resend {job_id}")


async def test_cost_tells_what_i_the_channel_and_the_team_spent() -> None:
    """Exact, for this month and last; what is not named yet is pending."""
    async with running_bot(COST_UNIT="USD") as bot:
        await bot.type("a lake")
        await bot.type("a hill", user=BEN)
        await bot.type("a sea", channel=CREW)
        await bot.until(lambda: sum("cost" in said.text for said in bot.messages()) == 2)
        await bot.until(lambda: any("cost" in said.text for said in bot.messages(CREW)))
        bot.sandbox.video.cost_delay_seconds = 3600
        await bot.type("a lake at night")
        await bot.until_delivered(3)
        answer = (await told(bot, "cost")).split("[{")[0]
    this, last, note = answer.split("\n\n")
    assert this.splitlines()[1:] == [
        "• you: 0.1512 USD for 2 renders, 1 render pending",
        "• this channel: 0.1512 USD for 2 renders, 1 render pending",
        "• the whole team: 0.2268 USD for 3 renders, 1 render pending",
    ]
    assert last.splitlines()[1:] == [
        "• you: nothing",
        "• this channel: nothing",
        "• the whole team: nothing",
    ]
    assert "UTC" in note


@pytest.mark.parametrize(
    ("text", "whose"), [("cost me", "you"), ("cost Channel", "this channel"), ("cost team", "team")]
)
async def test_cost_tells_of_one_part_alone(text: str, whose: str) -> None:
    """Nobody means to pay for a video of it."""
    async with running_bot() as bot:
        answer = (await told(bot, text)).split("[{")[0]
        assert bot.sandbox.video.requests == []
    this, last, _ = answer.split("\n\n")
    for month in (this, last):
        (line,) = month.splitlines()[1:]
        assert whose in line


async def test_models_lists_what_is_on_offer() -> None:
    """With its slug, as `--model` takes it."""
    async with running_bot() as bot:
        assert "`kling-v3` Kling V3" in await told(bot, "models")
