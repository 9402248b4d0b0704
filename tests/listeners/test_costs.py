"""Tests of `/video cost`, over real HTTP: who spent what, and what comes as a file."""

from __future__ import annotations

import csv
import io
import json
from typing import cast

from bot.messages.cost_report import CHART, CSV
from sandbox.slack.delivery import Delivery
from sandbox.slack.entities import ANA, BEN, GENERAL, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.files import StoredFile
from tests.support.conversation import answer, direct_channel, make_video, names_cost
from tests.support.running_bot import RunningBot, running_bot

PRICE = "0.126"
"""Of `make_video`."""


async def shown(bot: RunningBot, text: str, *, user: str = ANA) -> StoredMessage:
    """Type a command, and return its ephemeral answer."""
    delivery = await bot.type(text, user=user)
    assert delivery.shown is not None
    return delivery.shown


async def press(bot: RunningBot, report: StoredMessage, action_id: str, user: str) -> Delivery:
    """Click a button under a report."""
    delivery = await bot.sandbox.slack.people.click(user, report.ts, action_id)
    assert delivery.error is None
    return delivery


async def file_for(bot: RunningBot, user: str) -> StoredFile:
    """Wait for the file in a user's direct messages, and return it."""
    channel = direct_channel(bot, user)
    await bot.until(lambda: [one for one in bot.messages(channel) if one.files])
    (message,) = [one for one in bot.messages(channel) if one.files]
    (file_id,) = message.files
    return bot.sandbox.slack.world.files.file(file_id)


async def test_costs_are_told_for_each_scope() -> None:
    """Without a word: what the user, the channel and the team spent, and in the month before."""
    async with running_bot() as bot:
        assert "Nothing was spent" in await answer(bot, "cost")
        await make_video(bot)
        told = await answer(bot, "cost")
        for whose in ("you", "this channel", "the whole team"):
            line = f"*{whose}*: {PRICE} (last month: nothing): {PRICE} confirmed for 1 render"
            assert line in told
        assert "*you*: nothing" in await answer(bot, "cost me", user=BEN)


LISTED = {
    "cost by person": f"*<@{ANA}>*: {PRICE} (last month: nothing): {PRICE} confirmed",
    "cost by channel this week": f"*<#{GENERAL}>*: {PRICE} (last week: nothing): {PRICE}",
    "cost by model today": f"*Kling V3*: {PRICE} (yesterday: nothing): {PRICE} confirmed",
    "cost me by project": f"*no project*: {PRICE} (last month: nothing)",
    "cost channel by day": f"{PRICE} confirmed for 1 render",
}


async def test_costs_are_listed_by_what_one_asks_for() -> None:
    """Each line has a bar, which the text for screen readers leaves out."""
    async with running_bot() as bot:
        await make_video(bot)
        for text, line in LISTED.items():
            report = await shown(bot, text)
            assert line in report.text
            assert "█" not in report.text
            assert "█" * 10 in json.dumps(report.blocks, ensure_ascii=False)
        earlier = await answer(bot, "cost by model last month")
        assert "Nothing was spent, and nothing the month before." in earlier


async def test_what_is_no_report_is_asked_about() -> None:
    """It may be a prompt, or a mistyped command: nothing is rendered."""
    async with running_bot() as bot:
        for text in ("cost by shoe", "cost you", "cost next week"):
            assert "/video cost" in await answer(bot, text)
        assert bot.sandbox.video.requests == []


async def test_a_private_conversation_counts_in_sums_alone() -> None:
    """Ben sees neither the direct conversation nor its project; Ana and an admin do."""
    async with running_bot(ADMINS="U0MIA") as bot:
        await bot.type("a lake", channel=direct_channel(bot))
        await bot.until(lambda: any(map(names_cost, bot.messages(direct_channel(bot)))))
        assert "*private conversations*" in await answer(bot, "cost by channel", user=BEN)
        assert "*private conversations*" in await answer(bot, "cost by project", user=BEN)
        assert f"*<@{ANA}>*: 0.0756" in await answer(bot, "cost by person", user=BEN)
        assert "*direct messages with me*" in await answer(bot, "cost by channel")
        assert "*no project*" in await answer(bot, "cost by project")


async def test_a_csv_comes_to_ones_direct_messages() -> None:
    """With plain names, and an ID behind each: two may have one name."""
    async with running_bot() as bot:
        await make_video(bot)
        report = await shown(bot, "cost", user=BEN)
        delivery = await press(bot, report, CSV, BEN)
        file = await file_for(bot, BEN)
        text = file.path.read_bytes().decode()
        assert delivery.error is None
    assert file.name.startswith("video-costs-")
    assert text.startswith(
        '\ufeff"day","person","channel","project","model","renders","confirmed",'
    )
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    assert row["person"] == f"ana ({ANA})"
    assert row["channel"] == f"general ({GENERAL})"
    assert (row["model"], row["project"]) == ("kling-v3", "(none)")
    assert (row["confirmed"], row["held"], row["unconfirmed"]) == (PRICE, "0", "0")


async def test_a_chart_comes_as_an_image() -> None:
    async with running_bot() as bot:
        await make_video(bot)
        await press(bot, await shown(bot, "cost by model"), CHART, ANA)
        file = await file_for(bot, ANA)
        assert file.path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert PRICE in file.alt


async def test_a_file_that_slack_does_not_take_is_told() -> None:
    async with running_bot() as bot:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled")
        bot.sandbox.slack.world.faults.add("files.getUploadURLExternal", fault)
        await press(bot, await shown(bot, "cost"), CSV, ANA)
        channel = direct_channel(bot)
        await bot.until(lambda: "takes no file here" in str(bot.messages(channel)))


async def test_a_button_whose_value_is_odd_is_answered() -> None:
    async with running_bot() as bot:
        report = await shown(bot, "cost")
        rows = cast("list[dict[str, list[dict[str, str]]]]", report.blocks)
        (_, csv_button) = next(row["elements"] for row in rows if "elements" in row)
        csv_button["value"] = "{}"
        await press(bot, report, CSV, ANA)
        await bot.until(lambda: "cannot read this report" in str(bot.ephemerals()))
