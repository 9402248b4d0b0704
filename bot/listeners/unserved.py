"""Acknowledges and counts the requests that no listener knows, or that lack what is needed.

Slack delivers an event again, and stops to send any, if too many are not acknowledged; for a button
it shows a warning. https://docs.slack.dev/apis/events-api#failure-conditions
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from traceback import walk_tb

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from bot.base.throttle import Throttle
from bot.jobs.services import Services
from bot.listeners.slack_object import UnreadableRequestError
from bot.messages import replies

NAME_SHOWN = 60
"""The longest name of a kind of event in the log, in characters."""


def register(app: AsyncApp, services: Services) -> None:
    """Handle every error of a listener; Bolt reports a request without a listener as one too."""
    app.error(partial(_answer_error, services, Throttle()))


async def _answer_error(
    services: Services, throttle: Throttle, error: Exception, body: dict[str, object]
) -> BoltResponse | None:
    """Return the acknowledgement; `None` for a failure of the bot, which is status 500."""
    log = structlog.get_logger("listeners")
    kind = kind_of(body)
    match error:
        case BoltUnhandledRequestError():
            reason, lacking = "unknown", None
        case UnreadableRequestError():
            reason, lacking = "unreadable", str(error)
        case _ if is_raised_by_bolt(error):
            reason, lacking = "unreadable", type(error).__name__
        case _:
            log.error("listener_failed", request=kind, exc_info=error)
            return None
    services.observer.request_unserved(kind, reason)
    found = {"request": kind, "type": _type_of(body), "reason": reason, "lacks": lacking}
    more = throttle.admit(tuple(found.values()))
    if more is not None:
        log.info("request_unserved", **found, more=more)
    return BoltResponse(status=200, body=_shown() if kind == "command" else "")


def is_raised_by_bolt(error: Exception) -> bool:
    """Return whether no function of the bot took part in an error.

    Then Bolt failed while it looked for the listener, on a value that it takes for one of another
    type: a view's `callback_id` that is no text.
    """
    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return not any(module.startswith(_OWN) for module in modules)


_OWN = __name__.partition(".")[0] + "."


def kind_of(body: Mapping[str, object]) -> str:
    """Return `event`, `command` or `interaction`."""
    if "event" in body:
        return "event"
    return "command" if "command" in body else "interaction"


def _type_of(body: Mapping[str, object]) -> str:
    """Return Slack's name for the type of an event or of another request."""
    event = body.get("event")
    found = event.get("type") if isinstance(event, Mapping) else body.get("type")
    return found[:NAME_SHOWN] if isinstance(found, str) else ""


def _shown() -> str:
    answer = replies.not_read()
    blocks = [dict(block) for block in answer.blocks]
    return json.dumps({"response_type": "ephemeral", "text": answer.text, "blocks": blocks})
