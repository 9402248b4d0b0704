"""What people do that could cost twice, ring everybody, or show what must stay hidden."""

from __future__ import annotations

import logging

import pytest

from bot.slack.manifest import VIDEO_FROM_MESSAGE
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BOT, GENERAL, StoredMessage
from tests.support.conversation import names_cost
from tests.support.engine_harness import engine_harness
from tests.support.forms import entries, submit
from tests.support.running_bot import RunningBot, running_bot


def done_in_threads(bot: RunningBot) -> list[StoredMessage]:
    """Return the messages of jobs in threads that are done."""
    return [one for one in bot.replies() if "Done in" in one.text and names_cost(one)]


async def test_what_is_typed_again_because_slack_showed_an_error_is_a_question() -> None:
    """The ask was taken, and Slack heard of it too late: typed again, it costs nothing more."""
    async with running_bot() as bot:
        dispatcher = bot.sandbox.slack.dispatcher
        patience, dispatcher.ack_seconds = dispatcher.ack_seconds, 0.0
        first = await bot.type("a red car")
        dispatcher.ack_seconds = patience
        assert "operation_timeout" in str(first.error)
        # The request was still on its way to the bot.
        await dispatcher.deliver_again(first)
        again = await bot.type("a red car")
        assert again.shown is not None
        assert "ago" in again.shown.text
        await bot.until_delivered()
        assert len(bot.sandbox.video.charges) == 1
        assert len(bot.messages()) == 1


async def test_a_text_of_forty_thousand_characters_is_refused_before_slacks_timeout() -> None:
    """In a short sentence; nothing is charged and nothing is posted in the channel."""
    async with running_bot() as bot:
        delivery = await bot.type("x" * 40_000)
        assert delivery.error is None
        assert delivery.shown is not None
        assert len(delivery.shown.text) < 1000
        assert bot.messages() == []
        assert bot.sandbox.video.requests == []


HALF = "\ud800"


async def test_half_a_surrogate_pair_in_a_thread_or_a_form_loses_nothing() -> None:
    """Where else a person's words come as JSON."""
    async with running_bot() as bot:
        await bot.type("a red car")
        await bot.until_delivered()
        (message,) = bot.messages()
        people = bot.sandbox.slack.people
        for words in (HALF, "again --no " + HALF, f"--no {HALF}"):
            typed = await people.message(ANA, GENERAL, f"<@{BOT}> {words}", thread_ts=message.ts)
            assert [each.ack.problem for each in typed.deliveries] == [None, None]
        await bot.until(lambda: len(bot.ephemerals()) == 3)
        assert all("half of a character" in said.text for said in bot.ephemerals())

        said = await people.message(ANA, GENERAL, f"a lake {HALF}")
        await people.message_shortcut(ANA, said.message.ts, VIDEO_FROM_MESSAGE)
        sent = await submit(bot, values=entries(prompt=f"a lake {HALF}"))
        assert sent.error is None
        assert "half of a character" in str(sent.ack.body)
        assert len(bot.sandbox.video.charges) == 1


async def test_a_secret_in_an_error_reaches_neither_people_nor_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """MindVideo repeats our key in its error: nobody gets to see it."""
    caplog.set_level(logging.DEBUG)
    async with engine_harness() as harness:
        said = "Invalid request with Authorization: Bearer mv_live_sandbox"
        harness.sandbox.video.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=422, message=said)
        )
        job = await harness.request()
        await harness.run()
        row = await harness.job(job.id)
        shown = [said.text + str(said.blocks) for said in harness.messages() + harness.ephemerals()]
        events = await harness.store.jobs.events(job.id)
    for text in [*shown, row.problem or "", *(event.detail for event in events), caplog.text]:
        assert "mv_live_sandbox" not in text


@pytest.mark.parametrize("change", ["edit", "delete"])
async def test_a_change_that_overtakes_its_message_makes_at_most_one_job(change: str) -> None:
    """Slack tells of a message after it told that it was edited, or is gone."""
    async with running_bot() as bot:
        slack = bot.sandbox.slack
        said = slack.world.workspace.post(GENERAL, ANA, f"<@{BOT}> a lake")
        told = {"user": ANA, "text": said.text, "ts": said.ts, "channel": GENERAL}
        if change == "edit":
            await slack.people.edit(said, f"<@{BOT}> a sea")
        else:
            await slack.people.delete(said)
        for kind in ("app_mention", "message", "app_mention"):
            payload = slack.dispatcher.wrap({**told, "type": kind, "event_ts": said.ts})
            delivery = await slack.dispatcher.deliver(DeliveryKind.EVENT, payload)
            assert delivery.ack.problem is None
        if change == "edit":
            await bot.until(lambda: done_in_threads(bot))
        await bot.type("a marker")
        await bot.until_delivered()
        await slack.settled()
        await bot.until(bot.ephemerals)
        (word,) = bot.ephemerals()
        if change == "edit":
            assert "your change started nothing" in word.text
            (message,) = done_in_threads(bot)
            assert message.text.startswith("a lake:")
            assert len(bot.sandbox.video.charges) == 2
        else:
            assert "Nothing was charged" in word.text
            assert len(bot.sandbox.video.charges) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket mode"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"a lake {HALF} at dawn", "The prompt holds half of a character (U+D800"),
        (f"status 9{HALF}", "There is no job"),
        (f"notify #{HALF}", "which channel"),
    ],
    ids=["prompt", "ID", "channel"],
)
async def test_a_mention_with_a_lone_surrogate_is_answered_once(
    text: str, words: str, *, socket_mode: bool
) -> None:
    """However often it is delivered; the jobs before and after it are rendered."""
    async with running_bot(socket_mode=socket_mode) as bot:
        await bot.type("a red car")
        typed = await bot.sandbox.slack.people.message(ANA, GENERAL, f"<@{BOT}> {text}")
        assert len(typed.deliveries) == 2
        assert [each.ack.problem for each in typed.deliveries] == [None, None]
        for each in typed.deliveries:
            assert (await bot.sandbox.slack.dispatcher.deliver_again(each)).problem is None
        await bot.until(bot.ephemerals)
        await bot.type("a marker")
        await bot.until_delivered(jobs=2)
        await bot.sandbox.slack.settled()
        (answer,) = bot.ephemerals()
        assert words in answer.text
        assert HALF not in answer.text
        assert len(bot.sandbox.video.charges) == 2
