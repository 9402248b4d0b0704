"""Digests: put in once when they are due, with figures and a chart, whatever breaks in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path

import pytest

from bot.base.ports import FileState
from bot.money.costs import Day
from bot.notifications import digest
from bot.notifications.chart import draw
from bot.notifications.schedule import DIGEST, Every, Schedule
from bot.slack.chat import SlackChat
from bot.worker.outbox import SHARE_PATIENCE_SECONDS
from sandbox.slack.entities import ANA, BEN, CREW, OPEN, TEAM
from sandbox.slack.faults import UPLOAD, Fault, FaultKind
from storage.job import Outcome, Stage
from storage.notification import NotificationKind, channel_scope
from storage.store import Room
from tests.notifications.test_job_event import change_rows
from tests.support.outbox_bench import OutboxBench, journal_of, outbox_bench

DAY = 86400.0
# A Wednesday, 17 minutes before nine.
BEFORE_NINE = datetime(2026, 11, 18, 8, 43, tzinfo=UTC).timestamp()
NINE = datetime(2026, 11, 18, 9, tzinfo=UTC).timestamp()
PNG = b"\x89PNG\r\n\x1a\n"


@cache
def a_chart() -> bytes:
    """Return a chart, drawn once: `tests/test_chart.py` looks at charts themselves."""
    return draw([Day(date=datetime(2026, 11, 18, tzinfo=UTC).date(), succeeded=2, failed=1)])


@pytest.fixture(autouse=True)
def _draws_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "draw", lambda _: a_chart())


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[OutboxBench]:
    """The crew wants a digest every day at nine, UTC; Ana and Ben made videos the day before."""
    async with outbox_bench(tmp_path) as ready:
        ready.clock.moment = BEFORE_NINE - DAY / 2
        await subscribe(ready)
        await ready.deliver(await ready.job("a lake"))
        await ready.deliver(await ready.job("a hill", user=BEN, cost="1.25", seconds=90.0))
        await ready.deliver(await ready.job("a sea", user=BEN, outcome=Outcome.FAILED, cost="0.1"))
        ready.clock.moment = BEFORE_NINE
        yield ready


async def subscribe(bench: OutboxBench, channel: str = CREW, every: Every = Every.DAILY) -> None:
    """Send a channel digests from now on."""
    schedule = Schedule(every=every, at=time(9), zone="UTC", since=bench.clock() - 20 * DAY)
    await bench.store.settings.set(channel_scope(TEAM, channel), DIGEST, schedule.to_json())


async def take_over(bench: OutboxBench) -> None:
    """Let another process claim what is out, as it may once the lease has run out."""
    room = Room(1, tuple(NotificationKind))
    assert await bench.store.outbox.claim(bench.clock() + DAY, DAY, [room])


async def at_nine(bench: OutboxBench, seconds: float = 5.0) -> None:
    """Let it become nine, and a little later."""
    bench.clock.moment = NINE
    await bench.digests.put_in()
    await bench.run(seconds)


async def test_a_digest_comes_at_its_hour_and_once(bench: OutboxBench) -> None:
    """Not before; and neither another look, nor a restart, nor a second process repeats it."""
    await bench.store.settings.set(channel_scope(TEAM, CREW), DIGEST, None)
    await subscribe(bench)
    await bench.digests.put_in()
    await bench.run(3)
    yesterday = len(bench.told())
    await at_nine(bench)
    assert len(bench.told()) == yesterday + 1
    for _ in range(3):
        bench.restart()
        await bench.digests.put_in()
        await bench.run(3)
    assert len(bench.told()) == yesterday + 1
    bench.clock.moment = NINE + DAY
    await bench.digests.put_in()
    await bench.run(3)
    assert len(bench.told()) == yesterday + 2


async def test_a_digest_that_was_told_after_the_backup_is_not_told_again(
    bench: OutboxBench,
) -> None:
    """It is known by the mark on its message: the restored row knows of no file."""
    await at_nine(bench)
    (told,) = bench.told()
    assert told.files
    unknown = "delivery_ts = NULL, uploads = '[]', delivery_intent_at = NULL"
    await change_rows(bench, f"{unknown}, due_at = 1")
    bench.restart()
    await bench.run(3)
    assert len(bench.told()) == 1


async def test_a_digest_says_how_it_went_and_what_it_cost(bench: OutboxBench) -> None:
    await at_nine(bench)
    (told,) = bench.told()
    said = json.dumps(told.blocks, ensure_ascii=False)
    for words in (
        "3 videos asked for, 2 finished, 1 failed.",
        "Success rate 67%. Median time 1 min 15 s.",
        "Spent 1.85.",
        "Billed 1.85 against an estimate of 1.2 (+54%).",
        "• ben: 1.35 for 1 video\\n• ana: 0.5 for 1 video",
        "• Kling V3: 1.85 for 2 videos",
        f"<!date^{int(NINE)}^",
        "amounts as billed by MindVideo",
    ):
        assert words in said
    assert "<@" not in said


async def test_the_chart_comes_with_the_words_and_in_words(bench: OutboxBench) -> None:
    """One message: the picture, what a screen reader says of it, and the figures."""
    await at_nine(bench)
    (told,) = bench.told()
    (file_id,) = told.files
    file = bench.slack.world.files.file(file_id)
    assert file.name == "videos-2026-11-18.png"
    assert file.alt.startswith("Bar chart of videos a day. Thursday 5: none;")
    assert "Tuesday 17: 2 finished, 1 failed" in file.alt
    assert file.path.read_bytes().startswith(PNG)


async def test_a_week_covers_seven_days(bench: OutboxBench) -> None:
    await bench.store.settings.set(channel_scope(TEAM, CREW), DIGEST, None)
    await subscribe(bench, every=Every.WEEKLY)
    bench.clock.moment = NINE + 5 * DAY
    await bench.digests.put_in()
    await bench.run(3)
    (told,) = bench.told()
    assert "Videos of the last 7 days" in json.dumps(told.blocks)
    assert "3 videos asked for" in json.dumps(told.blocks)


async def test_a_quiet_day_is_said_in_words_alone(bench: OutboxBench) -> None:
    bench.clock.moment = NINE + 30 * DAY
    await bench.digests.put_in()
    await bench.run(3)
    (told,) = bench.told()
    assert "Nobody asked for a video." in told.text
    assert told.files == ()


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("files.getUploadURLExternal", Fault(kind=FaultKind.LOST_AFTER)),
        ("files.getUploadURLExternal", Fault(kind=FaultKind.RATE_LIMITED)),
        (UPLOAD, Fault(kind=FaultKind.LOST_BEFORE)),
        (UPLOAD, Fault(kind=FaultKind.LOST_AFTER)),
        (UPLOAD, Fault(kind=FaultKind.STATUS_AFTER, status=408)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.LOST_BEFORE)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.LOST_AFTER)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.ERROR_AFTER)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.NO_SHARE)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.RATE_LIMITED)),
        ("files.info", Fault(kind=FaultKind.HIDDEN_SHARES)),
        ("files.info", Fault(kind=FaultKind.RATE_LIMITED)),
    ],
)
async def test_a_doubtful_share_is_looked_for_and_never_repeated(
    bench: OutboxBench, method: str, fault: Fault
) -> None:
    bench.slack.world.faults.add(method, fault)
    await at_nine(bench, 200)
    (told,) = bench.told()
    assert len(told.files) == 1


@pytest.mark.parametrize(
    "code", ["file_uploads_disabled", "file_upload_size_restricted", "storage_limit_reached"]
)
@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_where_slack_takes_no_files_the_words_come_alone(
    bench: OutboxBench, code: str, method: str
) -> None:
    """Once as well, also when the post is doubtful."""
    bench.slack.world.faults.add(method, Fault(kind=FaultKind.ERROR_BEFORE, code=code))
    bench.slack.world.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
    await at_nine(bench, 60)
    (told,) = bench.told()
    assert told.files == ()
    assert "3 videos asked for" in told.text


async def test_a_public_channel_is_joined_for_its_digest(bench: OutboxBench) -> None:
    await subscribe(bench, OPEN)
    await at_nine(bench)
    assert len(bench.told(OPEN)) == 1


@pytest.mark.parametrize("channel", [CREW, BEN])
async def test_nothing_comes_between_the_intent_and_the_share(
    bench: OutboxBench, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """What may fail for hours comes before the intent, also where a conversation is opened."""
    journal = journal_of(bench, monkeypatch)
    await bench.store.settings.set(channel_scope(TEAM, CREW), DIGEST, None)
    await subscribe(bench, channel)
    await at_nine(bench)
    calls = journal()
    assert calls[calls.index("intent") + 1] == "files.completeUploadExternal"
    opened = bench.slack.world.workspace.direct(BEN).id if channel == BEN else channel
    assert [len(told.files) for told in bench.told(opened)] == [1]
    assert calls.count("files.completeUploadExternal") == 1


async def test_a_claim_that_is_lost_while_entering_a_channel_shares_nothing(
    bench: OutboxBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entering took so long that another process took the digest over, and shares it."""
    join = SlackChat.join

    async def join_slowly(chat: SlackChat, channel: str) -> None:
        await join(chat, channel)
        await take_over(bench)

    monkeypatch.setattr(SlackChat, "join", join_slowly)
    await bench.store.settings.set(channel_scope(TEAM, CREW), DIGEST, None)
    await subscribe(bench, OPEN)
    await at_nine(bench)
    assert bench.slack.world.count("files.completeUploadExternal") == 1
    assert bench.told(OPEN) == []


async def test_a_claim_that_is_lost_while_looking_discards_nothing(
    bench: OutboxBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever took the digest over may have seen the chart stand."""
    file_state = SlackChat.file_state

    async def ask_slowly(chat: SlackChat, file_id: str, channel: str) -> FileState:
        state = await file_state(chat, file_id, channel)
        if bench.clock() > NINE + SHARE_PATIENCE_SECONDS:
            await take_over(bench)
        return state

    monkeypatch.setattr(SlackChat, "file_state", ask_slowly)
    bench.slack.world.faults.add(
        "files.completeUploadExternal", Fault(kind=FaultKind.NO_SHARE), times=9
    )
    await at_nine(bench, 200)
    assert bench.slack.world.count("files.info") > 1
    assert bench.slack.world.count("files.delete") == 0


async def test_a_digest_that_was_due_while_the_bot_was_down_comes_late_and_once(
    bench: OutboxBench,
) -> None:
    """Of several that were missed, the newest."""
    bench.clock.moment = NINE + 3 * DAY + 7200
    await bench.digests.put_in()
    await bench.run(3)
    assert len(bench.told()) == 1


async def test_a_cost_that_is_not_named_yet_is_pending(bench: OutboxBench) -> None:
    """Of every render that was sent to MindVideo, whether it has ended or not."""
    await bench.deliver(await bench.job("a moor", cost=None))
    await bench.job("a fen", stage=Stage.RENDERING, outcome=None, cost=None)
    await at_nine(bench)
    (told,) = bench.told()
    said = json.dumps(told.blocks, ensure_ascii=False)
    assert "5 videos asked for, 3 finished, 1 failed, 1 still on the way." in said
    assert "Spent 1.85 and 2 pending." in said
    assert "• ana: 0.5 and 2 pending for 2 videos" in said


async def test_an_unknown_person_has_no_name(bench: OutboxBench) -> None:
    """Somebody who left the workspace still counts."""
    await bench.deliver(await bench.job("a moor", user="U0GONE"))
    await at_nine(bench)
    (told,) = bench.told()
    assert "somebody: 0.5 for 1 video" in json.dumps(told.blocks)
    assert ANA not in json.dumps(told.blocks)
