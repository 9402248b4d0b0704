"""Payloads of Slack that nobody has seen yet, signed, over HTTP: answered, and never a fault."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp
import pysqlite3
import pytest
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from bot.base.logs import configure_logs
from bot.slack.manifest import EVENTS_PATH
from sandbox.slack.delivery import DeliveryKind
from storage.job import Json
from tests.hardening.fuzzing import Effort, each_effort, mutated, search
from tests.listeners.test_sample_payloads import SAMPLES, moment
from tests.support.conversation import make_video
from tests.support.running_bot import RunningBot, running_bot
from tests.support.sample_payloads import Moment

ANSWERED = (200, 400, 401)
"""Never a fault of the bot (5xx), and nothing that makes Slack deliver an event again for long."""

MOST_SECONDS = 2.0
"""Slack waits for three."""

SHORTEST_WORDS = 12
LARGEST = 1_000_000
"""Bytes: more is refused before it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedSender:
    """A running bot in a loop of its own, to which signed requests are sent."""

    runner: asyncio.Runner
    bot: RunningBot
    session: aiohttp.ClientSession
    log: io.StringIO
    store: pysqlite3.Connection

    def jobs(self) -> int:
        """Return how many jobs were made."""
        [count] = self.store.execute("SELECT count(*) FROM jobs").fetchone()
        return int(count)

    def send(self, kind: DeliveryKind, payload: Json) -> int:
        """Sign and send a payload; return the status."""
        return self.runner.run(self._send(*encoded(kind, payload)))

    async def _send(self, body: bytes, content_type: str) -> int:
        stamp = str(int(time.time()))
        signer = SignatureVerifier(self.bot.sandbox.slack.world.credentials.signing_secret)
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signer.generate_signature(timestamp=stamp, body=body) or "",
        }
        url = f"http://127.0.0.1:{self.bot.service.port}{EVENTS_PATH}"
        async with self.session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status


def encoded(kind: DeliveryKind, payload: Json) -> tuple[bytes, str]:
    """Return the body as Slack encodes this kind of request, and its type."""
    form = "application/x-www-form-urlencoded"
    match kind, payload:
        case DeliveryKind.EVENT, _:
            return json.dumps(payload).encode(), "application/json"
        case DeliveryKind.COMMAND, Mapping():
            fields = {str(name): str(value) for name, value in payload.items()}
            return urlencode(fields, errors="replace").encode(), form
        case _:
            return urlencode({"payload": json.dumps(payload)}).encode(), form


@pytest.fixture
def sender() -> Iterator[SignedSender]:
    """Run a bot in which jobs wait, and write the log as a running bot does."""
    log = io.StringIO()
    configure_logs(log_format="json", log_level="info", secrets=(), log_prompts=False, stream=log)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        bot = runner.run(stack.enter_async_context(running_bot(SUBMIT_DELAY_SECONDS="0")))
        session = runner.run(_session())
        stack.push_async_callback(session.close)
        runner.run(make_video(bot))
        store = pysqlite3.connect(bot.sandbox.folder / "video-bot.db")
        stack.callback(store.close)
        yield SignedSender(runner=runner, bot=bot, session=session, log=log, store=store)
        runner.run(stack.aclose())


@each_effort
def test_a_signed_payload_is_answered(sender: SignedSender, effort: Effort) -> None:
    """In time, with one job at most, and without an error or a word of a person in the log."""
    real = sender.runner.run(_moment(sender.bot))
    bases = {
        kind: [_plain(one.payload(real)) for one in SAMPLES.values() if one.kind is kind]
        for kind in DeliveryKind
    }
    payloads = st.sampled_from(DeliveryKind).flatmap(
        lambda kind: st.tuples(st.just(kind), mutated(bases[kind]))
    )

    def check(drawn: tuple[DeliveryKind, Json]) -> None:
        kind, payload = drawn
        if len(encoded(kind, payload)[0]) > LARGEST:
            return
        sender.log.seek(0)
        sender.log.truncate()
        jobs, began = sender.jobs(), time.monotonic()
        status = sender.send(kind, payload)
        assert time.monotonic() - began < MOST_SECONDS
        assert status in ANSWERED
        assert sender.jobs() - jobs <= 1
        assert not any(words in sender.log.getvalue() for words in written(payload))
        faults = [line for line in sender.log.getvalue().splitlines() if '"level": "error"' in line]
        assert faults == []

    search(effort, payloads, check)


def written(payload: Json) -> Iterator[str]:
    """Yield what people have written in a payload, as JSON has it; short words are in any log."""
    match payload:
        case Mapping():
            for name, value in payload.items():
                if name == "text" and isinstance(value, str) and len(value) >= SHORTEST_WORDS:
                    yield json.dumps(value)[1:-1]
                yield from written(value)
        case list():
            for value in payload:
                yield from written(value)
        case _:
            return


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


async def _moment(bot: RunningBot) -> Moment:
    return moment(bot)


def _plain(payload: Mapping[str, object]) -> Json:
    """Return a payload as Slack's JSON has it."""
    parsed: Json = json.loads(json.dumps(payload))
    return parsed
