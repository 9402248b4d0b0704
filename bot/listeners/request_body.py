"""Reads the body of an HTTP request that Slack has signed."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from bot.base.json import is_deeper_than, parse_lenient
from bot.listeners.slack_object import UnreadableRequestError
from storage.job import Json

MOST_FIELDS = 64
"""A command has 15 fields, an interaction one: https://docs.slack.dev/interactivity ."""
LONGEST_NAME = 100
LONGEST_FIELD = 100_000
"""In characters; only the `payload` of an interaction may be longer."""
MOST_LEVELS = 64
"""Slack's deepest payloads, rich text in a forwarded message in a view, have about 20."""

_FORM = "application/x-www-form-urlencoded"
_PAYLOAD = "payload"


def parse_body(body: bytes, content_type: str) -> Mapping[str, Json]:
    """Return the JSON object, or the fields, of a body; those of an interaction's `payload`.

    Raises `UnreadableRequestError` with a short reason, without anything of the body, if it is not
    UTF-8, no JSON object and no form, or beyond the bounds.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableRequestError("it is not UTF-8") from None
    if content_type != _FORM:
        return _object(text)
    fields = _fields(text)
    return _object(fields[_PAYLOAD]) if _PAYLOAD in fields else fields


def _object(text: str) -> Mapping[str, Json]:
    try:
        value = parse_lenient(text)
    except ValueError:
        raise UnreadableRequestError("it is no JSON") from None
    if not isinstance(value, dict):
        raise UnreadableRequestError("it is no JSON object")
    if is_deeper_than(MOST_LEVELS, value):
        raise UnreadableRequestError("it is nested too deeply")
    return value


def _fields(text: str) -> dict[str, str]:
    try:
        found = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise UnreadableRequestError("a field is not UTF-8") from None
    except ValueError:
        raise UnreadableRequestError("it has too many fields") from None
    for name, value in found:
        if len(name) > LONGEST_NAME or (name != _PAYLOAD and len(value) > LONGEST_FIELD):
            raise UnreadableRequestError("a field is too long")
    return dict(found)
