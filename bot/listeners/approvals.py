"""Bolt listeners for the cards of approvals: decide, give the reason of a denial, ask again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.errors import BotError
from bot.base.ports import Message, Place
from bot.jobs.accept import Interaction
from bot.jobs.approvals import (
    Decided,
    DecisionAnswer,
    DecisionOutcome,
    DoesNotFit,
    NoApprover,
    TooLate,
    decide,
    renew,
)
from bot.jobs.services import Services
from bot.listeners.context import acknowledge, answer_click
from bot.listeners.job_replies import reply_to
from bot.listeners.payloads import ButtonPayload, FormPayload
from bot.messages import approvals, replies
from bot.options.schema import as_mapping
from storage.store import StoreError

_ANSWERS: Mapping[str, DecisionAnswer] = MappingProxyType(
    {
        approvals.APPROVE: DecisionAnswer.APPROVE,
        approvals.BEYOND: DecisionAnswer.APPROVE_BEYOND_CAPS,
    }
)


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the buttons of the cards, and to the form of a denial."""

    async def approve_clicked(ack: AsyncAck, body: dict[str, object]) -> None:
        await press(ButtonPayload.read(body), services)
        await ack()

    async def deny_clicked(ack: AsyncAck, body: dict[str, object]) -> None:
        # A trigger expires after 3 s, so the form is opened before the acknowledgement.
        await open_deny_form(ButtonPayload.read(body), services)
        await ack()

    async def ask_again_clicked(ack: AsyncAck, body: dict[str, object]) -> None:
        await ask_again(ButtonPayload.read(body), services)
        await ack()

    async def reason_given(ack: AsyncAck, body: dict[str, object]) -> None:
        await acknowledge(ack, await take(FormPayload.read(body), services))

    app.action(approvals.APPROVE)(approve_clicked)
    app.action(approvals.BEYOND)(approve_clicked)
    app.action(approvals.DENY)(deny_clicked)
    app.action(approvals.ASK_AGAIN)(ask_again_clicked)
    app.view(approvals.DENY_CALLBACK)(reason_given)


async def press(payload: ButtonPayload, services: Services) -> None:
    """Approve a request; committed when it returns. The first decision stands."""

    async def handle(interaction: Interaction, services: Services) -> Message | None:
        chosen = _ANSWERS[payload.action.action_id]
        return _told(await decide(payload.action.value, chosen, interaction, services))

    await answer_click(payload, handle, payload.interaction(), services)


async def open_deny_form(payload: ButtonPayload, services: Services) -> None:
    """Open the form that asks for the reason, if the request still waits."""

    async def handle(interaction: Interaction, services: Services) -> Message | None:
        job = await services.store.jobs.get(payload.action.value)
        if job is None or job.team != interaction.team:
            return approvals.not_known()
        if job.decision is not None:
            return approvals.decided_before(job, job.decision)
        form = approvals.deny_form(job, interaction.channel)
        await services.views.open(payload.trigger_id, form)
        return None

    await answer_click(payload, handle, payload.interaction(), services, silent="opened")


async def ask_again(payload: ButtonPayload, services: Services) -> None:
    """Make the request anew that was denied, or that nobody decided about; once for each."""

    async def handle(interaction: Interaction, services: Services) -> Message | None:
        job = await services.store.jobs.get(payload.action.value)
        if job is None or job.team != interaction.team or job.user != interaction.user:
            return approvals.not_known()
        return reply_to(await renew(job, interaction, services), services.now())

    await answer_click(payload, handle, payload.interaction(), services)


async def take(payload: FormPayload, services: Services) -> Mapping[str, str]:
    """Deny a request with the reason that was given; return errors by block ID.

    Committed when it returns none. The first decision stands: whoever comes later is told so.
    """
    block = approvals.REASON_BLOCK
    job_id, _, channel = payload.view.private_metadata.partition(" ")
    entered = as_mapping(as_mapping(payload.view.state.values.get(block)).get(block)).get("value")
    because = " ".join(entered.split()) if isinstance(entered, str) else ""
    if not because:
        return {block: approvals.no_reason()}
    interaction = payload.interaction(channel)
    try:
        outcome = await decide(job_id, DecisionAnswer.DENY, interaction, services, because)
    except BotError as error:
        return {block: str(error)}
    except StoreError as error:
        return {block: replies.store_failed(error).text}
    told = _told(outcome)
    if told is not None:
        place = Place(channel=channel) if channel else None
        services.ephemeral.send(interaction.dedup_key, place, interaction.user, told)
    return {}


def _told(outcome: DecisionOutcome | None) -> Message | None:
    """Return the answer to whoever decided; `None`: the card shows it."""
    match outcome:
        case None:
            return approvals.not_known()
        case Decided(is_own=True):
            return None
        case Decided():
            return approvals.decided_before(outcome.job, outcome.decision)
        case TooLate():
            return approvals.too_late(outcome.job)
        case DoesNotFit():
            return approvals.does_not_fit(
                outcome.job,
                outcome.reasons,
                outcome.unit,
                can_go_beyond=outcome.can_go_beyond,
                uncounted_since=outcome.uncounted_since,
            )
        case NoApprover():
            return approvals.may_not_decide(outcome.approvers, is_asker=outcome.is_asker)
        case _:
            assert_never(outcome)
