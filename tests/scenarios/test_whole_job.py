"""The main job over real HTTP: a slash command becomes a video, with its cost, in the thread."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.slack.entities import ANA, GENERAL, OPEN, TEAM, VAULT
from tests.support.forms import entries, submit
from tests.support.http_client import http_client
from tests.support.running_bot import RunningBot, running_bot

ASK = "A red sports car at sunset --duration 10 --mode pro --aspect-ratio 9:16"


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket mode"])
async def test_a_command_becomes_one_video_with_its_cost(*, socket_mode: bool) -> None:
    """One charge, one message, one video in its thread, the cost told, the key the message's ID."""
    async with running_bot(socket_mode=socket_mode) as bot:
        delivery = await bot.type(ASK)
        assert delivery.error is None
        assert delivery.shown is None
        await bot.until_delivered()
        (message,) = bot.messages()
        (reply,) = bot.replies()
        (charge,) = bot.sandbox.video.charges
        (submit,) = bot.sandbox.video.calls(Call.SUBMIT)

    assert charge.key == f"slack:{TEAM}:{GENERAL}:{message.ts}"
    assert submit.key == charge.key
    assert json.loads(submit.body) == {
        "model": "kling-v3",
        "input": {
            "prompt": "A red sports car at sunset",
            "mode": "pro",
            "duration": 10,
            "aspect_ratio": "9:16",
        },
    }
    assert submit.authorization == "Bearer mv_live_sandbox"
    assert reply.thread_ts == message.ts
    assert f"<@{ANA}>" in str(reply.blocks)
    cost = f"cost {charge.amount.normalize():f}"
    assert cost in str(reply.blocks)
    assert cost in message.text
    (file_id,) = reply.files
    file = bot.sandbox.slack.world.files.file(file_id)
    assert file.name == "a-red-sports-car-at-sunset.mp4"
    assert file.alt == "A red sports car at sunset"
    assert message.metadata == {
        "event_type": "video_job",
        "event_payload": {"job_id": message.job_id},
    }


async def test_the_message_is_edited_as_the_render_goes() -> None:
    """Queued, rendering, done: in this order, in one message."""
    async with running_bot() as bot:
        for call in (Call.TASK, Call.EVENTS):
            kind = FaultKind.STATE
            bot.sandbox.video.fail(Fault(call=call, kind=kind, value="processing", times=None))
        await bot.type("a lake")
        await bot.until(lambda: any("Rendering" in said.text for said in bot.messages()))
        bot.sandbox.video.faults.clear()
        await bot.until_delivered()
        (message,) = bot.messages()
    said = [text for text, _ in message.edits] + [message.text]
    stages = [next(w for w in ("Queued", "Rendering", "Done") if w in text) for text in said]
    assert list(dict.fromkeys(stages)) == ["Queued", "Rendering", "Done"]


async def test_the_same_trigger_ten_times_at_once_is_one_job() -> None:
    """Slack may deliver a command again; the row of the first delivery answers all."""
    async with running_bot() as bot:
        body = {
            "team_id": TEAM,
            "channel_id": GENERAL,
            "user_id": ANA,
            "command": "/video",
            "text": "a lake",
            "trigger_id": "13345224609.738474920.8088930838d88f008e0",
        }
        answers = await asyncio.gather(*(deliver(bot, body) for _ in range(10)))
        await bot.until_delivered()
        assert [answer.status_code for answer in answers] == [200] * 10
        assert len(bot.messages()) == 1
        assert len(bot.sandbox.video.charges) == 1


async def test_a_forged_or_stale_signature_is_refused() -> None:
    """What is not signed by Slack, now, starts nothing: 401."""
    async with running_bot() as bot:
        body = {"team_id": TEAM, "command": "/video", "text": "a lake"}
        assert (await deliver(bot, body, secret="guessed")).status_code == 401
        assert (await deliver(bot, body, age=301)).status_code == 401
        assert bot.messages() == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a lake --duratoin 5", ["--duratoin", "--duration"]),
        ("a lake --duration 40", ["--duration", "3", "15", "40"]),
        ('a "lake', ["quote"]),
    ],
)
async def test_bad_input_is_answered_privately_and_costs_nothing(
    text: str, words: list[str]
) -> None:
    """The option, what was given and what is allowed; nothing in the channel, nothing charged."""
    async with running_bot() as bot:
        delivery = await bot.type(text)
        assert delivery.error is None
        assert delivery.shown is not None
        assert delivery.shown.ephemeral_for == ANA
        for word in words:
            assert word in delivery.shown.text
        assert bot.messages() == []
        assert bot.sandbox.video.requests == []


async def test_a_public_channel_is_joined_first() -> None:
    """A file can only be shared where the bot is a member."""
    async with running_bot() as bot:
        await bot.type("a lake", channel=OPEN)
        await bot.until_delivered(channel=OPEN)
        (reply,) = bot.replies(OPEN)
        assert reply.files
        assert bot.sandbox.slack.world.count("conversations.join") == 1


async def test_a_closed_channel_gets_a_private_word_of_invite() -> None:
    """Where the bot may not enter, nothing is charged and only the asker hears."""
    async with running_bot() as bot:
        await bot.type("a lake", channel=VAULT)
        await bot.until(lambda: bot.ephemerals(VAULT))
        (send_ephemeral,) = bot.ephemerals(VAULT)
        assert send_ephemeral.ephemeral_for == ANA
        assert "Type `/invite` there" in send_ephemeral.text
        assert "&lt;" not in send_ephemeral.text
        assert bot.messages(VAULT) == []
        assert bot.sandbox.video.requests == []


async def test_a_prompt_rings_nobody() -> None:
    """What looks like a call to everyone is shown as text."""
    async with running_bot() as bot:
        await bot.type("<!channel> a lake &amp; <!here>")
        await bot.until_delivered()
        (message,) = bot.messages()
        (reply,) = bot.replies()
    for said in (message, reply):
        shown = said.text + json.dumps([b for b in said.blocks if b["type"] != "rich_text"])
        assert "<!channel>" not in shown
        assert "<!here>" not in shown


async def test_a_failed_render_says_why_what_it_cost_and_what_to_do() -> None:
    """MindVideo's reason, the cost, the next step; in the thread and in the message."""
    async with running_bot() as bot:
        bot.sandbox.video.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.TASK_FAILS, message="unsafe content")
        )
        await bot.type("a lake")
        await bot.until_delivered()
        (message,) = bot.messages()
        (reply,) = bot.replies()
        (charge,) = bot.sandbox.video.charges
    assert "Failed" in message.text
    assert "unsafe content" in reply.text
    assert charge.amount == 0
    assert "Nothing was charged" in reply.text
    assert "in other words" in reply.text


async def test_the_metrics_tell_how_asks_were_answered() -> None:
    """Accepted, answered in words, refused; and how long each took."""
    async with running_bot() as bot, http_client() as client:
        for text in ("a lake", "help", "a lake --duration 40"):
            await bot.type(text)
        answer = await client.get(f"http://127.0.0.1:{bot.service.port}/metrics")
    for kind in ("accepted", "answered", "refused"):
        assert f'video_bot_asks_total{{answer="{kind}",surface="command"}} 1.0' in answer.text
    assert "video_bot_ack_seconds_count 3.0" in answer.text


async def test_the_metrics_tell_a_form_that_is_opened_from_one_that_is_sent() -> None:
    """An open form has asked for nothing yet."""
    async with running_bot() as bot, http_client() as client:
        await bot.type("")
        await submit(bot, values=entries(prompt=" "))
        await submit(bot, values=entries(prompt="a lake"))
        answer = await client.get(f"http://127.0.0.1:{bot.service.port}/metrics")
    for surface, kind in (("command", "opened"), ("form", "refused"), ("form", "accepted")):
        assert f'video_bot_asks_total{{answer="{kind}",surface="{surface}"}} 1.0' in answer.text


async def deliver(
    bot: RunningBot, body: dict[str, str], *, secret: str | None = None, age: int = 0
) -> httpx.Response:
    """Deliver a command as Slack would, signed."""
    credentials = bot.sandbox.slack.credentials
    encoded = str(httpx.QueryParams(body))
    stamp = str(int(bot.sandbox.slack.world.workspace.now()) - age)
    verifier = SignatureVerifier(secret or credentials.signing_secret)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": verifier.generate_signature(timestamp=stamp, body=encoded) or "",
    }
    async with http_client() as client:
        return await client.post(
            f"http://127.0.0.1:{bot.service.port}/slack/events", content=encoded, headers=headers
        )
