"""Bolt listener for the buttons of a job; each click gets an ephemeral message or a modal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.errors import BotError
from bot.base.ports import Message
from bot.jobs.accept import Accepted, Interaction
from bot.jobs.access import find_job, is_in_charge, require_member
from bot.jobs.actions import (
    ActionName,
    ActionRequest,
    DetailsShown,
    NotAllowed,
    ReviewAnswered,
    ShareAnswered,
    perform,
)
from bot.jobs.services import Services
from bot.listeners import modals
from bot.listeners.context import answer_click
from bot.listeners.job_replies import reply_to
from bot.listeners.payloads import ButtonPayload
from bot.listeners.redraw import redraw, redraw_if_changed
from bot.messages import buttons, replies
from bot.messages.details import details_view
from storage.job import Job
from storage.store import StoreError

BUTTONS: Mapping[str, ActionName] = MappingProxyType(
    {
        buttons.AGAIN: ActionName.AGAIN,
        rf"{buttons.UPGRADE}_\d+": ActionName.AGAIN,
        buttons.CANCEL: ActionName.CANCEL,
        buttons.GIVE_UP: ActionName.GIVE_UP,
        buttons.SHARE: ActionName.SHARE,
        buttons.BRING: ActionName.BRING,
        buttons.DELETE: ActionName.DELETE,
        buttons.DETAILS: ActionName.DETAILS,
        buttons.REVIEW_APPROVED: ActionName.MARK_APPROVED,
        buttons.REVIEW_CHANGES: ActionName.ASK_CHANGES,
        buttons.CONFIRM: ActionName.CONFIRM,
        buttons.ASK_APPROVER: ActionName.ASK_APPROVER,
        buttons.DETAILS_IDS: ActionName.DETAILS,
        buttons.SET_CANCEL: ActionName.CANCEL_SET,
    }
)
"""The action of each button, by a regular expression that matches its whole action ID."""

CHOICES: Mapping[buttons.Choice, ActionName] = MappingProxyType(
    {
        buttons.Choice.KEEP: ActionName.KEEP,
        buttons.Choice.STOP_KEEPING: ActionName.STOP_KEEPING,
        buttons.Choice.AGAIN: ActionName.AGAIN,
        buttons.Choice.LOOP: ActionName.LOOP,
        buttons.Choice.STITCH: ActionName.STITCH,
        buttons.Choice.GOOD: ActionName.RATE_GOOD,
        buttons.Choice.BAD: ActionName.RATE_BAD,
    }
)
"""The action of each choice but *Continue* and *Delete*, which ask before they act."""

WITH_CHOICES = (buttons.MORE, buttons.SET_KEEP, buttons.SET_AGAIN, buttons.FEEDBACK)
"""The action IDs of what is offered as a choice: menus, and the feedback buttons."""


def register(app: AsyncApp, services: Services) -> None:
    """Listen to every button of a job, except *Edit and re-run*, which opens a form."""

    async def button_clicked(ack: AsyncAck, body: dict[str, object]) -> None:
        await press(ButtonPayload.read(body), services)
        await ack()

    app.action(re.compile(f"^({'|'.join([*BUTTONS, *WITH_CHOICES])})$"))(button_clicked)


async def press(payload: ButtonPayload, services: Services) -> None:
    """Run the action of a clicked button; its effect is committed when this returns.

    Idempotent by the dedup key of the interaction.
    """
    await answer_click(payload, partial(_do, payload), payload.interaction(), services)


async def _do(
    payload: ButtonPayload, interaction: Interaction, services: Services
) -> Message | None:
    action_id = payload.action.action_id
    if action_id in WITH_CHOICES:
        return await _choose(payload, interaction, services)
    value = buttons.read_value(payload.action.value)
    job = await find_job(value.job_id, interaction, services) if value else None
    if value is None or job is None:
        return replies.gone()
    request = ActionRequest(
        job=job,
        interaction=payload.interaction(job),
        options=value.changes,
        agreed=value.agreed,
    )
    outcome = await perform(_action_of(action_id), request, services)
    if isinstance(outcome, DetailsShown):
        return await _show_details(outcome, payload, services)
    redraw_if_changed(outcome, services)
    if isinstance(outcome, ReviewAnswered) and payload.view is not None:
        # In the modal of details, which shows the review then.
        details = await perform(ActionName.DETAILS, replace(request, job=outcome.job), services)
        if isinstance(details, DetailsShown):
            return await _show_details(details, payload, services)
    if isinstance(outcome, Accepted | ShareAnswered) and outcome.is_new:
        await _replace_button(job, action_id, interaction.user, services)
    return reply_to(outcome, services.now())


async def _choose(
    payload: ButtonPayload, interaction: Interaction, services: Services
) -> Message | None:
    """Run the action of a choice, and draw the messages anew that show what it does."""
    chosen = buttons.read_choice(payload.action.chosen)
    job = await find_job(chosen[1], interaction, services) if chosen else None
    if chosen is None or job is None:
        return replies.gone()
    if chosen[0] is buttons.Choice.CONTINUE:
        await require_member(interaction, services)
        await modals.open_continuation(payload.trigger_id, job, interaction, services)
        return None
    if chosen[0] is buttons.Choice.DELETE:
        return _ask_to_delete(job, interaction, services)
    request = ActionRequest(job=job, interaction=payload.interaction(job))
    outcome = await perform(CHOICES[chosen[0]], request, services)
    redraw_if_changed(outcome, services)
    return reply_to(outcome, services.now())


def _ask_to_delete(job: Job, interaction: Interaction, services: Services) -> Message | None:
    """Return the question whether a result is to be deleted: a menu may be hit by mistake.

    The dialog of Slack's own menu would come before every choice of it.
    """
    if not is_in_charge(job, interaction.user, services):
        refused = NotAllowed(job=job, name=ActionName.DELETE)
        return reply_to(refused, services.now())
    return replies.delete_question(job)


async def _replace_button(job: Job, action_id: str, by: str, services: Services) -> None:
    """Note who pressed a button, and draw the message that has it without it.

    Best effort: what the press did is committed, and its answer must not depend on this.
    """
    try:
        row = await services.store.jobs.note_press(job.id, action_id, by)
    except StoreError as error:
        structlog.get_logger("listeners").warning("press_not_noted", reason=str(error))
        return
    if row is not None:
        redraw(row, services)


async def _show_details(
    details: DetailsShown, payload: ButtonPayload, services: Services
) -> Message | None:
    """Show the details in a modal, or in the modal that is open.

    Returns them as a message if no modal can be opened any more.
    """
    shows_ids, now = payload.action.action_id == buttons.DETAILS_IDS, services.now()
    drawn = details_view(details.view, details.options, details.events, now, shows_ids=shows_ids)
    try:
        if payload.view is not None:
            await services.views.update(payload.view.id, drawn, if_hash=payload.view.hash)
        else:
            await services.views.open(payload.trigger_id, drawn)
    except BotError:
        return reply_to(details, now)
    return None


def _action_of(action_id: str) -> ActionName:
    return next(name for pattern, name in BUTTONS.items() if re.fullmatch(pattern, action_id))
