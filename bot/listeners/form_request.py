"""Reads the request of a form, and accepts it: as a job, or only to show it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.jobs.accept import Acceptance, AskContext, Interaction, SetAcceptance, accept_requests
from bot.jobs.access import refuse_known_outsider
from bot.jobs.cast import load_placed_cast
from bot.jobs.planned import refuse_planned_set
from bot.jobs.projects import ProjectNeededError
from bot.jobs.saved import usable
from bot.jobs.services import Services
from bot.jobs.styles import load_placed_styles, used_styles
from bot.listeners.payloads import FormPayload
from bot.messages import form
from bot.money.forecast import agreed_price
from bot.options.cast import NO_CAST, Cast
from bot.options.form import chosen_model, chosen_style, may_name_cast_in, prompt_entered, read_form
from bot.options.form_elements import FormError, plain
from bot.options.form_fields import AT_BLOCK, PROJECT_BLOCK, STYLE_BLOCK
from bot.options.form_sets import read_form_requests
from bot.options.form_start import FormStart, start_in
from bot.options.form_state import FormState
from bot.options.mentions import asked_input
from bot.options.projects import entered_project
from bot.options.request import RenderRequest
from bot.options.schema import as_mapping
from bot.options.styles import Style
from bot.options.times import StartError
from storage.job import Job, Json
from storage.store import StoreError

_NOTHING: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAnswer:
    """What became of a form's request."""

    acceptance: Acceptance | SetAcceptance
    interaction: Interaction


class PriceNotShownError(Exception):
    """A form asks for several videos, and it has not told their price yet. Nothing was accepted."""

    def __init__(self, parts: int) -> None:
        super().__init__(f"{parts} videos")
        self.parts = parts


async def accept_form(
    payload: FormPayload, services: Services, *, is_dry: bool = False
) -> FormAnswer:
    """Accept the request of a form; one that `is_dry` is shown, and nothing is written of it.

    Idempotent by the view's ID and what was entered: a form that is submitted twice becomes one
    job. Raises `UsageError` for what cannot be requested, `PriceNotShownError` and `StoreError`.
    """
    view = payload.view
    state, entered = view.form_state, view.state.values
    slug = chosen_model(entered) or state.model
    model = services.catalog.find(slug)
    if model is None:
        raise FormError({view.first_field: form.model_gone(slug)})
    parent = await load_parent(services, state)
    style = await _style(payload, parent, services)
    read = partial(
        read_form,
        model,
        carried=asked_input(parent) if parent else _NOTHING,
        files=state.files,
        style=style,
        is_filled_in=style is None or style.name == state.style,
        cast=await _cast(payload, services),
        people=state.people,
    )
    project = entered_project(entered, state.project)
    start = start_in(entered, is_needed=state.needs_start)
    requests = [
        replace(request, project=project, is_dry=is_dry, at=start.at, every=start.every)
        for request in read_form_requests(model, entered, read)
    ]
    refuse_planned_set(requests)
    if len(requests) > 1 and len(requests) != state.parts and not is_dry:
        raise PriceNotShownError(len(requests))
    channel = state.channel or _chosen_channel(entered)
    interaction = payload.interaction(channel, state.thread_ts)
    refuse_known_outsider(interaction, services)
    # A form that is refused stays open. What was refused is kept for an approver, and what is
    # then changed and submitted is another request.
    anew = replace(interaction, dedup_key=f"{interaction.dedup_key}:{_digest(requests, start)}")
    acceptance = await accept_requests(
        requests,
        prompt_entered(entered),
        anew,
        services,
        AskContext(parent_id=state.parent_id, agreed=agreed_price(state.agreed)),
    )
    return FormAnswer(acceptance=acceptance, interaction=anew)


def form_errors(error: UsageError | StoreError, first_field: str) -> Mapping[str, str]:
    """Return the sentences about a refused form, by the block ID at which each is shown."""
    match error:
        case FormError():
            return error.errors
        case ProjectNeededError():
            return {PROJECT_BLOCK: form.needs_project()}
        case StartError():
            return {AT_BLOCK: plain(error)}
        case UsageError():
            return {first_field: str(error)}
        case StoreError():
            return {first_field: form.store_failed(error)}


async def load_parent(services: Services, state: FormState) -> Job | None:
    """Return the parent job: a value too long for a field is taken from its input unchanged."""
    return await services.store.jobs.get(state.parent_id) if state.parent_id else None


async def load_styles(
    payload: FormPayload, parent: Job | None, services: Services
) -> Mapping[str, Style]:
    """Return the styles to choose from; that of the parent job as it was then. A read."""
    placed = await load_placed_styles(
        payload.installed_team, payload.user.id, payload.view.form_state.channel, services
    )
    return used_styles(parent.style if parent else None, usable(placed))


async def _style(payload: FormPayload, parent: Job | None, services: Services) -> Style | None:
    """Return the style that was chosen. Raises `FormError` for one that is gone."""
    name = chosen_style(payload.view.state.values)
    if not name:
        return None
    style = (await load_styles(payload, parent, services)).get(name)
    if style is None:
        raise FormError({STYLE_BLOCK: form.style_gone(name)})
    return style


async def _cast(payload: FormPayload, services: Services) -> Cast:
    """Return the members that a form may name; nothing is read for one that names none."""
    view = payload.view
    if not may_name_cast_in(view.state.values):
        return NO_CAST
    team, user = payload.installed_team, payload.user.id
    channel = view.form_state.channel or _picked_channel(view.state.values)
    return usable(await load_placed_cast(team, user, channel, services))


def _chosen_channel(entered: Mapping[str, Json]) -> str:
    chosen = _picked_channel(entered)
    if chosen is None:
        raise FormError({form.CHANNEL_BLOCK: form.no_channel()})
    return chosen


def _picked_channel(entered: Mapping[str, Json]) -> str | None:
    """Return the channel chosen in the form; `None`: none is."""
    answer = as_mapping(as_mapping(entered.get(form.CHANNEL_BLOCK)).get(form.CHANNEL_BLOCK))
    chosen = answer.get("selected_conversation")
    return chosen if isinstance(chosen, str) else None


def _digest(requests: Sequence[RenderRequest], start: FormStart) -> str:
    """Return the same text for equal requests with the same start."""
    parts: list[Json] = []
    for request in requests:
        parts += [request.model, request.project, dict(request.input)]
        if request.style is not None:
            parts.append(request.style.name)
    if start.is_given:
        parts += [start.at, start.every]
    text = json.dumps(parts, sort_keys=True, default=list)
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=10).hexdigest()
