"""The spans of a running bot, as a collector gets them: one trace from an ask to its delivery."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Sequence

import pytest

import bot.app
from bot.app import otel, tracing
from bot.app.roles import ALL, WEB, WORKER
from bot.app.tracing import examine_tracing, tracer_of
from bot.base.errors import ConfigurationError
from bot.base.settings import load_settings
from bot.base.traces import NO_TRACER, Attribute, NoTracer, SpanName, TraceSpan
from bot.messages import buttons
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.sandbox import API_KEY, Sandbox
from sandbox.slack.entities import OPEN
from storage.job import Stage
from storage.postgres.upgrade import upgrade
from tests.cli.test_main import WELL_FORMED
from tests.support.conversation import job_of, mention, press, result_of, until_done
from tests.support.postgres import Server, emptied_database
from tests.support.running_bot import bot_in, process_in, running_bot
from tests.support.sandbox import running_sandbox
from tests.support.span_collector import SentSpan, SpanCollector, span_collector

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROMPT = "zebrafish"
"""One word, which no part of the bot uses for anything else."""


@pytest.fixture
async def collector() -> AsyncIterator[SpanCollector]:
    async with span_collector() as one:
        yield one


def commands(collector: SpanCollector) -> list[SentSpan]:
    """Return the spans of what was typed as a command; the bot's messages are events as well."""
    asks = collector.named(SpanName.ASK)
    return [span for span in asks if span.value(Attribute.REQUEST) == "command"]


def under(root: SentSpan, spans: Sequence[SentSpan]) -> list[SentSpan]:
    """Return the spans below one, however deep."""
    own = [span for span in spans if span.parent == root.id]
    return own + [deeper for span in own for deeper in under(span, spans)]


def secrets_of(sandbox: Sandbox) -> set[str]:
    """Return the credentials with which the bot runs."""
    variables = sandbox.environment(socket_mode=True) | sandbox.environment(socket_mode=False)
    names = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "MINDVIDEO_API_KEY")
    return {variables[name] for name in names if name in variables}


async def test_an_ask_its_steps_commits_and_calls_are_one_trace(collector: SpanCollector) -> None:
    async with running_bot(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as bot:
        await bot.type(PROMPT)
        await bot.until_delivered()
        job = await job_of(bot, bot.messages()[0])
    [ask] = commands(collector)
    assert (ask.value(Attribute.REQUEST), ask.value(Attribute.STATUS)) == ("command", "200")
    assert ask.value(Attribute.JOB) == job.id
    assert (job.traceparent or "").startswith(f"00-{ask.trace}-{ask.id}-")
    steps = [span for span in collector.named(SpanName.STEP) if span.value(Attribute.JOB) == job.id]
    assert {span.value(Attribute.STEP) for span in steps} >= {
        Stage.ACCEPTED,
        Stage.ANNOUNCED,
        Stage.RENDERING,
        Stage.FINISHED,
    }
    assert {(span.trace, span.parent) for span in steps} == {(ask.trace, ask.id)}
    assert {span.value(Attribute.MODEL) for span in steps} == {job.model}
    assert all(span.value(Attribute.OUTCOME) for span in steps)
    [submit] = [one for one in steps if one.value(Attribute.STEP) == Stage.ANNOUNCED]
    parts = [span.name for span in under(submit, collector.spans)]
    assert {SpanName.COMMIT, SpanName.MINDVIDEO} <= set(parts)
    assert SpanName.COMMIT in [span.name for span in under(ask, collector.spans)]
    calls = {
        (span.name, span.value(Attribute.METHOD), span.value(Attribute.CALL))
        for span in under(ask, collector.spans)
        if span.name.startswith("call")
    }
    assert (SpanName.SLACK, "POST", "chat.postMessage") in calls
    assert (SpanName.SLACK, "POST", "files.completeUploadExternal") in calls
    assert (SpanName.FILE_HOST, "GET", "") in calls


async def test_what_a_tick_does_belongs_to_no_ask_that_woke_it(collector: SpanCollector) -> None:
    async with running_bot(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as bot:
        await bot.type(PROMPT)
        await bot.until_delivered()
    [ask] = commands(collector)
    commits = {span.trace for span in collector.named(SpanName.COMMIT) if not span.parent}
    assert commits, "the claims"
    assert ask.trace not in commits
    assert len([one for one in collector.named(SpanName.COMMIT) if one.parent == ask.id]) == 1


async def test_what_is_told_of_a_job_is_of_its_trace(collector: SpanCollector) -> None:
    async with running_bot(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as bot:
        await bot.type("notify here all", channel=OPEN)
        await bot.type(PROMPT)
        await bot.until(lambda: any("ready" in one.text for one in bot.messages(OPEN)))
    [_, ask] = commands(collector)
    told = [one for one in collector.named(SpanName.STEP) if one.value(Attribute.ROW)]
    kinds = {one.value(Attribute.STEP): (one.trace, one.parent) for one in told}
    assert kinds["notification_finished"] == (ask.trace, ask.id)


async def test_a_whole_conversation_leaves_no_text_secret_or_person_in_a_span(
    collector: SpanCollector,
) -> None:
    """In all that is sent, whatever it stands for."""
    async with running_bot(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as bot:
        bot.sandbox.video.faults.add(Fault(call=Call.SUBMIT, kind=FaultKind.LOST_BEFORE))
        await bot.type(f"{PROMPT} --duration 5")
        await bot.until_delivered()
        result = result_of(bot, bot.messages()[0])
        await press(bot, result, buttons.DETAILS)
        await press(bot, result, buttons.AGAIN)
        await mention(bot, f"{PROMPT} two")
        await until_done(bot, 1)
        await bot.type("list")
        await bot.type(f"notify {PROMPT}")
        secrets = secrets_of(bot.sandbox)
    assert len(collector.named(SpanName.ASK)) >= 5
    assert API_KEY in secrets
    assert PROMPT not in collector.text
    assert not [one for one in secrets if one in collector.text]
    # A name, IDs of a person and of a place, and what no word has.
    assert not re.search(r"lima|u0ana|c0general|://|\?|xox", collector.text, re.IGNORECASE)
    errors = {span.value(Attribute.ERROR) for span in collector.spans if span.is_error}
    assert "ServerDisconnectedError" in errors


async def test_a_restart_continues_the_trace(collector: SpanCollector) -> None:
    async with running_sandbox(render_seconds=0.05) as sandbox:
        url = collector.url
        async with bot_in(
            sandbox, SUBMIT_DELAY_SECONDS="300", OTEL_EXPORTER_OTLP_ENDPOINT=url
        ) as first:
            await first.type(PROMPT)
            await first.until(first.messages)
        async with bot_in(sandbox, OTEL_EXPORTER_OTLP_ENDPOINT=url) as second:
            await press(second, second.messages()[0], buttons.CANCEL)
            await second.until_delivered()
    [ask] = commands(collector)
    clicks = [one.value(Attribute.REQUEST) for one in collector.named(SpanName.ASK)]
    assert "block_actions" in clicks
    steps = collector.named(SpanName.STEP)
    assert {(span.trace, span.parent) for span in steps if span.value(Attribute.JOB)} == {
        (ask.trace, ask.id)
    }


async def test_a_worker_continues_the_trace_of_an_ask_of_another_process(
    collector: SpanCollector, postgres: Server
) -> None:
    url = emptied_database(postgres)
    await upgrade(url)
    variables = {"DATABASE_URL": url, ENDPOINT: collector.url}
    async with (
        running_sandbox(render_seconds=0.05) as sandbox,
        process_in(sandbox, WORKER, variables),
        process_in(sandbox, WEB, variables) as web,
    ):
        await web.type(PROMPT)
        await web.until_delivered()
    [ask] = commands(collector)
    steps = [span for span in collector.named(SpanName.STEP) if span.value(Attribute.JOB)]
    assert ask.role == WEB.name
    assert {span.role for span in steps} == {WORKER.name}
    assert {(span.trace, span.parent) for span in steps} == {(ask.trace, ask.id)}
    assert Stage.FINISHED in {span.value(Attribute.STEP) for span in steps}


async def test_a_request_over_the_websocket_is_an_ask(collector: SpanCollector) -> None:
    async with running_bot(socket_mode=True, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as bot:
        await bot.type("help")
    [ask] = commands(collector)
    assert ask.value(Attribute.REQUEST) == "command"


async def test_a_collector_that_is_away_costs_only_its_spans(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    async with running_bot(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9") as bot:
        await bot.type(PROMPT)
        await bot.until_delivered()


class RefusingTracer(NoTracer):
    """Makes no spans, and fails where it is asked for one all the same."""

    def begin(self, name: SpanName, traceparent: str | None = None) -> TraceSpan:
        raise AssertionError(name, traceparent)


async def test_without_a_collector_nothing_begins_a_span(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tracer_of(load_settings(WELL_FORMED), ALL) as tracer:
        assert tracer is NO_TRACER
    monkeypatch.setattr(tracing, "NO_TRACER", RefusingTracer())
    async with running_bot() as bot:
        await bot.type(PROMPT)
        await bot.until_delivered()
        assert (await job_of(bot, bot.messages()[0])).traceparent is None


@pytest.mark.parametrize("url", ["http://collector:4318", "https://traces.example.com/otlp/"])
def test_a_collector_may_be_on_another_machine(url: str) -> None:
    assert load_settings({**WELL_FORMED, ENDPOINT: url}).otel_exporter_otlp_endpoint == url


@pytest.mark.parametrize("url", ["collector:4318", "http://bot:secret@collector:4318", "grpc://a"])
def test_what_is_no_address_of_a_collector_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="Set it to the address of a collector") as refused:
        load_settings({**WELL_FORMED, ENDPOINT: url})
    assert "secret" not in str(refused.value)


async def test_without_the_extra_the_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bot.app, "otel", otel)
    monkeypatch.delitem(sys.modules, "bot.app.otel")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    settings = load_settings({**WELL_FORMED, ENDPOINT: "http://127.0.0.1:4318"})
    with pytest.raises(ConfigurationError, match=r"pip install 'slack-video-bot\[otel\]'"):
        async with tracer_of(settings, ALL):
            pass
    [finding] = examine_tracing(settings)
    assert not finding.ok
    assert "slack-video-bot[otel]" in finding.what


@pytest.mark.parametrize("text", ["a red car", "", "x" * 101, "ein-Äpfel", "a\nb", "https://a/?b"])
def test_a_text_is_no_attribute(text: str) -> None:
    assert otel.word(text) == "other"


@pytest.mark.parametrize("text", ["kling-v3", "chat.postMessage", "command", "3fk2m9x0ab"])
def test_a_word_is_an_attribute(text: str) -> None:
    assert otel.word(text) == text
