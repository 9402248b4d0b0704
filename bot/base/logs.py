"""The log pipeline for the bot and its libraries, which removes secrets from every line."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Literal, TextIO, TypeAlias

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.base.hosts import SLACK_DOMAINS
from bot.base.log_stream import LogStream
from bot.base.patterns import lazy_compile
from bot.base.prompts import PROMPTS, without_prompts
from bot.base.throttle import Throttle, throttled_records

LogFormat: TypeAlias = Literal["json", "console"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

Redact: TypeAlias = Callable[[str], str]
"""Returns the text without secrets."""

REMOVED = "[removed]"

_AFTER_SLACK_HOST = "|".join(
    rf"(?<=//{re.escape(host)}/)"
    for domain in SLACK_DOMAINS
    for host in (
        (domain,)
        if "-files" in domain  # a public link to a file
        # A response_url allows posts as the bot, an address for an upload takes any bytes.
        else (f"hooks.{domain}", f"files.{domain}/upload")
    )
)

_SECRET_SHAPES = lazy_compile(
    rf"""
      \bxox[a-z](?:\.xox[a-z])?-[\w-]+        # Slack's bot, user and refresh tokens
    | \bxapp-[\w-]+                           # Slack's app-level tokens
    | \bmv_[a-z]+_\w+                         # MindVideo's keys
    | (?<=\bBearer\s)[^\s"',)]{{6,}}         # any other key; six: prose has "bearer of"
    | (?-i:(?<=\bBasic\ )(?=\w+[A-Z0-9+/=])[\w+/=]{{6,}})  # a user and a password in base64
    | (?<=[?&]ticket=)[^\s"'<>)&]+            # Socket Mode's address
    | (?<=/)(?:                               # first what is quick to see
        (?:{_AFTER_SLACK_HOST})[^\s"'<>)]+
      | (?<=://)[^\s"'<>/@]+(?=@)             # a user and a password, as of a proxy
      )
    """,
    re.VERBOSE | re.IGNORECASE,
)

_HINTS = ("xox", "xapp-", "mv_", "bearer", "basic", "ket=", "//")
"""Every text of `_SECRET_SHAPES` has one of these, in lower case; few lines have any."""

# pydantic quotes input that it cannot parse: payloads, and so users' text.
# https://docs.pydantic.dev/latest/errors/errors/
_QUOTED_INPUT = lazy_compile(r"(?<=\binput_value=).*?(?=, input_type=\w+\])", re.DOTALL)

_LOWEST_LEVELS: Mapping[str, int] = MappingProxyType(
    {
        # Bolt's warnings repeat whole payloads, with users' text and response_urls.
        "slack_bolt": logging.ERROR,
        # At INFO these write a line for each request or each tick, at DEBUG headers with tokens.
        "slack_sdk": logging.WARNING,
        "httpx": logging.WARNING,
        "apscheduler": logging.WARNING,
        "asyncio": logging.WARNING,
        # The metrics count requests.
        "aiohttp.access": logging.CRITICAL,
    },
)
"""The lowest level at which a library may log, by the root of its loggers' names."""


_NEVER_QUOTED = frozenset({"level", "logger", "timestamp"})
"""Keys of a line that hold no foreign text."""


def make_redactor(secrets: Iterable[str]) -> Redact:
    """Return a function that removes `secrets`, and anything shaped like a token, from a text."""
    # The longest first: one secret may begin with another.
    ordered = sorted(filter(None, secrets), key=len, reverse=True)
    exact = re.compile("|".join(map(_escaped_pattern, ordered))) if ordered else None

    def redact(text: str) -> str:
        if exact is not None:
            text = exact.sub(REMOVED, text)
        folded = text.lower()
        if any(hint in folded for hint in _HINTS):
            return _SECRET_SHAPES.sub(REMOVED, text)
        return text

    return redact


def _escaped_pattern(secret: str) -> str:
    r"""Return a pattern for `secret` at any depth of JSON and `repr`, which add backslashes."""
    patterns = {"\\": r"\\+", '"': r"\\*\"", "'": r"\\*'"}
    return "".join(patterns.get(char) or re.escape(char) for char in secret)


def configure_logs(
    *,
    log_format: LogFormat,
    log_level: LogLevel,
    secrets: Iterable[str],
    log_prompts: bool,
    stream: TextIO,
) -> None:
    """Send structlog's events and the standard library's records to `stream`, a line each.

    `secrets` never appear there, whichever event, value or traceback holds them. Unless
    `log_prompts`, the key `prompt` of an event is dropped, and so are payloads that pydantic
    quotes, and what anybody quotes of `PROMPTS`. What a library repeats is logged once a minute.
    Idempotent: the last call is in effect.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not log_prompts:
        shared.append(_drop_prompt)
    rendering: list[Processor] = [
        # A traceback is text from here on.
        structlog.processors.format_exc_info,
        *([] if log_prompts else [_hide_prompts]),
        _renderer(log_format, is_terminal=stream.isatty()),
        # Last, on the finished line, so that no nesting and no `repr` hides a secret.
        _redacting(make_redactor(secrets)),
        *([] if log_prompts else [_redacting(_without_payloads)]),
    ]
    handler = _SilentErrorHandler(stream)
    # An event does not become a record of the standard library: that would take as long again.
    structlog.configure(
        processors=[*shared, _always_a_line(rendering)],
        logger_factory=partial(_LineLogger, handler),
        wrapper_class=structlog.make_filtering_bound_logger(log_level),
        cache_logger_on_first_use=False,
    )
    handler.addFilter(_has_enough_severity)
    handler.addFilter(throttled_records(Throttle()))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        ),
    )
    logging.root.handlers = [handler]
    if isinstance(buffer := getattr(stream, "buffer", None), LogStream):
        buffer.on_gap = _log_gap
    logging.root.setLevel(log_level.upper())
    for name, lowest in _LOWEST_LEVELS.items():
        # A logger that is asked first makes no record, which takes longer than to filter one.
        logging.getLogger(name).setLevel(max(lowest, logging.root.level))


def _log_gap(lines: int) -> None:
    structlog.get_logger("logs").warning("log_lines_lost", lines=lines)


def _renderer(log_format: LogFormat, *, is_terminal: bool) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=is_terminal,
        # The default shows local variables: prompts, payloads, tokens.
        exception_formatter=structlog.dev.plain_traceback,
    )


def _redacting(redact: Redact) -> Processor:
    def remove_secrets(_logger: WrappedLogger, _method: str, line: object) -> str:
        return redact(str(line))

    return remove_secrets


def _without_payloads(line: str) -> str:
    return _QUOTED_INPUT.sub(REMOVED, line)


def _drop_prompt(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("prompt", None)
    return event


def _hide_prompts(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Remove what a service, a library or a traceback quotes of the prompts of this context."""
    prompts = PROMPTS.get()
    return {
        key: without_prompts(value, prompts)
        if isinstance(value, str) and key not in _NEVER_QUOTED
        else value
        for key, value in event.items()
    }


def _has_enough_severity(record: logging.LogRecord) -> bool:
    """Return whether a record reaches the lowest level of its library.

    A filter of the handler, because Bolt overwrites the levels of loggers with the root's:
    https://github.com/slackapi/bolt-python/blob/main/slack_bolt/logger/__init__.py
    """
    return all(
        record.levelno >= lowest
        for name, lowest in _LOWEST_LEVELS.items()
        if record.name == name or record.name.startswith(name + ".")
    )


def _always_a_line(processors: Sequence[Processor]) -> Processor:
    """Return a processor that applies all of these, or tells that it could not."""

    def render(logger: WrappedLogger, method: str, event: EventDict) -> str:
        line = event
        try:
            for process in processors:
                # The last of them makes a text of it, as structlog's own chain does.
                line = process(logger, method, line)  # type: ignore[assignment]
        except Exception:  # noqa: BLE001 - its text may have what the line would not have shown
            return f"a log line from {logger.name} could not be written"
        return str(line)

    return render


class _SilentErrorHandler(logging.StreamHandler[TextIO]):
    """A stream handler that does not repeat a record which could not be formatted."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Write that a line is missing; the default prints the record with its secrets."""
        self.write_line(f"a log line from {record.name}:{record.lineno} could not be written")

    def write_line(self, line: str) -> None:
        """Write a line, if the stream takes it: whoever logs must not fail. Threads may call it."""
        self.acquire()
        try:
            with contextlib.suppress(OSError, ValueError):
                self.stream.write(f"{line}\n")
                self.flush()
        finally:
            self.release()


class _LineLogger:
    """Writes events that have become lines; `name` is that of the logger in each line."""

    def __init__(self, handler: _SilentErrorHandler, name: str) -> None:
        self._handler = handler
        self.name = name

    def msg(self, line: str) -> None:
        """Write a line as the handler does."""
        self._handler.write_line(line)

    debug = info = warning = error = critical = msg
