"""Tests of notifications of job events: each is posted once in each subscribed channel."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest

from sandbox.slack.entities import BEN, CREW, GENERAL, MIA, OPEN, PARTNER, TEAM
from sandbox.slack.faults import Fault, FaultKind
from storage.job import Outcome, Stage
from storage.notification import (
    NOTIFY,
    OPERATORS,
    Level,
    NotificationKind,
    channel_scope,
    team_scope,
)
from storage.store import JobFilter
from tests.support.outbox_harness import (
    OutboxHarness,
    all_notifications,
    change_rows,
    outbox_harness,
    record_calls,
)


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[OutboxHarness]:
    """One channel, subscribed to everything."""
    async with outbox_harness(tmp_path) as ready:
        await ready.subscribe(Level.ALL)
        yield ready


async def test_each_subscribed_channel_gets_one_notification(harness: OutboxHarness) -> None:
    await harness.subscribe(Level.ALL, OPEN)
    await harness.deliver(await harness.job())
    await harness.run(3)
    harness.restart()
    await harness.run(3)
    assert len(harness.posted(CREW)) == len(harness.posted(OPEN)) == 1


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.FAILED])
async def test_a_channel_is_not_told_what_stands_in_it(
    harness: OutboxHarness, outcome: Outcome
) -> None:
    """The job's own message tells its end there; a trouble for operators is told all the same."""
    await harness.subscribe(Level.ALL, GENERAL)
    job = await harness.job(outcome=outcome)
    await harness.deliver(job)
    waiting = await harness.job("waits", stage=Stage.ANNOUNCED, outcome=None)
    await harness.record_event(waiting, "held", "OperatorMustAct: The credit is used up.")
    await harness.run(5)
    assert len(harness.posted(CREW)) == 2
    (told,) = harness.posted(GENERAL)
    assert "Somebody must act" in told.text


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FaultKind.LOST_AFTER, ""),
        (FaultKind.LOST_BEFORE, ""),
        (FaultKind.RATE_LIMITED, ""),
        (FaultKind.ERROR_BEFORE, "token_revoked"),
    ],
)
async def test_a_doubtful_post_is_searched_for_and_not_repeated(
    harness: OutboxHarness, kind: FaultKind, code: str
) -> None:
    harness.slack.world.faults.add("chat.postMessage", Fault(kind=kind, code=code))
    await harness.deliver(await harness.job())
    await harness.run(60)
    assert len(harness.posted()) == 1


@pytest.mark.parametrize("channel", [CREW, MIA])
async def test_the_post_directly_follows_its_intent(
    harness: OutboxHarness, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """Calls that may fail for hours, like opening a conversation, precede the intent."""
    calls_so_far = record_calls(harness, monkeypatch)
    # Only one channel: the calls of two would interleave.
    await harness.store.settings.set(channel_scope(TEAM, CREW), NOTIFY, None)
    await harness.subscribe(Level.ALL, channel)
    await harness.deliver(await harness.job())
    await harness.run(3)
    calls = calls_so_far()
    after = [calls[index + 1] for index, name in enumerate(calls) if name == "intent"]
    assert after == ["chat.postMessage"]


async def test_a_process_that_died_while_posting_does_not_post_twice(
    harness: OutboxHarness,
) -> None:
    """The intent is on disk, so the next process searches before it posts."""
    harness.slack.world.faults.add("chat.postMessage", Fault(kind=FaultKind.SILENT_AFTER))
    await harness.deliver(await harness.job())
    workspace = harness.slack.world.workspace
    before = workspace.version
    await harness.engine.tick()
    await workspace.changed_since(before)
    await harness.engine.stop(0)
    harness.restart()
    await harness.run(90)
    assert len(harness.posted()) == 1
    assert harness.slack.world.count("chat.postMessage") == 1


async def test_a_process_that_died_before_posting_posts_after_its_restart(
    harness: OutboxHarness,
) -> None:
    """The intent is on disk, but the search finds no message."""
    await harness.deliver(await harness.job())
    await change_rows(harness, f"delivery_intent_at = {harness.clock()}")
    await harness.run(3)
    assert len(harness.posted()) == 1
    assert harness.slack.world.count("conversations.history") == 1


async def test_a_notification_is_found_again_after_a_restore(
    harness: OutboxHarness,
) -> None:
    """Equal events have equal IDs, and a row older than the process is searched for."""
    job = await harness.job()
    await harness.deliver(job)
    await harness.run(3)
    (message,) = harness.posted()
    (row,) = [n for n in await all_notifications(harness) if n["kind"] == NotificationKind.FINISHED]
    assert message.job_id == row["id"]
    await change_rows(harness, "delivery_ts = NULL, delivery_intent_at = NULL, due_at = 1")
    harness.restart()
    await harness.run(3)
    assert len(harness.posted()) == 1


@pytest.mark.parametrize("intent", ["delivery_intent_at", "NULL"], ids=["intended", "new row"])
async def test_an_event_repeated_after_a_restore_is_posted_once(
    harness: OutboxHarness, intent: str
) -> None:
    """A job that renders in the backup finishes again, and notifies again."""
    job = await harness.job()
    await harness.deliver(job)
    await harness.run(3)
    later = harness.clock() + 7200
    anew = f"delivery_ts = NULL, delivery_intent_at = {intent}, happened_at = {later}"
    await change_rows(harness, f"{anew}, due_at = 1")
    harness.clock.now += 3600
    harness.restart()
    await harness.run(3)
    assert len(harness.posted()) == 1


async def test_each_level_gets_its_kinds_of_notifications(harness: OutboxHarness) -> None:
    """Failures, parked jobs and waits are told on both levels; finished videos on `all` only."""
    await harness.subscribe(Level.FAILURES, OPEN)
    await harness.deliver(await harness.job("good"))
    await harness.deliver(await harness.job("bad", outcome=Outcome.FAILED))
    await harness.deliver(await harness.job("cancelled", outcome=Outcome.CANCELLED))
    refused = await harness.job("refused", stage=Stage.ANNOUNCED, outcome=Outcome.FAILED)
    await harness.record_event(
        refused, "rejected", stage=Stage.REJECTED, problem="MindVideo says: no"
    )
    parked = await harness.job("odd", stage=Stage.RENDERING, outcome=None)
    await harness.record_event(
        parked, "parked", "task 17", stage=Stage.PARKED, problem="MindVideo lost it."
    )
    waiting = await harness.job("waits", stage=Stage.ANNOUNCED, outcome=None)
    await harness.record_event(waiting, "held", "OperatorMustAct: The credit is used up.")
    await harness.run(10)
    texts = [each.text for each in harness.posted(OPEN)]
    assert len(texts) == 4
    assert "could not be made" in texts[0]
    assert "“bad”" in texts[0]
    assert "MindVideo says: no" in texts[1]
    assert "nothing was charged" in json.dumps(harness.posted(OPEN)[1].blocks)
    assert "on hold" in texts[2]
    assert "MindVideo lost it. task 17" in texts[2]
    assert "jobs resume job5" in json.dumps(harness.posted(OPEN)[2].blocks)
    assert texts[3] == ":key: *Somebody must act.* The credit is used up."
    assert [each.text for each in harness.posted(CREW)][1:] == texts
    assert "“good”" in harness.posted(CREW)[0].text


async def test_private_jobs_are_not_disclosed_to_other_channels(harness: OutboxHarness) -> None:
    """No finished video; troubles without prompt, user, ID and what a service says of them."""
    await harness.subscribe(Level.ALL, GENERAL)
    direct = harness.slack.world.workspace.direct(BEN).id
    for channel in (CREW, direct):
        await harness.deliver(await harness.job("a secret", channel=channel, user=BEN))
        await put_failures(harness, channel)
    await harness.run(5)
    told = [each.text for each in harness.posted(GENERAL)]
    assert told[:3] == [
        ":x: A video from a private conversation could not be made.",
        ":construction: A video from a private conversation is on hold and needs a person to look.",
        ":key: *Somebody must act.* MindVideo's account has no credit left (status 402).",
    ]
    assert told[3:] == told[:2]
    shown = json.dumps([[each.text, each.blocks] for each in harness.posted(GENERAL)])
    for private in ("secret", BEN, "ben", "`job", "resume", CREW, direct):
        assert private not in shown
    # What ends there stands in the job's own message already.
    own = [each.text for each in harness.posted(CREW)]
    assert sum("a secret" in text for text in own) == 2


async def test_operators_hear_of_private_jobs_as_other_channels_do(harness: OutboxHarness) -> None:
    """They see which job it is where they see all jobs: in the shell of the machine."""
    await harness.store.settings.set(channel_scope(TEAM, CREW), NOTIFY, None)
    await harness.store.settings.set(team_scope(TEAM), OPERATORS, [MIA])
    await put_failures(harness, CREW)
    await harness.run(5)
    direct = harness.slack.world.workspace.direct(MIA).id
    shown = json.dumps([[each.text, each.blocks] for each in harness.posted(direct)])
    assert "jobs list --stage parked" in shown
    assert len(harness.posted(direct)) == 2
    assert "secret" not in shown
    assert "`job" not in shown


async def test_a_channel_that_is_shared_with_a_partner_hears_as_little(
    harness: OutboxHarness,
) -> None:
    """Public means open to the workspace, and not to the partner's people."""
    await harness.subscribe(Level.ALL, OPEN)
    harness.slack.share(OPEN, PARTNER)
    await harness.deliver(await harness.job("a secret", channel=GENERAL, user=BEN))
    await put_failures(harness, GENERAL)
    await harness.run(6)
    shown = [json.dumps([each.text, each.blocks]) for each in harness.posted(OPEN)]
    assert [("secret" in one, "`job" in one) for one in shown] == [(False, False)] * 3
    assert sum("a secret" in each.text for each in harness.posted(CREW)) == 4


async def put_failures(harness: OutboxHarness, channel: str) -> None:
    """Commit a failed, a parked and a waiting job, of each of which a service quotes the prompt."""
    quoting = "MindVideo says: “a secret” is refused"
    failed = await harness.job("a secret", channel=channel, user=BEN, outcome=Outcome.FAILED)
    await harness.record_event(failed, "delivered", stage=Stage.DELIVERED, problem=quoting)
    parked = await harness.job(
        "a secret", channel=channel, user=BEN, stage=Stage.RENDERING, outcome=None
    )
    await harness.record_event(parked, "parked", quoting, stage=Stage.PARKED, problem=quoting)
    waiting = await harness.job(
        "a secret", channel=channel, user=BEN, stage=Stage.ANNOUNCED, outcome=None
    )
    detail = "OperatorMustAct: MindVideo's account has no credit left (status 402): a secret"
    await harness.record_event(waiting, "held", detail)


async def test_a_public_channel_is_joined_before_posting(harness: OutboxHarness) -> None:
    await harness.subscribe(Level.ALL, OPEN)
    await harness.deliver(await harness.job())
    await harness.run(3)
    assert len(harness.posted(OPEN)) == 1


async def test_an_archived_channel_does_not_delay_others(harness: OutboxHarness) -> None:
    """Its notification is given up, and the reason is kept."""
    await harness.subscribe(Level.ALL, GENERAL)
    harness.slack.archive(CREW)
    await harness.deliver(await harness.job(channel=OPEN))
    await harness.run(5)
    assert len(harness.posted(GENERAL)) == 1
    (given_up,) = [n for n in await all_notifications(harness) if n["channel"] == CREW]
    assert given_up["due_at"] is None
    assert "archived" in str(given_up["problem"])


async def test_a_prompt_in_a_notification_is_escaped(harness: OutboxHarness) -> None:
    await harness.deliver(await harness.job("<!channel> a|b > c & d\n\nlake"))
    await harness.run(3)
    (message,) = harness.posted()
    assert "|“&lt;!channel&gt; a¦b &gt; c &amp; d lake”>" in message.text


async def test_a_job_without_its_message_is_posted_without_a_link(harness: OutboxHarness) -> None:
    job = await harness.job("a lake")
    harness.slack.world.workspace.delete(harness.slack.world.workspace.locate(job.message_ts or ""))
    await harness.deliver(job)
    await harness.run(3)
    (message,) = harness.posted()
    assert message.text == ":clapper: A video for *ana* is ready: “a lake”"


async def test_operators_are_told_once_of_a_row_that_cannot_be_read(
    harness: OutboxHarness, tmp_path: Path
) -> None:
    """Without its ID and its words: it may be from a private conversation."""
    job = await harness.job()
    with closing(pysqlite3.connect(str(tmp_path / "jobs.db"))) as db, db:
        db.execute("UPDATE jobs SET names = '{'")
    for _ in range(2):
        assert await harness.store.jobs.jobs(JobFilter()) == []
        await harness.run(3)
    (told,) = harness.posted(CREW)
    shown = json.dumps([told.text, told.blocks])
    assert "A job cannot be read and is set aside." in told.text
    assert "`names`" in shown
    assert "jobs list" in shown
    assert job.id not in shown
