"""Tests of the digests: when they are posted, their figures and chart, and faults in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
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
from sandbox.slack.entities import BEN, CREW, OPEN, TEAM
from sandbox.slack.faults import UPLOAD, Fault, FaultKind
from storage.feedback import Feedback
from storage.job import Event, EventName, Media, Outcome, Output, Stage, UsedStyle
from storage.notification import NotificationKind, channel_scope, person_scope, team_scope
from storage.saved import Editor, SavedKey, SavedKind
from storage.store import ClaimLimit
from tests.support.outbox_harness import (
    OutboxHarness,
    change_rows,
    outbox_harness,
    record_calls,
)

DAY = 86400.0
# Wednesday, 18 November 2026, 08:43 UTC.
BEFORE_NINE = datetime(2026, 11, 18, 8, 43, tzinfo=UTC).timestamp()
NINE = datetime(2026, 11, 18, 9, tzinfo=UTC).timestamp()
VIDEO = Output(media=Media.VIDEO, url="https://x.test/1.mp4")
PNG = b"\x89PNG\r\n\x1a\n"


@cache
def drawn_chart() -> bytes:
    """Return a chart, drawn once for all tests; `test_chart.py` tests the drawing."""
    return draw([Day(date=datetime(2026, 11, 18, tzinfo=UTC).date(), succeeded=2, failed=1)])


@pytest.fixture(autouse=True)
def _drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the drawing of charts by the one that is drawn already."""
    monkeypatch.setattr(digest, "draw", lambda _: drawn_chart())


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[OutboxHarness]:
    """A channel with a daily digest at nine, UTC; Ana and Ben made videos the day before."""
    async with outbox_harness(tmp_path) as ready:
        ready.clock.now = BEFORE_NINE - DAY / 2
        await subscribe(ready)
        await ready.deliver(await ready.job("a lake"))
        await ready.deliver(
            await ready.job("a hill", user=BEN, cost="1.25", seconds=90.0, forecast="1")
        )
        await ready.deliver(await ready.job("a sea", user=BEN, outcome=Outcome.FAILED, cost="0.1"))
        ready.clock.now = BEFORE_NINE
        yield ready


async def subscribe(
    harness: OutboxHarness, channel: str = CREW, every: Every = Every.DAILY
) -> None:
    """Subscribe a channel to digests."""
    schedule = Schedule(every=every, at=time(9), zone="UTC", since=harness.clock() - 20 * DAY)
    await harness.store.settings.set(channel_scope(TEAM, channel), DIGEST, schedule.to_json())


async def take_over(harness: OutboxHarness) -> None:
    """Claim the outstanding rows as another process, as after the end of their leases."""
    limit = ClaimLimit(1, tuple(NotificationKind))
    assert await harness.store.outbox.claim(harness.clock() + DAY, DAY, [limit])


async def at_nine(harness: OutboxHarness, seconds: float = 5.0) -> None:
    """Set the clock to nine, and post what becomes due."""
    harness.clock.now = NINE
    await harness.digests.insert_due()
    await harness.run(seconds)


async def test_a_digest_is_posted_at_its_hour_once(harness: OutboxHarness) -> None:
    """Neither another check nor a restart posts it again."""
    await harness.store.settings.set(channel_scope(TEAM, CREW), DIGEST, None)
    await subscribe(harness)
    await harness.digests.insert_due()
    await harness.run(3)
    yesterday = len(harness.posted())
    await at_nine(harness)
    assert len(harness.posted()) == yesterday + 1
    for _ in range(3):
        harness.restart()
        await harness.digests.insert_due()
        await harness.run(3)
    assert len(harness.posted()) == yesterday + 1
    harness.clock.now = NINE + DAY
    await harness.digests.insert_due()
    await harness.run(3)
    assert len(harness.posted()) == yesterday + 2


async def test_a_digest_posted_after_the_backup_is_not_posted_again(
    harness: OutboxHarness,
) -> None:
    """It is found by its metadata: the restored row has no file ID."""
    await at_nine(harness)
    (message,) = harness.posted()
    assert message.files
    unknown = "delivery_ts = NULL, uploads = '[]', delivery_intent_at = NULL"
    await change_rows(harness, f"{unknown}, due_at = 1")
    harness.restart()
    await harness.run(3)
    assert len(harness.posted()) == 1


async def test_a_digest_has_outcomes_and_costs(harness: OutboxHarness) -> None:
    await at_nine(harness)
    (message,) = harness.posted()
    text = json.dumps(message.blocks, ensure_ascii=False)
    for part in (
        "3 videos asked for, 2 finished, 1 failed.",
        "Success rate 67%. Median time 1 min 15 s.",
        "Spent 1.85.",
        "Billed 1.85 against an estimate of 1.2 (+54%).",
        "Our own forecast was 1 for what cost 1.25 (+25%).",
        "• ben: 1.35 for 1 video\\n• ana: 0.5 for 1 video",
        "• Kling V3: 1.85 for 2 videos",
        f"<!date^{int(NINE)}^",
    ):
        assert part in text
    assert "<@" not in text


async def test_a_digest_has_the_thumbs_that_were_pressed_in_its_time(
    harness: OutboxHarness,
) -> None:
    """Of its workspace, also about what was requested before."""
    harness.clock.now = NINE - 9 * DAY
    jobs = [await harness.job("a lake"), await harness.job("a lake", team="T0OTHER")]
    for job in jobs:
        made = replace(job, stage=Stage.DELIVERED, outputs=(VIDEO,))
        await harness.store.jobs.apply(
            job, made, Event(at=harness.clock(), name=EventName.DELIVERED)
        )
    for number, (job, at, is_good) in enumerate(
        [
            (jobs[0], NINE - DAY, True),
            (jobs[0], NINE - 1, True),
            (jobs[0], NINE - DAY - 1, False),
            (jobs[0], NINE, False),
            (jobs[1], NINE - 1, False),
        ]
    ):
        pressed = Feedback(by=f"U{number}", is_good=is_good, at=at)
        await harness.store.feedback.give(job.id, pressed)
    await at_nine(harness)
    (message,) = harness.posted()
    text = json.dumps(message.blocks, ensure_ascii=False)
    assert "*Thumbs by mode*\\n• std: :thumbsup: 2 · :thumbsdown: 0" in text
    assert "• Kling V3: :thumbsup: 2 · :thumbsdown: 0" in text
    assert "Thumbs by style" not in text


async def test_a_digest_names_the_styles_of_its_place_alone(harness: OutboxHarness) -> None:
    """Another channel's, a person's and one that was removed are counted without their names."""
    styles = {
        "ours": channel_scope(TEAM, CREW),
        "everybodys": team_scope(TEAM),
        "theirs": channel_scope(TEAM, OPEN),
        "bens": person_scope(TEAM, BEN),
        "removed": team_scope(TEAM),
    }
    job, maker = await harness.job("a lake"), Editor(user=BEN, is_admin=True)
    for name, scope in styles.items():
        key = SavedKey(kind=SavedKind.STYLE, scope=scope, name=name)
        await harness.store.saved.save(key, {"words": "rain", "options": {}}, maker, NINE)
        made = replace(
            job,
            id=name,
            dedup_key=name,
            stage=Stage.DELIVERED,
            outputs=(VIDEO,),
            style=UsedStyle(name=name, words="rain", prompt="a lake"),
        )
        event = Event(at=harness.clock(), name=EventName.DELIVERED)
        await harness.store.jobs.insert(made, event)
        await harness.store.feedback.give(name, Feedback(by=BEN, is_good=True, at=NINE - 1))
        if name == "removed":
            await harness.store.saved.delete(key, maker)
    await at_nine(harness)
    (message,) = harness.posted()
    text = json.dumps(message.blocks, ensure_ascii=False)
    for part in ("everybodys: :thumbsup: 1", "ours: :thumbsup: 1", "other styles: :thumbsup: 3"):
        assert part in text
    for name in ("theirs", "bens", "removed"):
        assert name not in text


async def test_the_chart_is_in_the_message_with_its_alt_text(harness: OutboxHarness) -> None:
    """One message has the image, its alt text and the figures."""
    await at_nine(harness)
    (message,) = harness.posted()
    (file_id,) = message.files
    file = harness.slack.world.files.file(file_id)
    assert file.name == "videos-2026-11-18.png"
    assert file.alt.startswith("Bar chart of videos and costs a day. Thursday 5: none;")
    assert "Tuesday 17: 2 finished, 1 failed, cost 1.85" in file.alt
    assert file.path.read_bytes().startswith(PNG)


async def test_a_weekly_digest_covers_seven_days(harness: OutboxHarness) -> None:
    await harness.store.settings.set(channel_scope(TEAM, CREW), DIGEST, None)
    await subscribe(harness, every=Every.WEEKLY)
    harness.clock.now = NINE + 5 * DAY
    await harness.digests.insert_due()
    await harness.run(3)
    (message,) = harness.posted()
    assert "Videos of the last 7 days" in json.dumps(message.blocks)
    assert "3 videos asked for" in json.dumps(message.blocks)


async def test_a_digest_without_videos_has_no_chart(harness: OutboxHarness) -> None:
    harness.clock.now = NINE + 30 * DAY
    await harness.digests.insert_due()
    await harness.run(3)
    (message,) = harness.posted()
    assert "Nobody asked for a video." in message.text
    assert message.files == ()


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        (UPLOAD, Fault(kind=FaultKind.LOST_AFTER)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.LOST_AFTER)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.NO_SHARE)),
    ],
)
async def test_a_doubtful_share_is_searched_for_and_not_repeated(
    harness: OutboxHarness, method: str, fault: Fault
) -> None:
    harness.slack.world.faults.add(method, fault)
    await at_nine(harness, 200)
    (message,) = harness.posted()
    assert len(message.files) == 1


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("files.getUploadURLExternal", "file_uploads_disabled"),
        ("files.completeUploadExternal", "storage_limit_reached"),
    ],
)
async def test_a_digest_whose_chart_is_refused_is_posted_without_it(
    harness: OutboxHarness, method: str, code: str
) -> None:
    """Once as well when the post is doubtful."""
    harness.slack.world.faults.add(method, Fault(kind=FaultKind.ERROR_BEFORE, code=code))
    harness.slack.world.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
    await at_nine(harness, 60)
    (message,) = harness.posted()
    assert message.files == ()
    assert "3 videos asked for" in message.text


@pytest.mark.parametrize("channel", [CREW, BEN])
async def test_the_share_directly_follows_its_intent(
    harness: OutboxHarness, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """Calls that may fail for hours, like opening a conversation, precede the intent."""
    calls_so_far = record_calls(harness, monkeypatch)
    await harness.store.settings.set(channel_scope(TEAM, CREW), DIGEST, None)
    await subscribe(harness, channel)
    await at_nine(harness)
    calls = calls_so_far()
    assert calls[calls.index("intent") + 1] == "files.completeUploadExternal"
    opened = harness.slack.world.workspace.direct(BEN).id if channel == BEN else channel
    assert [len(message.files) for message in harness.posted(opened)] == [1]
    assert calls.count("files.completeUploadExternal") == 1


async def test_a_claim_lost_while_joining_a_channel_shares_nothing(
    harness: OutboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process shares the digest."""
    join = SlackChat.join

    async def join_slowly(chat: SlackChat, channel: str) -> None:
        await join(chat, channel)
        await take_over(harness)

    monkeypatch.setattr(SlackChat, "join", join_slowly)
    await harness.store.settings.set(channel_scope(TEAM, CREW), DIGEST, None)
    await subscribe(harness, OPEN)
    await at_nine(harness)
    assert harness.slack.world.count("files.completeUploadExternal") == 1
    assert harness.posted(OPEN) == []


async def test_a_claim_lost_while_searching_discards_nothing(
    harness: OutboxHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process may have found the chart shared."""
    file_state = SlackChat.file_state

    async def file_state_slowly(chat: SlackChat, file_id: str, channel: str) -> FileState:
        state = await file_state(chat, file_id, channel)
        if harness.clock() > NINE + SHARE_PATIENCE_SECONDS:
            await take_over(harness)
        return state

    monkeypatch.setattr(SlackChat, "file_state", file_state_slowly)
    harness.slack.world.faults.add(
        "files.completeUploadExternal", Fault(kind=FaultKind.NO_SHARE), times=9
    )
    await at_nine(harness, 200)
    assert harness.slack.world.count("files.info") > 1
    assert harness.slack.world.count("files.delete") == 0


async def test_a_missed_digest_is_posted_late_and_once(
    harness: OutboxHarness,
) -> None:
    """Of several missed digests only the newest is posted."""
    harness.clock.now = NINE + 3 * DAY + 7200
    await harness.digests.insert_due()
    await harness.run(3)
    assert len(harness.posted()) == 1


async def test_an_unknown_cost_is_pending_in_a_digest(harness: OutboxHarness) -> None:
    """For each submitted render, ended or not."""
    await harness.deliver(await harness.job("a moor", cost=None))
    await harness.job("a fen", stage=Stage.RENDERING, outcome=None, cost=None)
    await at_nine(harness)
    (message,) = harness.posted()
    text = json.dumps(message.blocks, ensure_ascii=False)
    assert "5 videos asked for, 3 finished, 1 failed, 1 still on the way." in text
    assert "Spent 1.85 and 2 pending." in text
    assert "• ana: 0.5 and 2 pending for 2 videos" in text
