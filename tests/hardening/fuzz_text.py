"""Texts that nobody has typed yet: one answer or one job each, in time, and words that stay put."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import strategies as st

from bot.base.errors import UsageError
from bot.base.logs import configure_logs
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.view import load_view
from bot.listeners.context import answer
from bot.listeners.subcommands import router
from bot.messages.job import job_message
from bot.mindvideo.protocol import request_body
from bot.options.mentions import named_input
from bot.options.parser import read_text
from bot.options.request import changed_request, read_request
from bot.slack.markup import plain
from sandbox.slack.blocks import checked_blocks
from storage.job import REQUESTED, Job, ReplyTo, Stage
from tests.hardening.fuzzing import Effort, each_effort, search, within
from tests.support.listener_harness import JOB, ListenerHarness, listener_harness
from tests.support.services import CATALOG
from tests.support.store_samples import NOW

RARE = "Quokkazzlebird"
"""A word that no sentence of the bot has."""

LONGEST_MESSAGE = 40_000
"""Characters. https://docs.slack.dev/reference/methods/chat.postMessage#truncating"""

WORDS = st.one_of(
    st.sampled_from(
        [
            *router.SUBCOMMANDS,
            *(option.flag for model in CATALOG.models for option in model.options),
            *("--", "—", "–", "-", "--no-audio", "--model", "kling-v3", "-x", "—x", "--x=", "="),
            *("new:", "again", "me", "here", "daily", "weekly", "last", "ID", JOB.id, "10s", ":"),
            *("pro", "std", "on", "off", "true", "-1", "5", "1e9", "٣", "½", "NaN", "null", "9:16"),
            *("<@U1>", "<@U1|ana>", "<#C1|general>", "<!channel>", "<!subteam^S1|@x>", "<", ">"),
            *("<https://a.example/x.png>", "<https://a.example|b>", "<mailto:a@b.c|a>", "&"),
            *("<!date^1^x|y>", "&lt;", "&amp;amp;", "slack-file:F1", '"', "'", "“", "”", "„", "«"),
            *("’", '""', "dog's", '{"a":1}', "[", "{", "[[[", '["x"', "`", "```", "*", "_", "~"),
            *("\n", "\t", "\u00a0", "\u200b", "\u202e", "\x00", "\ud800", "\ufe0f", "e\u0301"),
            *("🏳️\u200d🌈", "ﷺ", "hello", "thanks"),
        ]
    ),
    st.text(max_size=12),
)


@st.composite
def typed(draw: st.DrawFn) -> str:
    """Return words of the bot's language and others, or one of them many times."""
    words = draw(st.lists(WORDS, max_size=12))
    text = draw(st.sampled_from([" ", "", "  ", "\n"])).join(words)
    if draw(st.integers(0, 3)) == 0:
        text = text[:40] * draw(st.integers(1, 2_000))
    return text[:LONGEST_MESSAGE]


@each_effort
def test_a_text_is_read_or_refused_with_sentences(effort: Effort) -> None:
    """Read by itself, and as the change of an earlier request; a request can be sent as it is."""

    def check(text: str) -> None:
        words = within(0.1, 5.0, len(text), lambda: plain(text))
        read = within(0.1, 5.0, len(text), lambda: read_text(words))
        for make in (
            lambda: read_request(read, CATALOG),
            lambda: changed_request(JOB, read, CATALOG),
        ):
            try:
                request = within(0.2, 10.0, len(text), make)
            except UsageError as error:
                _check_sentences(error.problems)
                continue
            body = request_body(request.model, request.input)
            assert json.loads(body)["input"].keys() == request.input.keys()

    search(effort, typed(), check)


def _check_sentences(problems: Sequence[str]) -> None:
    assert problems
    assert all(map(str.strip, problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Listeners in a loop of their own, and what they log."""

    runner: asyncio.Runner
    harness: ListenerHarness
    log: io.StringIO
    numbers: Iterator[int]

    def say(self, text: str, *, in_thread: bool) -> tuple[Message | None, Job | None]:
        """Return the answer to a text, and the job that it made."""
        return self.runner.run(self._say(text, in_thread=in_thread))

    async def _say(self, text: str, *, in_thread: bool) -> tuple[Message | None, Job | None]:
        interaction = Interaction(
            dedup_key=f"fuzz:{next(self.numbers)}",
            team="T1",
            channel="C1",
            user=JOB.user,
            surface="mention" if in_thread else "command",
            reply_to=ReplyTo(thread_ts=JOB.message_ts if in_thread else None),
        )
        job = await self.harness.services.store.jobs.get(JOB.id) if in_thread else None
        handler = partial(router.respond, text, job=job, is_conversation=in_thread)
        reply = await answer(handler, interaction, self.harness.services)
        made = await self.harness.services.store.jobs.find_by_dedup_key(interaction.dedup_key)
        return reply, made

    def drawn(self, job: Job) -> Message:
        """Return the job's message."""
        return self.runner.run(self._drawn(job))

    async def _drawn(self, job: Job) -> Message:
        return job_message(await load_view(job, self.harness.services), NOW)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Open listeners over a store with one job, and write the log as a running bot does."""
    log = io.StringIO()
    configure_logs(log_format="json", log_level="debug", secrets=(), log_prompts=False, stream=log)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        harness = runner.run(stack.enter_async_context(listener_harness(tmp_path)))
        yield Place(runner=runner, harness=harness, log=log, numbers=count())
        runner.run(stack.aclose())


@pytest.mark.parametrize("in_thread", [False, True])
@each_effort
def test_a_text_has_one_answer_or_makes_one_job(
    place: Place, effort: Effort, *, in_thread: bool
) -> None:
    """What is shown keeps Slack's limits, and the log has no word of it."""

    def check(text: str) -> None:
        rare = f"{text} {RARE}" if "--" not in text else f"{RARE} {text}"
        place.log.truncate(0)
        reply, job = within(0.5, 20.0, len(rare), lambda: place.say(rare, in_thread=in_thread))
        assert (reply is None) <= (job is not None), "neither an answer nor a job"
        if reply is not None:
            assert job is None or job.stage not in REQUESTED, "a job beside an answer"
            assert reply.text.strip()
            checked_blocks([dict(block) for block in reply.blocks])
        if job is not None:
            json.loads(request_body(job.model, named_input(job)))
            shown = place.drawn(job)
            checked_blocks([dict(block) for block in shown.blocks])
        assert RARE.casefold() not in place.log.getvalue().casefold()

    search(effort, typed(), check)


def test_a_job_of_such_a_text_is_the_askers(place: Place) -> None:
    """The search would not notice if no text made a job."""
    reply, job = place.say(f"a {RARE} in fog", in_thread=False)
    assert reply is None
    assert job is not None
    assert (job.stage, job.user, dict(job.input)) == (
        Stage.ACCEPTED,
        JOB.user,
        {"prompt": f"a {RARE} in fog"},
    )
