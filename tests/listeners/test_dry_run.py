"""Tests of `--dry`, over real HTTP: what would be sent, and what it would cost, without a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import pytest

from sandbox.mindvideo.faults import Call
from sandbox.slack.entities import ANA, BEN, StoredMessage
from tests.support.conversation import answer, make_video, mention, until_ephemeral
from tests.support.images import image_bytes, put_file
from tests.support.running_bot import running_bot

LAKE = "a lake --mode pro --duration 5"
UNKNOWN = "Nobody knows yet what this costs: MindVideo has not named a price for its like."
NOTHING = ":mag: This is what I would send to MindVideo. Nothing was started or charged."


def request_in(message: StoredMessage) -> Mapping[str, object]:
    """Return the request that a dry run shows."""
    [code] = [block for block in message.blocks if "rich_text_preformatted" in str(block)]
    elements = cast("list[Mapping[str, list[Mapping[str, str]]]]", code["elements"])
    return cast("Mapping[str, object]", json.loads(elements[0]["elements"][0]["text"]))


async def test_a_dry_run_shows_the_bytes_that_the_same_request_sends() -> None:
    """And it makes no job, whatever was asked before."""
    async with running_bot(COST_UNIT="USD") as bot:
        told = await answer(bot, f"{LAKE} --dry")
        assert told == f"{NOTHING} {UNKNOWN}"
        shown = request_in(bot.ephemerals()[-1])
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
        assert request_in(bot.ephemerals()[-1])["input"] == {"mode": "pro", "prompt": "a lake"}


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
        changed = request_in(await until_ephemeral(bot))
        assert "make it night" in str(changed["input"])
        await mention(bot, "--dry", thread=message)
        same = request_in(await until_ephemeral(bot, 2))
        assert cast("Mapping[str, object]", same["input"])["prompt"] == "a lake"
        await answer(bot, "again last --dry --duration 10")
        assert "'duration': 10" in str(request_in(bot.ephemerals()[-1])["input"])
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
