"""Shared by all listeners: a handler's errors become ephemeral messages, its answer is counted."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import structlog
from slack_bolt.async_app import AsyncAck

from bot.base.errors import BotError, UsageError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.access import refuse_known_outsider
from bot.jobs.services import Services
from bot.jobs.usual_options import UsualOptions, load_usual_options
from bot.listeners.payloads import ButtonPayload
from bot.messages import replies
from bot.messages.formatting import sentence
from bot.options.draft import RefusedTextError
from storage.job import Json
from storage.store import StoreError

Handler: TypeAlias = Callable[[Interaction, Services], Awaitable[Message | None]]
"""Handles one interaction; returns the ephemeral answer, or `None` if none is needed.

None is needed when the job's message or an opened form shows the outcome. Safe to repeat for the
same `Interaction.dedup_key`. Raises `BotError` and `StoreError`.
"""


@dataclass(slots=True)
class AnswerCount:
    """How an ask is counted: as `failed` until it has an answer."""

    kind: str = "failed"
    """See `Observer.ask_answered`."""

    def refuse(self, error: BotError | StoreError) -> None:
        """Count an error: what the store refuses is not the user's fault."""
        self.kind = "failed" if isinstance(error, StoreError) else "refused"


@contextmanager
def counted(surface: str, services: Services) -> Iterator[AnswerCount]:
    """Count an ask with its duration, also one at which the bot breaks."""
    began, count = time.perf_counter(), AnswerCount()
    try:
        yield count
    finally:
        services.observer.ask_answered(surface, count.kind, time.perf_counter() - began)


async def acknowledge(
    ack: AsyncAck, errors: Mapping[str, str], instead: Mapping[str, Json] | None = None
) -> None:
    """Acknowledge a submitted form: it closes, or shows the errors, which are by block ID.

    Or another view takes its place.
    """
    if instead is not None:
        # https://docs.slack.dev/surfaces/modals#updating_response
        await ack(response_action="update", view=dict(instead))
    elif errors:
        await ack(response_action="errors", errors=dict(errors))
    else:
        await ack()


async def answer(
    handler: Handler, interaction: Interaction, services: Services, *, silent: str = "accepted"
) -> Message | None:
    """Run a handler and return its answer, or an error message if it raises.

    A user of whom it is known that they may not use the bot is refused before the handler runs.
    The observer gets the duration in seconds, and the kind of answer: `answered`, `refused`,
    `failed`, or the value of `silent` if the handler returned `None`.
    """
    with counted(interaction.surface, services) as count:
        try:
            refuse_known_outsider(interaction, services)
            reply = await handler(interaction, services)
            count.kind = silent if reply is None else "answered"
        except (BotError, StoreError) as error:
            reply = _refusal(error, interaction)
            count.refuse(error)
    return reply


async def answer_click(
    payload: ButtonPayload,
    handler: Handler,
    interaction: Interaction,
    services: Services,
    *,
    silent: str = "accepted",
) -> None:
    """Run the handler of a click as `answer` does, and send its answer to whoever clicked.

    It is sent in the background, because Slack waits for the acknowledgement only. A click in Home
    or in a modal has neither place nor `response_url`: its answer is a direct message.
    """
    reply = await answer(handler, interaction, services, silent=silent)
    if reply is not None:
        services.ephemeral.send(
            interaction.dedup_key, payload.place, interaction.user, reply, payload.response_url
        )


async def usual_options(interaction: Interaction, services: Services) -> UsualOptions:
    """Return the options that a request has unless it says otherwise. Raises `StoreError`."""
    return await load_usual_options(
        interaction.team, interaction.user, interaction.channel, services
    )


def _refusal(error: BotError | StoreError, interaction: Interaction) -> Message:
    match error:
        case UsageError():
            log = structlog.get_logger("listeners")
            log.info("ask_refused", user=interaction.user, by=interaction.surface)
            draft = error.draft if isinstance(error, RefusedTextError) else None
            return replies.refusal(error.problems, draft)
        case BotError():
            return replies.refusal([f"{sentence(str(error))} Try again in a moment."])
        case StoreError():
            return replies.store_failed(error)
