"""Bolt listeners for the form of budgets: open it, accept its submission."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import assert_never

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.errors import BotError, UsageError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.access import require_member
from bot.jobs.budget_change import (
    AddRaise,
    BudgetChange,
    EndRaises,
    GoOn,
    NotInCharge,
    RemoveCap,
    SetCap,
    StopNew,
    Target,
)
from bot.jobs.budget_changes import DayError, change_budget, not_in_charge
from bot.jobs.services import Services
from bot.listeners.context import acknowledge, answer_click
from bot.listeners.payloads import ButtonPayload, FormPayload
from bot.messages import budget_answers, budget_form, replies
from bot.messages.budget_form import Field, FormAction
from bot.money.amounts import TypedAmount, read_amount_in_unit
from bot.options.form_elements import FormError, State, element, plain, selected
from bot.options.projects import read_project
from storage.budget import ScopeKind, Window
from storage.store import StoreError


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the button in the Home tab, and to the form."""

    async def opened(ack: AsyncAck, body: dict[str, object]) -> None:
        # A trigger expires after 3 s, so the form is opened before the acknowledgement.
        await open_form(ButtonPayload.read(body), services)
        await ack()

    async def submitted(ack: AsyncAck, body: dict[str, object]) -> None:
        await acknowledge(ack, await take(FormPayload.read(body), services))

    app.action(budget_form.CHANGE_BUDGETS)(opened)
    app.view(budget_form.CALLBACK)(submitted)


async def open_form(payload: ButtonPayload, services: Services) -> None:
    """Open the form for somebody in charge; tell everybody else who is."""
    handler = partial(_open, payload.trigger_id)
    await answer_click(payload, handler, payload.opening(), services, silent="opened")


async def _open(trigger_id: str, interaction: Interaction, services: Services) -> Message | None:
    refused = await not_in_charge(interaction, services)
    if refused is not None:
        return budget_answers.not_in_charge(refused)
    models = [(model.slug, model.title) for model in services.catalog.models]
    await services.views.open(trigger_id, budget_form.budget_form(models, services.unit))
    return None


async def take(payload: FormPayload, services: Services) -> Mapping[str, str]:
    """Make the change; return errors by block ID, or none once it is committed.

    Idempotent by the view's ID. The answer is a direct message.
    """
    interaction, values = payload.interaction(""), payload.view.state.values
    try:
        await require_member(interaction, services)
        change = _read(values, services.unit)
        outcome = await change_budget(change, interaction, services)
    except FormError as error:
        return error.errors
    except UsageError as error:
        return {_field_of(error, values): plain(error)}
    except BotError as error:
        return {Field.ACTION: str(error)}
    except StoreError as error:
        return {Field.ACTION: replies.store_failed(error).text}
    if isinstance(outcome, NotInCharge):
        return {Field.ACTION: "Only admins, and whom they name, change budgets."}
    reply = budget_answers.changed(outcome)
    services.ephemeral.send(interaction.dedup_key, None, interaction.user, reply)
    await services.store.homes.open(interaction.team, interaction.user, services.now())
    services.wake()
    return {}


def _read(values: State, unit: str | None) -> BudgetChange:
    """Return the change that a form asks for. Raises `FormError`."""
    target, because = _target(values), _text(values, Field.BECAUSE)
    action = FormAction(_chosen(values, Field.ACTION))
    match action:
        case FormAction.SET:
            return SetCap(
                target=target,
                amount=_amount(values, unit),
                window=Window(_chosen(values, Field.WINDOW)),
                is_hard=_chosen(values, Field.KIND) == budget_form.HARD,
                because=because,
            )
        case FormAction.REMOVE:
            return RemoveCap(target=target, window=Window(_chosen(values, Field.WINDOW)))
        case FormAction.RAISE:
            amount = _amount(values, unit)
            return AddRaise(target=target, amount=amount, until=_until(values), because=because)
        case FormAction.END_RAISE:
            return EndRaises(target=target)
        case FormAction.STOP:
            return StopNew(target=_stopped(target), because=because)
        case FormAction.GO_ON:
            return GoOn(target=_stopped(target))
        case _:
            assert_never(action)


def _target(values: State) -> Target:
    kind = ScopeKind(_chosen(values, Field.WHOSE))
    match kind:
        case ScopeKind.PERSON:
            return Target(kind=kind, name=_picked(values, Field.PERSON, "selected_user"))
        case ScopeKind.CHANNEL:
            return Target(kind=kind, name=_picked(values, Field.CHANNEL, "selected_conversation"))
        case ScopeKind.MODEL:
            return Target(kind=kind, name=_chosen(values, Field.MODEL))
        case ScopeKind.PROJECT:
            typed = _text(values, Field.PROJECT)
            if not typed:
                raise FormError({Field.PROJECT: "Say which project."})
            try:
                return Target(kind=kind, name=read_project(typed))
            except UsageError as error:
                raise FormError({Field.PROJECT: plain(error)}) from None
        case ScopeKind.EVERYONE | ScopeKind.WORKSPACE:
            return Target(kind=kind)
        case _:
            assert_never(kind)


def _stopped(target: Target) -> Target:
    if target.kind in {ScopeKind.CHANNEL, ScopeKind.WORKSPACE}:
        return target
    raise FormError({Field.WHOSE: "Only a channel or the workspace can be stopped."})


def _amount(values: State, unit: str | None) -> TypedAmount:
    typed = _text(values, Field.AMOUNT)
    if not typed:
        raise FormError({Field.AMOUNT: "Say how much."})
    try:
        return TypedAmount(figure=read_amount_in_unit(typed).in_unit(unit))
    except UsageError as error:
        raise FormError({Field.AMOUNT: plain(error)}) from None


def _until(values: State) -> Window | date:
    day = element(values, Field.DAY).get("selected_date")
    if not isinstance(day, str):
        return Window(_chosen(values, Field.UNTIL))
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise FormError({Field.DAY: "This is no day."}) from None


def _chosen(values: State, field: Field) -> str:
    chosen = selected(element(values, field))
    if chosen is None:
        raise FormError({field: "Choose one."})
    return chosen


def _picked(values: State, field: Field, name: str) -> str:
    picked = element(values, field).get(name)
    if not isinstance(picked, str):
        raise FormError({field: "Choose whose budget this is."})
    return picked


def _text(values: State, field: Field) -> str:
    typed = element(values, field).get("value")
    printable = "".join(mark if mark.isprintable() else " " for mark in str(typed or ""))
    return " ".join(printable.split())


_FIELDS = {ScopeKind.PERSON: Field.PERSON, ScopeKind.CHANNEL: Field.CHANNEL}


def _field_of(error: UsageError, values: State) -> Field:
    """Return the field where an error is shown: the day, or whose budget it is."""
    if isinstance(error, DayError):
        return Field.DAY
    kind = selected(element(values, Field.WHOSE))
    return _FIELDS.get(ScopeKind(kind), Field.WHOSE) if kind else Field.WHOSE
