"""Extracts the error message from an answer of MindVideo, of any shape, as one clean line."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from bot.base.json import Parsed, identifier, parse_exact
from bot.base.logs import make_redactor
from bot.base.patterns import lazy_compile

LONGEST_MESSAGE = 300
"""Characters of a message that is shown to people."""

_LONGEST_SOURCE = 5_000
"""Characters of the source that are searched for a message: HTML pages can be long."""

_DEEPEST = 6
"""Levels of nesting that are searched for a message; deeper ones are noise or an attack."""

_MOST_PARTS = 10
"""Entries of a list of problems that are shown; more do not fit the line."""

# The specific fields first: where a call succeeded and its task failed, `message` can be about the
# call alone, and say SUCCEED beside the reason in `task_status_msg`.
_MESSAGE_KEYS = (
    "task_status_msg",
    "status_msg",
    "failure_reason",
    "fail_reason",
    "error_message",
    "error_msg",
    "reason",
    "error",
    "detail",
    "message",
    "msg",
    "errors",
    "title",
)
_INNER_KEYS = ("data", "task", "payload")
"""Objects around a task, whose messages go before those of their wrapper."""
_CODE_KEYS = ("task_status_code", "error_code", "code", "type")

_SAYS_NOTHING = frozenset(
    {
        *("succeed", "succeeded", "success", "successful", "ok", "completed", "complete", "done"),
        *("failed", "failure", "fail", "error", "cancelled", "canceled", "none"),
    }
)
"""Texts in place of a message that give no reason, in lower case."""
_NO_CODES = frozenset({"0", "200", "ok", "success", "succeed"})
"""Codes of a call that succeeded, in lower case."""

_TITLE = lazy_compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_INVISIBLE = lazy_compile(r"<(script|style)\b.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = lazy_compile(r"<[a-z/!?][^<>]*>", re.IGNORECASE)

_redact = make_redactor(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A message to show to people, and code and request ID for MindVideo's support, if present."""

    message: str | None = None
    code: str | None = None
    request_id: str | None = None


def read_problem(text: str) -> Problem:
    """Read an error body: JSON of any shape, HTML, plain text or nothing. Never raises."""
    try:
        parsed = parse_exact(text)
    except ValueError:
        return Problem(message=None if _is_broken_json(text) else clean(_title(text)))
    if isinstance(parsed, dict):
        return find_problem(parsed)
    return Problem(message=_first(_messages(parsed)))


def find_problem(body: dict[str, Parsed]) -> Problem:
    """Return the problem in a JSON object: an error body or a failed task."""
    inner = [body.get(key) for key in ("error", *_INNER_KEYS)]
    layers = [*(layer for layer in inner if isinstance(layer, dict)), body]
    codes = (code for code in _words(layers, _CODE_KEYS) if code.lower() not in _NO_CODES)
    return Problem(
        message=_first(_messages(body)),
        code=_first(codes),
        request_id=_first(_words(layers, ("request_id",))),
    )


def clean(text: str) -> str | None:
    """Return the text as one line without markup, invisible characters or tokens; `None` if empty.

    At most 300 characters. The text is untrusted: escape it for the place where it is shown.
    """
    plain = _INVISIBLE.sub(" ", html.unescape(text[:_LONGEST_SOURCE]))
    plain = _TAG.sub(" ", plain)
    visible = "".join(" " if unicodedata.category(c).startswith("C") else c for c in plain)
    line = _redact(" ".join(visible.split()))
    if len(line) > LONGEST_MESSAGE:
        return line[: LONGEST_MESSAGE - 1].rstrip() + "…"
    return line or None


def _is_broken_json(text: str) -> bool:
    """Return whether a text that does not parse began as JSON: people must not see a cut one."""
    return text.lstrip()[:1] in {"{", "["}


def _title(text: str) -> str:
    """Return an HTML page's title, which names the error without the layout, or the text."""
    found = _TITLE.search(text[:_LONGEST_SOURCE])
    return found[1] if found else text


def _messages(value: Parsed, depth: int = 0) -> Iterator[str]:
    """Yield the messages in `value`, the most specific first."""
    if depth > _DEEPEST:
        return
    match value:
        case str():
            message = clean(value)
            if message is not None and message.lower().strip(".! ") not in _SAYS_NOTHING:
                yield message
        case dict():
            for key in (*_INNER_KEYS, *_MESSAGE_KEYS):
                for message in _messages(value.get(key), depth + 1):
                    yield _located(value, message)
        case list():
            firsts = (_first(_messages(item, depth + 1)) for item in value[:_MOST_PARTS])
            joined = clean("; ".join(filter(None, firsts)))
            if joined is not None:
                yield joined
        case _:
            return


def _located(problem: dict[str, Parsed], message: str) -> str:
    """Put the field's name before its message, where a list of problems names it in `loc`."""
    where = problem.get("loc")
    if not isinstance(where, list):
        return message
    names = [name for name in map(identifier, where) if name not in {None, "body", "input"}]
    return f"{'.'.join(filter(None, names))}: {message}" if names else message


def _words(layers: list[dict[str, Parsed]], keys: tuple[str, ...]) -> Iterator[str]:
    for layer in layers:
        for key in keys:
            word = identifier(layer.get(key))
            if word is not None:
                yield word


def _first(found: Iterator[str]) -> str | None:
    return next(found, None)
