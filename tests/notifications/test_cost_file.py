"""Tests of the files of cost reports: once each, whatever is lost in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.jobs.accept import Interaction
from bot.jobs.cost_report import ReportSpec
from bot.money.cost_query import Whose
from bot.notifications.cost_file import CostFile, FileForm, put_cost_file
from sandbox.slack.entities import BEN, CREW, GENERAL, TEAM, VAULT, StoredMessage
from sandbox.slack.faults import UPLOAD, Fault, FaultKind
from storage.budget import Window
from storage.job import ReplyTo
from tests.support.outbox_harness import OutboxHarness, change_rows, outbox_harness

WANTED = CostFile(
    form=FileForm.CSV,
    spec=ReportSpec(
        whose=Whose.TEAM,
        channel=GENERAL,
        window=Window.MONTH,
        first="2000-01-01",
        until="9999-01-01",
    ),
)
PRESS = Interaction(
    team=TEAM,
    channel=GENERAL,
    user=BEN,
    surface="button",
    dedup_key="button:1",
    reply_to=ReplyTo(),
)


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[OutboxHarness]:
    """Ana made a video in a channel of hers and Ben's, and one in a channel that Ben is not in."""
    async with outbox_harness(tmp_path) as ready:
        await ready.job("a lake", channel=CREW)
        await ready.job("a hill", channel=VAULT, cost="7")
        yield ready


def brought(harness: OutboxHarness) -> list[StoredMessage]:
    """Return the bot's messages to Ben."""
    return harness.posted(harness.slack.world.workspace.direct(BEN).id)


def text_of(harness: OutboxHarness) -> str:
    """Return the one file that was brought."""
    (message,) = brought(harness)
    (file_id,) = message.files
    return harness.slack.world.files.file(file_id).path.read_text(encoding="utf-8")


async def test_a_click_that_is_delivered_again_brings_one_file(harness: OutboxHarness) -> None:
    for _ in range(2):
        await put_cost_file(WANTED, PRESS, harness.services)
        await harness.run(5)
    assert "crew" in text_of(harness)


async def test_what_the_reader_may_not_see_has_neither_place_nor_day(
    harness: OutboxHarness,
) -> None:
    await put_cost_file(WANTED, PRESS, harness.services)
    await harness.run(5)
    _, private, public = text_of(harness).splitlines()
    assert private.startswith('"","ana (U0ANA)","(private)","(private)","","1","7"')
    assert f"crew ({CREW})" in public
    assert VAULT not in text_of(harness)


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        (UPLOAD, Fault(kind=FaultKind.LOST_AFTER)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.LOST_AFTER)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.NO_SHARE)),
    ],
)
async def test_a_doubtful_share_is_not_repeated(
    harness: OutboxHarness, method: str, fault: Fault
) -> None:
    harness.slack.world.faults.add(method, fault)
    await put_cost_file(WANTED, PRESS, harness.services)
    await harness.run(200)
    assert "crew" in text_of(harness)


async def test_a_file_that_is_refused_is_told_of_once(harness: OutboxHarness) -> None:
    """Also where the answer to that message is lost."""
    fault = Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled")
    harness.slack.world.faults.add("files.getUploadURLExternal", fault)
    harness.slack.world.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
    await put_cost_file(WANTED, PRESS, harness.services)
    await harness.run(60)
    (message,) = brought(harness)
    assert "takes no file here" in message.text
    assert message.files == ()


async def test_a_row_that_cannot_be_read_is_given_up(harness: OutboxHarness) -> None:
    await put_cost_file(WANTED, PRESS, harness.services)
    await change_rows(harness, "detail = '{}'")
    await harness.run(5)
    assert brought(harness) == []
