"""One pipeline for every log line, ours and the libraries', that lets no secret through."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, TextIO, TypeAlias

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat: TypeAlias = Literal["json", "console"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

Redact: TypeAlias = Callable[[str], str]
"""Returns the text without secrets."""

REMOVED = "[removed]"

_SECRET_SHAPES = re.compile(
    r"""
      \bxox[a-z](?:\.xox[a-z])?-[\w-]+        # Slack's bot, user and refresh tokens
    | \bxapp-[\w-]+                           # Slack's app-level tokens
    | \bmv_[a-z]+_\w+                         # MindVideo's keys
    | (?<=\bBearer\s)[^\s"',)]{6,}         # any other key; six: prose has "bearer of"
    | (?<=//hooks\.slack\.com/)[^\s"'<>)]+    # a response_url lets its holder speak as the bot
    | (?<=//files\.slack\.com/upload/)[^\s"'<>)]+
    | (?<=[?&]ticket=)[^\s"'<>)&]+            # Socket Mode's address
    """,
    re.VERBOSE | re.IGNORECASE,
)

# What pydantic could not read it quotes: a payload, and so what somebody wrote in it.
# https://docs.pydantic.dev/latest/errors/errors/
_UNREADABLE = re.compile(r"(?<=\binput_value=).*?(?=, input_type=\w+\])", re.DOTALL)

_FLOORS: Mapping[str, int] = MappingProxyType(
    {
        # Bolt's warnings repeat whole payloads, with what people wrote and their response_url.
        "slack_bolt": logging.ERROR,
        # At INFO these write a line for each request or each tick, at DEBUG headers with tokens.
        "slack_sdk": logging.WARNING,
        "httpx": logging.WARNING,
        "httpcore": logging.WARNING,
        "apscheduler": logging.WARNING,
        "asyncio": logging.WARNING,
        # The metrics count requests.
        "aiohttp.access": logging.CRITICAL,
    },
)
"""The least severe level that a library may write at, by the root of its loggers' names."""


def make_redactor(secrets: Iterable[str]) -> Redact:
    """Return a function that removes `secrets`, and whatever looks like a token, from a text."""
    # The longest first: one secret may begin with another.
    ordered = sorted(filter(None, secrets), key=len, reverse=True)
    exact = re.compile("|".join(map(_however_escaped, ordered))) if ordered else None

    def redact(text: str) -> str:
        if exact is not None:
            text = exact.sub(REMOVED, text)
        return _SECRET_SHAPES.sub(REMOVED, text)

    return redact


def _however_escaped(secret: str) -> str:
    r"""Return a pattern for `secret` in any depth of JSON and `repr`, which add backslashes."""
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

    `secrets` never appear there, whichever event, value or traceback holds them. The key
    `prompt` of an event is dropped unless `log_prompts`, and so is what pydantic quotes of a
    payload. Safe to repeat: the last call counts.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not log_prompts:
        shared.append(_drop_prompt)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _SilentErrorHandler(stream)
    handler.addFilter(_is_loud_enough)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(log_format, is_terminal=stream.isatty()),
                # Last, on the finished line, so that no nesting and no `repr` hides a secret.
                _redacting(make_redactor(secrets)),
                *([] if log_prompts else [_redacting(_without_payloads)]),
            ],
        ),
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(log_level.upper())


def _renderers(log_format: LogFormat, *, is_terminal: bool) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=is_terminal,
            # The default shows local variables: prompts, payloads, tokens.
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]


def _redacting(redact: Redact) -> Processor:
    def remove_secrets(_logger: WrappedLogger, _method: str, line: object) -> str:
        return redact(str(line))

    return remove_secrets


def _without_payloads(line: str) -> str:
    return _UNREADABLE.sub(REMOVED, line)


def _drop_prompt(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("prompt", None)
    return event


def _is_loud_enough(record: logging.LogRecord) -> bool:
    """Hold libraries to their floor.

    On the handler and not on their loggers, whose levels Bolt overwrites with the root's:
    https://github.com/slackapi/bolt-python/blob/main/slack_bolt/logger/__init__.py
    """
    return all(
        record.levelno >= floor
        for name, floor in _FLOORS.items()
        if record.name == name or record.name.startswith(name + ".")
    )


class _SilentErrorHandler(logging.StreamHandler[TextIO]):
    """A stream handler that does not repeat a record which could not be formatted."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say that a line is missing; the default prints the record as it is, secrets and all."""
        self.stream.write(f"a log line from {record.name}:{record.lineno} could not be written\n")
