"""Notifications: each happening told once to each subscribed channel, whatever breaks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.slack.entities import BEN, CREW, GENERAL, MIA, OPEN, TEAM
from sandbox.slack.faults import Fault, FaultKind
from storage.job import Event, EventName, Outcome, Stage
from storage.notification import (
    NOTIFY,
    OPERATORS,
    Level,
    NotificationKind,
    channel_scope,
    team_scope,
)
from storage.store import StaleFenceError
from tests.support.outbox_bench import OutboxBench, journal_of, outbox_bench
from tests.support.workbench import START


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[OutboxBench]:
    """A channel, the crew's, listens to all."""
    async with outbox_bench(tmp_path) as ready:
        await ready.listen(Level.ALL)
        yield ready


async def test_each_channel_hears_once(bench: OutboxBench) -> None:
    await bench.listen(Level.ALL, GENERAL)
    await bench.deliver(await bench.job())
    await bench.run(3)
    bench.restart()
    await bench.run(3)
    assert len(bench.told(CREW)) == len(bench.told(GENERAL)) == 1


async def test_a_channel_hears_things_in_the_order_in_which_they_happened(
    bench: OutboxBench,
) -> None:
    """Also when the first is held up."""
    bench.slack.world.faults.add(
        "chat.postMessage", Fault(kind=FaultKind.RATE_LIMITED, retry_after="20")
    )
    for number in range(3):
        await bench.deliver(await bench.job(f"lake {number}"))
        bench.clock.moment += 1
    await bench.run(30)
    assert [said.text[-8:-2] for said in bench.told()] == ["lake 0", "lake 1", "lake 2"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FaultKind.LOST_AFTER, ""),
        (FaultKind.LOST_BEFORE, ""),
        (FaultKind.ERROR_AFTER, "internal_error"),
        (FaultKind.ERROR_AFTER, "fatal_error"),
        (FaultKind.STATUS_AFTER, ""),
        (FaultKind.GARBLED_AFTER, ""),
        (FaultKind.SILENT_AFTER, ""),
        (FaultKind.RATE_LIMITED, ""),
        (FaultKind.ERROR_BEFORE, "token_revoked"),
    ],
)
async def test_a_doubtful_post_is_looked_for_and_never_repeated(
    bench: OutboxBench, kind: FaultKind, code: str
) -> None:
    bench.slack.world.faults.add("chat.postMessage", Fault(kind=kind, code=code))
    await bench.deliver(await bench.job())
    await bench.run(60)
    assert len(bench.told()) == 1


@pytest.mark.parametrize("channel", [CREW, MIA])
async def test_nothing_comes_between_the_intent_and_the_post(
    bench: OutboxBench, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    """What may fail for hours comes before the intent, also where a conversation is opened."""
    journal = journal_of(bench, monkeypatch)
    # One place alone: between the intent and the post of one may come those of another.
    await bench.store.settings.set(channel_scope(TEAM, CREW), NOTIFY, None)
    await bench.listen(Level.ALL, channel)
    await bench.deliver(await bench.job())
    await bench.run(3)
    calls = journal()
    after = [calls[place + 1] for place, name in enumerate(calls) if name == "intent"]
    assert after == ["chat.postMessage"]


async def test_a_process_that_dies_while_it_posts_does_not_post_twice(bench: OutboxBench) -> None:
    """The intent is on disk, so the next process looks first, and finds."""
    bench.slack.world.faults.add("chat.postMessage", Fault(kind=FaultKind.SILENT_AFTER))
    await bench.deliver(await bench.job())
    workspace = bench.slack.world.workspace
    before = workspace.version
    await bench.engine.tick()
    await workspace.changed_since(before)
    await bench.engine.stop(0)
    bench.restart()
    await bench.run(90)
    assert len(bench.told()) == 1
    assert bench.slack.world.count("chat.postMessage") == 1


async def test_a_process_that_died_before_it_posted_posts(bench: OutboxBench) -> None:
    """An intent of which nothing came: the next process looks, finds nothing, and posts."""
    await bench.deliver(await bench.job())
    await change_rows(bench, f"delivery_intent_at = {bench.clock()}")
    await bench.run(3)
    assert len(bench.told()) == 1
    assert bench.slack.world.count("conversations.history") == 1


async def test_a_notification_is_known_by_what_happened_even_after_a_restored_backup(
    bench: OutboxBench,
) -> None:
    """The same happening makes the same ID; a row older than the process looks before it posts."""
    job = await bench.job()
    await bench.deliver(job)
    await bench.run(3)
    (told,) = bench.told()
    (row,) = [n for n in await all_notifications(bench) if n["kind"] == NotificationKind.FINISHED]
    assert told.job_id == row["id"]
    await change_rows(bench, "delivery_ts = NULL, delivery_intent_at = NULL, due_at = 1")
    bench.restart()
    await bench.run(3)
    assert len(bench.told()) == 1


@pytest.mark.parametrize("intent", ["delivery_intent_at", "NULL"], ids=["intended", "new row"])
async def test_what_happens_a_second_time_after_a_restore_is_told_once(
    bench: OutboxBench, intent: str
) -> None:
    """A job that the backup knows as rendering finishes again, and is notified of again."""
    job = await bench.job()
    await bench.deliver(job)
    await bench.run(3)
    later = bench.clock() + 7200
    anew = f"delivery_ts = NULL, delivery_intent_at = {intent}, happened_at = {later}"
    await change_rows(bench, f"{anew}, due_at = 1")
    bench.clock.moment += 3600
    bench.restart()
    await bench.run(3)
    assert len(bench.told()) == 1


async def test_what_does_not_happen_is_not_told(bench: OutboxBench) -> None:
    """A step whose claim was lost writes neither its event nor a notification."""
    job = await bench.job()
    await bench.deliver(job)
    with pytest.raises(StaleFenceError):
        await bench.deliver(job)
    await bench.run(3)
    assert len(bench.told()) == 1


async def test_the_levels_hear_what_they_say(bench: OutboxBench) -> None:
    """Failures, jobs on hold and an operator's need for both; finished videos for `all` alone."""
    await bench.listen(Level.FAILURES, GENERAL)
    await bench.deliver(await bench.job("good"))
    await bench.deliver(await bench.job("bad", outcome=Outcome.FAILED))
    await bench.deliver(await bench.job("cancelled", outcome=Outcome.CANCELLED))
    refused = await bench.job("refused", stage=Stage.ANNOUNCED, outcome=Outcome.FAILED)
    await bench.happen(refused, "rejected", stage=Stage.REJECTED, problem="MindVideo says: no")
    parked = await bench.job("odd", stage=Stage.RENDERING, outcome=None)
    await bench.happen(
        parked, "parked", "task 17", stage=Stage.PARKED, problem="MindVideo lost it."
    )
    waiting = await bench.job("waits", stage=Stage.ANNOUNCED, outcome=None)
    await bench.happen(waiting, "held", "OperatorMustAct: The credit is used up.")
    await bench.run(10)
    heard = [said.text for said in bench.told(GENERAL)]
    assert len(heard) == 4
    assert "could not be made" in heard[0]
    assert "“bad”" in heard[0]
    assert "MindVideo says: no" in heard[1]
    assert "nothing was charged" in json.dumps(bench.told(GENERAL)[1].blocks)
    assert "on hold" in heard[2]
    assert "MindVideo lost it. task 17" in heard[2]
    assert "jobs resume job5" in json.dumps(bench.told(GENERAL)[2].blocks)
    assert heard[3] == ":key: *Somebody must act.* The credit is used up."
    assert [said.text for said in bench.told(CREW)][1:] == heard
    assert "“good”" in bench.told(CREW)[0].text


async def test_the_same_need_of_an_operator_is_told_once_an_hour(bench: OutboxBench) -> None:
    """Every waiting job meets it; another need is told at once."""
    for minutes in range(0, 130, 10):
        job = await bench.job(stage=Stage.ANNOUNCED, outcome=None)
        await bench.happen(job, "held", "OperatorMustAct: The API key is wrong.")
        if minutes == 20:
            await bench.happen(job, "held", "OperatorMustAct: The credit is used up.")
        await bench.run(600)
    told = [said.text.rpartition("* ")[2] for said in bench.told()]
    assert told == [
        "The API key is wrong.",
        "The credit is used up.",
        "The API key is wrong.",
        "The API key is wrong.",
    ]


async def test_a_problem_that_names_each_request_is_the_same_problem(bench: OutboxBench) -> None:
    """Gateways put the ID of the request and the moment into their words: still it is told once."""
    first, *more = [await bench.job(stage=Stage.ANNOUNCED, outcome=None) for _ in range(6)]
    for second, job in enumerate(more, 10):
        words = f"No credit (status 402): Top up. (request id: 20261123ab{second}, 05:49:{second})"
        await bench.happen(job, "held", f"OperatorMustAct: {words}")
    await bench.happen(first, "held", "OperatorMustAct: The key is wrong (status 401)")
    await bench.run(600)
    told = [said.text.rpartition("* ")[2] for said in bench.told()]
    assert [words.partition(" (")[0] for words in told] == ["No credit", "The key is wrong"]


async def test_a_job_that_is_parked_again_is_told_again(bench: OutboxBench) -> None:
    job = await bench.job(stage=Stage.RENDERING, outcome=None)
    parked = await bench.happen(job, "parked", stage=Stage.PARKED, problem="It is lost.")
    bench.clock.moment += 60
    resumed = await bench.store.jobs.resume(parked.id, bench.clock())
    assert resumed is not None
    await bench.happen(resumed, "parked", stage=Stage.PARKED, problem="It is lost.")
    await bench.run(5)
    assert len(bench.told()) == 2


async def test_what_was_made_in_private_is_not_spread(bench: OutboxBench) -> None:
    """Neither its words nor its asker; a finished video not at all, a failure by its job's ID."""
    await bench.listen(Level.ALL, GENERAL)
    direct = bench.slack.world.workspace.direct(BEN).id
    for channel in (CREW, direct):
        await bench.deliver(await bench.job("a secret", channel=channel, user=BEN))
        failed = await bench.job("a secret", channel=channel, user=BEN, outcome=Outcome.FAILED)
        await bench.deliver(failed)
    await bench.run(5)
    assert [said.text.partition("\n")[0] for said in bench.told(GENERAL)] == [
        ":x: A video from a private conversation could not be made: job `job2`",
        ":x: A video from a private conversation could not be made: job `job4`",
    ]
    assert "a secret" not in json.dumps([said.blocks for said in bench.told(GENERAL)])
    in_its_own = [said.text for said in bench.told(CREW)]
    assert sum("a secret" in text for text in in_its_own) == 2


async def test_operators_hear_directly_of_what_needs_them_where_no_channel_does(
    bench: OutboxBench,
) -> None:
    """Of a job on hold and a wrong key; once a channel is subscribed, it is told instead."""
    await bench.store.settings.set(channel_scope(TEAM, CREW), NOTIFY, None)
    await bench.store.settings.set(team_scope(TEAM), OPERATORS, [MIA, BEN])
    bench.slack.world.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
    job = await bench.job(stage=Stage.RENDERING, outcome=None)
    await bench.happen(job, "parked", stage=Stage.PARKED, problem="It is lost.")
    await bench.deliver(await bench.job(outcome=Outcome.FAILED))
    waiting = await bench.job(stage=Stage.ANNOUNCED, outcome=None)
    await bench.happen(waiting, "held", "OperatorMustAct: The credit is used up.")
    await bench.run(60)
    for person in (MIA, BEN):
        told = bench.told(bench.slack.world.workspace.direct(person).id)
        assert ["on hold" in said.text for said in told] == [True, False]
        assert "The credit is used up." in told[1].text
    await bench.listen(Level.FAILURES)
    other = await bench.job(stage=Stage.RENDERING, outcome=None)
    await bench.happen(other, "parked", stage=Stage.PARKED, problem="It is lost too.")
    await bench.run(5)
    assert len(bench.told(bench.slack.world.workspace.direct(MIA).id)) == 2
    assert len(bench.told(CREW)) == 1


async def test_a_public_channel_is_joined_to_be_told(bench: OutboxBench) -> None:
    await bench.listen(Level.ALL, OPEN)
    await bench.deliver(await bench.job())
    await bench.run(3)
    assert len(bench.told(OPEN)) == 1


async def test_an_archived_channel_holds_nobody_else_up(bench: OutboxBench) -> None:
    """Its notification is given up, and the reason kept."""
    await bench.listen(Level.ALL, GENERAL)
    bench.slack.archive(CREW)
    await bench.deliver(await bench.job())
    await bench.run(5)
    assert len(bench.told(GENERAL)) == 1
    (given_up,) = [n for n in await all_notifications(bench) if n["channel"] == CREW]
    assert given_up["due_at"] is None
    assert "archived" in str(given_up["problem"])


async def test_a_prompt_rings_nobody_and_breaks_no_link(bench: OutboxBench) -> None:
    await bench.deliver(await bench.job("<!channel> a|b > c & d\n\nlake"))
    await bench.run(3)
    (told,) = bench.told()
    assert "|“&lt;!channel&gt; a¦b &gt; c &amp; d lake”>" in told.text


async def test_a_deleted_message_leaves_the_words_without_a_link(bench: OutboxBench) -> None:
    job = await bench.job("a lake")
    bench.slack.world.workspace.delete(bench.slack.world.workspace.locate(job.message_ts or ""))
    await bench.deliver(job)
    await bench.run(3)
    (told,) = bench.told()
    assert told.text == ":clapper: A video for *ana* is ready: “a lake”"


async def test_a_long_line_at_slack_is_given_up_in_the_end(bench: OutboxBench) -> None:
    """What Slack refuses for good is not tried for ever."""
    bench.slack.world.faults.add(
        "chat.postMessage", Fault(kind=FaultKind.ERROR_BEFORE, code="msg_too_long")
    )
    await bench.deliver(await bench.job())
    await bench.run(60)
    assert bench.slack.world.count("chat.postMessage") == 1
    assert bench.told() == []


async def test_a_named_pause_is_waited_for_and_a_little_more(bench: OutboxBench) -> None:
    """Those who heard the same pause at the same moment must not all come back together."""
    bench.slack.world.faults.add(
        "chat.postMessage", Fault(kind=FaultKind.RATE_LIMITED, retry_after="100")
    )
    await bench.deliver(await bench.job())
    await bench.run(1)
    (waiting,) = await all_notifications(bench)
    assert waiting["due_at"] == START + 105


async def test_a_busy_slack_is_asked_ever_more_rarely(bench: OutboxBench) -> None:
    """`Retry-After: 1` again and again still means hours of trying."""
    bench.slack.world.faults.add(
        "chat.postMessage", Fault(kind=FaultKind.RATE_LIMITED, retry_after="1"), times=100
    )
    await bench.deliver(await bench.job())
    await bench.run(120)
    assert bench.slack.world.count("chat.postMessage") < 12


async def test_days_without_a_token_use_up_no_tries(bench: OutboxBench) -> None:
    """Once it is mended, a passing error gives nothing up."""
    faults = bench.slack.world.faults
    faults.add("chat.postMessage", Fault(kind=FaultKind.ERROR_BEFORE, code="token_revoked"))
    await bench.deliver(await bench.job())
    await change_rows(bench, "attempts = 5000")
    await bench.run(1)
    faults.add("chat.postMessage", Fault(kind=FaultKind.RATE_LIMITED, retry_after="1"))
    await bench.run(600)
    assert len(bench.told()) == 1


async def test_text_that_utf8_lacks_does_not_stop_a_job(bench: OutboxBench) -> None:
    job = await bench.job(stage=Stage.ANNOUNCED, outcome=None)
    await bench.store.jobs.apply(
        job,
        job,
        Event(at=bench.clock(), name=EventName.HELD, detail="OperatorMustAct: \ud800 gone"),
    )
    await bench.run(3)
    assert bench.told()[0].text.endswith("? gone")


async def all_notifications(bench: OutboxBench) -> list[dict[str, object]]:
    """Return the rows as they stand; not a question that the bot ever asks."""
    read = bench.store._session.read  # noqa: SLF001 - see above
    return await read(lambda db: list(db["notifications"].rows))


async def change_rows(bench: OutboxBench, assignments: str) -> None:
    """Make the rows what a crash or a restored backup leaves."""
    write = bench.store._session.write  # noqa: SLF001 - the store has no method for it
    await write(lambda db: db.execute(f"UPDATE notifications SET {assignments}"))  # noqa: S608 - from above
