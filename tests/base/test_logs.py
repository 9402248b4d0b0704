"""Tests of the logs: format, levels, redaction of secrets and prompts."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from typing import TypeAlias

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.base import logs
from bot.base.errors import OperatorMustActError
from bot.base.logs import REMOVED, LogFormat, LogLevel, configure_logs, make_redactor
from bot.base.prompts import PROMPTS
from bot.listeners.payloads import MessagePayload
from bot.messages.buttons import CONFIRM
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.slack.entities import ANA, BOT, GENERAL
from tests.support.conversation import press, until_ephemeral
from tests.support.running_bot import running_bot

Configure: TypeAlias = Callable[..., io.StringIO]

SECRETS = ("xoxb-1-abcDEF", "signing0hush", 'a"quoted\\whisper')


@pytest.fixture
def configure() -> Configure:
    """Return a function that configures the logs and returns the buffer they are written to."""

    def into_buffer(
        log_format: LogFormat = "json",
        log_level: LogLevel = "info",
        *,
        log_prompts: bool = False,
    ) -> io.StringIO:
        stream = io.StringIO()
        configure_logs(
            log_format=log_format,
            log_level=log_level,
            secrets=SECRETS,
            log_prompts=log_prompts,
            stream=stream,
        )
        return stream

    return into_buffer


def test_our_events_and_the_records_of_libraries_have_one_format(configure: Configure) -> None:
    """Both are JSON objects with the same keys for time, level, logger and event."""
    stream = configure()
    structlog.get_logger("bot.worker.engine").info("job claimed", job="k3f9")
    logging.getLogger("some.library").warning("slow: %d ms", 12)

    ours, theirs = map(json.loads, stream.getvalue().splitlines())

    assert ours.pop("timestamp") <= theirs.pop("timestamp")
    assert ours == {
        "event": "job claimed",
        "job": "k3f9",
        "level": "info",
        "logger": "bot.worker.engine",
    }
    assert theirs == {"event": "slow: 12 ms", "level": "warning", "logger": "some.library"}


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_removed_from_every_part_of_a_record(
    configure: Configure, log_format: LogFormat, secret: str
) -> None:
    """In the event, in nested values, in a record's arguments and in a traceback."""
    stream = configure(log_format)
    log = structlog.get_logger("bot")
    event = f"sent with {secret}"
    log.info(event, nested={"headers": [{"x": secret}]})
    logging.getLogger("library").warning("refused %s", {"token": secret})
    try:
        raise OperatorMustActError(f"refused {secret}") from ValueError(secret)
    except OperatorMustActError:
        log.exception("cannot go on")

    logged = stream.getvalue()

    assert secret not in logged
    assert secret[-6:] not in logged
    assert logged.count(REMOVED) >= 5
    assert "OperatorMustActError" in logged


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("token xoxb-12-34-aB is bad", f"token {REMOVED} is bad"),
        ("xoxe.xoxp-1-Mi0yLTE refreshed", f"{REMOVED} refreshed"),
        ("(xapp-1-A0-99-ff)", f"({REMOVED})"),
        ("key mv_live_0aZ_9.", f"key {REMOVED}."),
        ('{"Authorization": "Bearer abc.def-1"}', f'{{"Authorization": "Bearer {REMOVED}"}}'),
        (
            "POST https://hooks.slack.com/commands/T1/2/x failed",
            f"POST https://hooks.slack.com/{REMOVED} failed",
        ),
        (
            "https://files.slack.com/upload/v1/CwABAA?x=1",
            f"https://files.slack.com/upload/{REMOVED}",
        ),
        (
            "https://hooks.slack-gov.com/commands/T1/2/x",
            f"https://hooks.slack-gov.com/{REMOVED}",
        ),
        (
            "https://files.slack-gov.com/upload/v1/Cw)",
            f"https://files.slack-gov.com/upload/{REMOVED})",
        ),
        ("https://slack-files.com/T1-F1-ab12", f"https://slack-files.com/{REMOVED}"),
        ("https://files.slack.com/files-pri/T1-F1/a", "https://files.slack.com/files-pri/T1-F1/a"),
        ("by http://me:p%40ss@proxy.corp:3128,", f"by http://{REMOVED}@proxy.corp:3128,"),
        ("{'Proxy-Authorization': 'Basic bWU6aHVzaA=='}", f"'Basic {REMOVED}'"),
        ("a Basic Account, basic settings1", "a Basic Account, basic settings1"),
        ("wss://a.slack.com/link/?ticket=t-1&app_id=A1", f"ticket={REMOVED}&app_id=A1"),
        ("the bearer of this letter: boxb-1", "the bearer of this letter: boxb-1"),
    ],
)
def test_a_string_in_the_form_of_a_token_is_removed(text: str, redacted: str) -> None:
    """Tokens of other workspaces and Slack's secret addresses are removed unconfigured."""
    assert redacted in make_redactor(())(text)


FRAGMENTS = (
    *("xox", "b-", ".xoxb", "xapp", "-1", "mv_", "live_", "0aA", "Bearer ", "bearer ", "Basic "),
    *("basic ", "bWU6aHVzaA==", "?ticket=", "&TIC\u212aET=", "/", "//", "://", "http", "me:x", "@"),
    *(
        "hooks.",
        "files.",
        "slack.com",
        "slack-gov.com",
        "slack-files.com",
        "/upload/",
        "\u0131",
        " ",
    ),
)


@given(st.lists(st.sampled_from(FRAGMENTS)).map("".join))
def test_no_string_in_the_form_of_a_token_is_missed_where_its_first_letters_are_looked_for(
    text: str,
) -> None:
    """The pattern is tried only on a text that has the letters of one of its parts."""
    assert make_redactor(())(text) == logs._SECRET_SHAPES.sub(REMOVED, text)  # noqa: SLF001 - the whole pattern


def test_a_secret_that_begins_with_another_is_removed_whole() -> None:
    assert make_redactor(("abc", "abcdef", ""))("abcdef abc") == f"{REMOVED} {REMOVED}"


def test_a_prompt_is_logged_only_with_log_prompts(configure: Configure) -> None:
    for log_prompts in (False, True):
        stream = configure(log_prompts=log_prompts)
        structlog.get_logger("bot").info("accepted", prompt="a red car")
        assert ("a red car" in stream.getvalue()) is log_prompts


async def test_no_log_line_of_a_whole_job_contains_the_prompt(configure: Configure) -> None:
    """An error of MindVideo that quotes the prompt is redacted; only the job's events keep it."""
    stream = configure()
    quoting = Fault(
        call=Call.SUBMIT,
        kind=FaultKind.ANSWER_BEFORE,
        status=500,
        message="Lost 'a green zebra in a field of grass', sorry.",
    )
    async with running_bot() as bot:
        bot.sandbox.video.fail(quoting)
        await bot.type("a green zebra  in a field of grass")
        await bot.until_delivered()
        await bot.sandbox.slack.people.message(ANA, GENERAL, f"<@{BOT}> a blue zebra --colour red")
        await bot.until(bot.ephemerals)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    # A busy machine may start a tick late, or leave one out, which is logged too.
    events = [line["event"] for line in lines if not line["logger"].startswith("apscheduler")]
    usual = {"ready", "stopping", "store_created", "tick_overdue"}
    assert [event for event in events if event not in usual] == [
        "ask_accepted",
        "step_retried",
        "ask_refused",
    ]
    assert "Lost '[prompt]" in stream.getvalue()
    assert "zebra" not in stream.getvalue()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_payload_that_cannot_be_read_is_not_quoted(
    configure: Configure, log_format: LogFormat
) -> None:
    """Bolt logs the error of a listener, and pydantic's message quotes the payload."""
    message = {"type": "message", "channel": "C1", "text": 'a "red" car, input_type: new'}
    body = {"team_id": "T1", "event": message}
    for log_prompts in (False, True):
        stream = configure(log_format, log_prompts=log_prompts)
        try:
            MessagePayload.model_validate(body)
        except ValidationError:
            logging.getLogger("slack_bolt").exception("Failed to run the listener")
        assert "event.ts" in stream.getvalue()
        assert ("input_type: new" in stream.getvalue()) is log_prompts


async def test_a_parked_job_is_logged_as_an_error(configure: Configure) -> None:
    """Without `ADMINS` and without a subscribed channel, the log alone reports it, once."""
    stream = configure()
    conflict = Fault(
        call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=409, code="idempotency_conflict"
    )
    async with running_bot() as bot:
        bot.sandbox.video.fail(conflict)
        await bot.type("a red zebra")
        await bot.until_delivered()
        await bot.until(bot.ephemerals)
        (message,) = bot.messages()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (parked,) = [line for line in lines if line["event"] == "job_parked"]
    assert parked["level"] == "error"
    assert parked["job"] == message.job_id
    assert parked["step"] == "announced"
    assert "another request" in parked["problem"]


def test_libraries_log_errors_only(configure: Configure) -> None:
    """At level debug as well, and where Bolt copies the root logger's level."""
    stream = configure(log_level="debug")
    for name in ("slack_bolt.AsyncApp", "slack_sdk.web", "apscheduler.scheduler"):
        logging.getLogger(name).info("chatter")
    logging.getLogger("slack_bolt.AsyncApp").warning("Unhandled request ({'text': 'a red car'})")
    logging.getLogger("aiohttp.access").error("GET /healthz")
    assert stream.getvalue() == ""

    logging.getLogger("slack_bolt.AsyncApp").error("listener failed")
    logging.getLogger("slack_boltless").debug("mine")
    assert len(stream.getvalue().splitlines()) == 2


def test_a_record_below_the_configured_level_is_not_written(configure: Configure) -> None:
    stream = configure(log_level="info")
    structlog.get_logger("bot").debug("detail")
    logging.getLogger("library").debug("detail")
    assert stream.getvalue() == ""

    stream = configure(log_level="error")
    logging.getLogger("httpx").warning("a library whose own lowest level is lower")
    assert stream.getvalue() == ""


def test_a_record_that_cannot_be_formatted_is_reported_without_its_arguments(
    configure: Configure,
) -> None:
    """The standard library's report would print the arguments, and secrets with them."""
    stream = configure()
    logging.getLogger("library").warning("%d tries", SECRETS[0])
    logged = stream.getvalue()
    assert "a log line from library" in logged
    assert SECRETS[0] not in logged


class Odd:
    """A value that cannot be shown."""

    def __repr__(self) -> str:
        raise ValueError(SECRETS[0])


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_event_that_cannot_be_rendered_is_reported_without_its_values(
    configure: Configure, log_format: LogFormat
) -> None:
    """Whoever logs must not fail for it."""
    stream = configure(log_format)
    structlog.get_logger("bot").warning("odd", value=Odd())
    assert stream.getvalue() == "a log line from bot could not be written\n"


def test_a_stream_that_takes_no_more_fails_nobody(configure: Configure) -> None:
    stream = configure()
    stream.close()
    structlog.get_logger("bot").warning("nobody reads this")


def test_the_console_shows_no_local_variables_in_a_traceback(configure: Configure) -> None:
    """A frame's variables hold payloads and prompts."""
    stream = configure("console")
    prompt = "a lake at dawn"
    try:
        raise RuntimeError("lost")
    except RuntimeError:
        structlog.get_logger("bot").exception("step failed")
    assert "RuntimeError: lost" in stream.getvalue()
    assert prompt not in stream.getvalue()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_is_quoted_of_a_prompt_is_removed_from_every_part_of_a_line(
    configure: Configure, log_format: LogFormat
) -> None:
    """In values, in records of libraries and in tracebacks; and only while the job is handled."""
    for log_prompts in (False, True):
        stream = configure(log_format, log_prompts=log_prompts)
        token = PROMPTS.set(["a green zebra", "blurry hands"])
        log = structlog.get_logger("bot")
        log.warning("step_retried", problem="no Green Zebra; BLURRY is odd")
        logging.getLogger("library").warning("got %r", "a GREEN zebra")
        try:
            raise RuntimeError("green zebra")
        except RuntimeError:
            log.exception("step_failed")
        logged = stream.getvalue().casefold()
        assert [word in logged for word in ("zebra", "blurry")] == [log_prompts] * 2
        assert "RuntimeError" in stream.getvalue()
        PROMPTS.reset(token)
        log.warning("zebra crossing")
        assert "zebra crossing" in stream.getvalue()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "quote", ["A GREEN ZEBRA", "the zebra", "blurry hands", "a green herd at night"]
)
async def test_no_log_line_quotes_a_prompt_in_another_case_in_part_or_the_negative_one(
    configure: Configure, quote: str
) -> None:
    stream = configure()
    shots = '[{"prompt": "a green herd at night", "duration": 5}]'
    quoting = Fault(
        call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=500, message=f"Lost {quote}, sorry."
    )
    async with running_bot() as bot:
        bot.sandbox.video.fail(quoting)
        await bot.type(
            'a green zebra in a field of grass --negative-prompt "blurry hands" '
            f"--multi-shot --multi-prompt '{shots}'"
        )
        await press(bot, await until_ephemeral(bot), CONFIRM)
        await bot.until_delivered()
    logged = stream.getvalue().casefold()
    assert "step_retried" in logged
    assert "sorry" in logged
    assert [word for word in ("green", "zebra", "blurry", "herd") if word in logged] == []
