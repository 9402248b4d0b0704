"""What people do that could cost twice, ring everybody, or show what must stay hidden."""

from __future__ import annotations

import logging

import pytest

from bot.slack.manifest import VIDEO_FROM_MESSAGE
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL
from tests.support.forms import entries, submit
from tests.support.running_bot import running_bot
from tests.support.workbench import workbench


async def test_the_same_ask_within_a_minute_is_a_question_and_no_charge() -> None:
    """Somebody who saw an error types it again: they are asked, and the first job goes on."""
    async with running_bot() as bot:
        await bot.type("a red car --duration 5")
        again = await bot.type("a red car --duration 5")
        assert again.shown is not None
        assert "ago" in again.shown.text
        await bot.until_delivered()
        assert len(bot.sandbox.video.charges) == 1
        assert len(bot.messages()) == 1


async def test_what_is_typed_again_because_slack_showed_an_error_is_a_question() -> None:
    """The ask was taken, and Slack heard of it too late: typed again, it costs nothing more."""
    async with running_bot() as bot:
        courier = bot.sandbox.slack.courier
        patience, courier.ack_seconds = courier.ack_seconds, 0.0
        first = await bot.type("a red car")
        courier.ack_seconds = patience
        assert "operation_timeout" in str(first.error)
        # The request was still on its way to the bot.
        await courier.deliver_again(first)
        again = await bot.type("a red car")
        assert again.shown is not None
        assert "ago" in again.shown.text
        await bot.until_delivered()
        assert len(bot.sandbox.video.charges) == 1
        assert len(bot.messages()) == 1


@pytest.mark.parametrize(
    ("text", "user", "channel"),
    [
        ("a red car --duration 6", ANA, GENERAL),
        ("a red car", BEN, GENERAL),
        ("a red car", ANA, CREW),
    ],
    ids=["another option", "another person", "another channel"],
)
async def test_what_differs_is_another_ask(text: str, user: str, channel: str) -> None:
    """Only the same person, place, model and input make a repetition."""
    async with running_bot() as bot:
        await bot.type("a red car")
        other = await bot.type(text, user=user, channel=channel)
        assert other.shown is None
        await bot.until(lambda: len(bot.messages(GENERAL) + bot.messages(CREW)) == 2)


@pytest.mark.parametrize(
    "prompt",
    [
        "x" * 40_000,
        "a\x00car",
        "a\u202ecar --colour red",
        '"a car',
        "a car \ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace") * 2600,
    ],
    ids=["40,000 characters", "NUL", "direction override", "open quote", "replacement characters"],
)
async def test_hostile_text_is_answered_within_the_time_slack_gives(prompt: str) -> None:
    """Each is refused in a sentence; nothing is charged and nothing stands in the channel."""
    async with running_bot() as bot:
        delivery = await bot.type(prompt)
        assert delivery.error is None
        assert delivery.shown is not None
        assert len(delivery.shown.text) < 1000
        assert bot.messages() == []
        assert bot.sandbox.video.requests == []


@pytest.mark.parametrize("prompt", ["<!here> look", "<@U0BEN> in a car", "a \u200flake\u200e"])
async def test_odd_but_harmless_text_is_a_prompt(prompt: str) -> None:
    """It is rendered as it stands and rings nobody."""
    async with running_bot() as bot:
        await bot.type(prompt)
        await bot.until_delivered()
        (message,) = bot.messages()
        assert "<!here>" not in message.text
        assert "<@U0BEN>" not in message.text


HALF = "\ud800"
HALVES = {
    f"a lake {HALF} at dawn": "The prompt holds half of a character (U+D800",
    HALF: "The prompt holds half of a character (U+D800",
    f'a lake --no "{HALF}"': "`--negative-prompt` holds half of a character",
    f"a lake --duration {HALF}": "`--duration` must be a whole number from 3 to 15",
    f"a lake --model {HALF}": "There is no model",
    f"help {HALF}": "There is no model",
    f"status {HALF}": "There is no job",
    f"cancel {HALF}": "There is no job",
    f"again {HALF}": "There is no job",
    f"resend {HALF}": "There is no job",
    f"notify #{HALF}": "which channel",
    f"settings mode {HALF}": "`--mode` must be one of",
}


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket mode"])
@pytest.mark.parametrize(("text", "told"), HALVES.items(), ids=map(ascii, HALVES))
async def test_a_mention_with_half_a_surrogate_pair_is_answered_and_loses_nothing(
    text: str, told: str, *, socket_mode: bool
) -> None:
    """One clear word comes back, however often it is delivered, and the jobs around it go on."""
    async with running_bot(socket_mode=socket_mode) as bot:
        await bot.type("a red car")
        typed = await bot.sandbox.slack.people.message(ANA, GENERAL, f"<@{BOT}> {text}")
        assert len(typed.deliveries) == 2
        assert [each.ack.problem for each in typed.deliveries] == [None, None]
        for each in typed.deliveries:
            assert (await bot.sandbox.slack.courier.deliver_again(each)).problem is None
        await bot.until(bot.ephemerals)
        await bot.type("a marker")
        await bot.until_delivered(jobs=2)
        await bot.sandbox.slack.settled()
        (answer,) = bot.ephemerals()
        assert told in answer.text
        assert HALF not in answer.text
        assert len(bot.sandbox.video.charges) == 2


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
        await people.message_shortcut(ANA, said.said.ts, VIDEO_FROM_MESSAGE)
        sent = await submit(bot, values=entries(prompt=f"a lake {HALF}"))
        assert sent.error is None
        assert "half of a character" in str(sent.ack.body)
        assert len(bot.sandbox.video.charges) == 1


async def test_a_secret_in_an_error_reaches_neither_people_nor_logs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """MindVideo repeats our key in its error: nobody gets to see it."""
    caplog.set_level(logging.DEBUG)
    async with workbench() as bench:
        said = "Invalid request with Authorization: Bearer mv_live_sandbox"
        bench.sandbox.video.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=422, message=said)
        )
        job = await bench.ask()
        await bench.run()
        row = await bench.job(job.id)
        shown = [said.text + str(said.blocks) for said in bench.messages() + bench.ephemerals()]
        events = await bench.store.jobs.events(job.id)
    for text in [*shown, row.problem or "", *(event.detail for event in events), caplog.text]:
        assert "mv_live_sandbox" not in text


@pytest.mark.parametrize("change", ["edit", "delete"])
async def test_a_change_that_overtakes_its_message_makes_at_most_one_job(change: str) -> None:
    """Slack tells of a message after it told that it was edited, or is gone."""
    async with running_bot() as bot:
        slack = bot.sandbox.slack
        said = slack.world.workspace.say(GENERAL, ANA, f"<@{BOT}> a lake")
        told = {"user": ANA, "text": said.text, "ts": said.ts, "channel": GENERAL}
        if change == "edit":
            await slack.people.edit(said, f"<@{BOT}> a sea")
        else:
            await slack.people.delete(said)
        for kind in ("app_mention", "message", "app_mention"):
            payload = slack.courier.wrap({**told, "type": kind, "event_ts": said.ts})
            delivery = await slack.courier.deliver(DeliveryKind.EVENT, payload)
            assert delivery.ack.problem is None
        if change == "edit":
            await bot.until(lambda: [one for one in bot.replies() if "Done in" in one.text])
        await bot.type("a marker")
        await bot.until_delivered()
        await slack.settled()
        await bot.until(bot.ephemerals)
        (word,) = bot.ephemerals()
        if change == "edit":
            assert "your change started nothing" in word.text
            (message,) = [one for one in bot.replies() if "Done in" in one.text]
            assert message.text.startswith("a lake:")
            assert len(bot.sandbox.video.charges) == 2
        else:
            assert "Nothing was charged" in word.text
            assert len(bot.sandbox.video.charges) == 1


async def test_events_in_another_order_change_nothing() -> None:
    """Two commands whose deliveries overtake each other are two jobs all the same."""
    async with running_bot() as bot:
        first = await bot.type("a lake")
        second = await bot.type("a hill")
        await bot.sandbox.slack.courier.deliver_again(second)
        await bot.sandbox.slack.courier.deliver_again(first)
        await bot.until_delivered(jobs=2)
        assert len(bot.sandbox.video.charges) == 2
        assert len(bot.messages()) == 2
