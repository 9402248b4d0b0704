"""Gives Slack's requests to Bolt, whichever way they came."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeAlias

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.base.traces import Attribute, SpanName, Tracer, note, spanning
from bot.listeners.slack_object import UnreadableRequestError

_OBJECTS = frozenset(
    {"assistant_thread", "event", "function_data", "item", "message", "previous_message", "view"}
)
"""Fields that Bolt takes for objects."""
_NAMED = frozenset({"channel", "enterprise", "team", "user"})
"""Fields that Bolt takes for an ID, or for an object that has one."""
_LISTS = frozenset({"actions", "authorizations", "response_urls"})
"""Fields that Bolt takes for lists of objects, of which it reads the first one."""

_UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""The exceptions that Bolt raises when a value has another type than it expects."""


Dispatch: TypeAlias = Callable[[Mapping[str, object]], Awaitable[BoltResponse]]
"""Gives the parsed body of a request of Slack's to the listeners.

Raises `UnreadableRequestError` if it is none.
"""


def dispatcher(bolt: AsyncApp, tracer: Tracer) -> Dispatch:
    """Return `dispatch` to this app, in a span for each request if there is a tracer."""
    give = partial(dispatch, bolt)
    if not tracer.is_on:
        return give

    async def give_in_span(body: Mapping[str, object]) -> BoltResponse:
        with spanning(tracer.begin(SpanName.ASK)):
            note(Attribute.REQUEST, _kind_of(body))
            response = await give(body)
            note(Attribute.STATUS, response.status)
            return response

    return give_in_span


def _kind_of(body: Mapping[str, object]) -> str:
    """Return what is requested: the type of an event, else of the payload, or `command`."""
    event = body.get("event")
    if isinstance(event, Mapping):
        return str(event.get("type"))
    return "command" if "command" in body else str(body.get("type"))


async def dispatch(bolt: AsyncApp, body: Mapping[str, object]) -> BoltResponse:
    """Return Bolt's response to a request whose signature, or websocket, says that it is Slack's.

    A field of a type that Bolt cannot read is absent. Raises `UnreadableRequestError` for what is
    no request at all: Bolt would fail where it looks for its kind.
    """
    readable = without_odd_fields(body)
    if not is_request(readable):
        raise UnreadableRequestError("it is no request of Slack's")
    try:
        # In this mode Bolt takes the body parsed, and leaves out only the check of its signature.
        request = AsyncBoltRequest(body=readable, mode="socket_mode")
        # Errors of listeners do not leave Bolt: what does is raised while it reads the request.
        return await bolt.async_dispatch(request)
    except _UNREADABLE as error:
        raise UnreadableRequestError("a field is missing or has another type") from error


def is_request(body: Mapping[str, object]) -> bool:
    """Return whether a body says what is requested: its type, its command, or what was clicked."""
    if body.get("type") == "block_actions" and "actions" not in body:
        return False
    return any(isinstance(body.get(name), str) for name in ("type", "command", "ssl_check"))


def without_odd_fields(body: Mapping[str, object]) -> dict[str, object]:
    """Return the body without the fields whose type would make Bolt fail, in its objects too.

    https://github.com/slackapi/bolt-python/blob/main/slack_bolt/request/internals.py
    """
    found = ((name, _sensible(name, value)) for name, value in body.items())
    return {name: value for name, value in found if value is not None}


def _sensible(name: str, value: object) -> object:
    """Return the value of a field as Bolt can read it, or `None`."""
    if name in _LISTS:
        items = value if isinstance(value, list) else []
        return [item for item in items if isinstance(item, dict)] or None
    if name in _OBJECTS or name in _NAMED:
        match value:
            case dict():
                return without_odd_fields(value)
            case str() if name in _NAMED:
                return value
            case _:
                return None
    return value
