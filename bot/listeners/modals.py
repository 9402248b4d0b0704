"""Bolt listeners for the form: open it, redraw it for another model, accept its submission."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.errors import BotError, UsageError
from bot.base.ports import Place
from bot.jobs.accept import Interaction, Refused
from bot.jobs.access import find_job
from bot.jobs.cast import cast_for, placed_cast
from bot.jobs.chains import frame_of
from bot.jobs.erased import refuse_erased
from bot.jobs.names import read_in_names_of_people
from bot.jobs.planned import load_moment
from bot.jobs.prices import load_offer
from bot.jobs.projects import project_in
from bot.jobs.reviews import load_notes
from bot.jobs.saved import load_placed, usable
from bot.jobs.services import Services
from bot.jobs.styles import placed_styles, styles_for
from bot.listeners.context import AnswerCount, acknowledge, counted, usual_options
from bot.listeners.form_redraws import FormRedraws
from bot.listeners.form_request import (
    PriceNotShownError,
    accept_form,
    form_errors,
    load_parent,
    load_styles,
)
from bot.listeners.job_replies import reply_to
from bot.listeners.payloads import FORM_SURFACE, ITEM_BUTTONS, FormPayload
from bot.messages import budgets, cast, form, planned, prices, reviews
from bot.messages.modal import PLAIN, Layout
from bot.messages.styles import styles_to_choose
from bot.options.alternatives import escaped
from bot.options.attachments import Attached, by_kind
from bot.options.cast_names import names_of_people
from bot.options.catalog import Model
from bot.options.continuation import base_of_continuation
from bot.options.draft import Draft, DraftValues, read_draft_text
from bot.options.form import (
    chosen_cast,
    chosen_model,
    chosen_style,
    not_readable,
    read_unfinished,
    shows_advanced,
    with_files,
)
from bot.options.form_fields import (
    AT_BLOCK,
    CAST_BLOCK,
    EACH_IMAGE_BLOCK,
    EVERY_BLOCK,
    FIELD,
    MODEL_BLOCK,
    MORE_BLOCK,
    STYLE_BLOCK,
    TIMES_BLOCK,
)
from bot.options.form_items import ItemEdit, items_shown
from bot.options.form_sets import count_in, count_in_draft, is_for_each_image, times_entered
from bot.options.form_shots import (
    after_shot_buttons,
    length_shown,
    shots_shown,
    words_of_other_shots,
)
from bot.options.form_start import FormStart, start_entered
from bot.options.form_state import MOST_PEOPLE, FormState
from bot.options.mentions import asked_input
from bot.options.model_file import MODEL_FLAG
from bot.options.parser import read_text
from bot.options.references import files_named
from bot.options.request import fitting, planned_start
from bot.options.schema import PROMPT
from bot.options.times import StartError, StartTime
from storage.job import Job, Json
from storage.saved import SavedKind
from storage.store import StoreError

_NOTHING: Mapping[str, Json] = MappingProxyType({})
_NOTHING_NAMED: Mapping[str, str] = MappingProxyType({})
# A trigger expires after 3 s, and the form must still be drawn and opened.
NAMES_SECONDS = 1.0


def register(app: AsyncApp, services: Services) -> None:
    """Listen to submitted forms, and to the fields that decide which others and what price show."""
    redraws = FormRedraws()

    async def form_submitted(ack: AsyncAck, body: dict[str, object]) -> None:
        payload, instead = FormPayload.read(body), None
        with counted(FORM_SURFACE, services) as count:
            try:
                errors = await take(payload, services, count)
            except PriceNotShownError as error:
                errors, count.kind = {}, "opened"
                instead = await _with_price_of(error.parts, payload, services)
        await acknowledge(ack, errors, instead)

    async def form_changed(ack: AsyncAck, body: dict[str, object]) -> None:
        await redraw(FormPayload.read(body), redraws, services)
        await ack()

    app.view(form.CALLBACK)(form_submitted)
    for block in (
        MODEL_BLOCK,
        MORE_BLOCK,
        STYLE_BLOCK,
        CAST_BLOCK,
        TIMES_BLOCK,
        EACH_IMAGE_BLOCK,
        AT_BLOCK,
        EVERY_BLOCK,
    ):
        app.action({"block_id": block, "action_id": block})(form_changed)
    for prefix in ITEM_BUTTONS:
        app.action(re.compile(f"^{re.escape(prefix)}"))(form_changed)
    # The action ID of an option's field is the model's slug.
    field, any_model = re.compile(f"^{re.escape(FIELD)}"), re.compile(".+")
    app.action({"block_id": field, "action_id": any_model})(form_changed)


async def open_new(
    trigger_id: str,
    interaction: Interaction,
    services: Services,
    *,
    thread_ts: str | None = None,
    prompt: Mapping[str, Json] = _NOTHING,
    files: Sequence[Attached] = (),
    note: str = "",
    people: Collection[str] = (),
) -> None:
    """Open a form for the interaction's channel, with its usual options.

    `people` are the names of those whom the prompt mentions.

    A trigger expires after 3 s, so nothing slow may come first. Raises `BotError`, `StoreError`.
    """
    usual = await usual_options(interaction, services)
    model = services.catalog.find(str(usual.values.get(MODEL_FLAG))) or services.catalog.default
    values = {**usual.values, **prompt}
    for kind, of_kind in by_kind(files, model).items():
        for option in model.options_for(kind)[:1]:
            values[option.name] = with_files(option, None, of_kind)
    state = FormState(
        model=model.slug,
        channel=interaction.channel,
        thread_ts=thread_ts,
        project=usual.project,
        people=_kept_people(people),
    )
    names = {file.id: file.name for file in files}
    state = state.drawn(model.slug, files_named(values), names)
    asker = _Asker(team=interaction.team, user=interaction.user)
    drawn = await _drawn(model, state, values, asker, services, note=note)
    await services.views.open(trigger_id, drawn)


async def open_anywhere(trigger_id: str, interaction: Interaction, services: Services) -> None:
    """Open a form in which the user chooses the channel, with the user's own defaults.

    Raises `BotError`, `StoreError`.
    """
    defaults = (await usual_options(interaction, services)).of_person
    model = services.catalog.find(str(defaults.get(MODEL_FLAG))) or services.catalog.default
    asker = _Asker(team=interaction.team, user=interaction.user)
    state = FormState(model=model.slug, project=project_in(defaults))
    await services.views.open(trigger_id, await _drawn(model, state, defaults, asker, services))


async def open_edit(
    trigger_id: str, job: Job, interaction: Interaction, services: Services
) -> None:
    """Open the form filled with a job's input. Raises `BotError`, also if its texts were erased.

    Defaults, styles and the cast are those of whoever presses. The new job is posted to where that
    was, in the thread of the earlier request if that was there.
    """
    refuse_erased(job)
    found = services.catalog.find(job.model)
    model = found or services.catalog.default
    channel = interaction.channel or job.channel
    usual = await usual_options(replace(interaction, channel=channel), services)
    state = FormState(
        model=model.slug,
        channel=channel,
        thread_ts=job.reply_to.thread_ts if channel == job.channel else None,
        parent_id=job.id,
        project=job.project or usual.project,
        style=job.style.name if job.style else "",
    )
    attached = files_named(job.input)
    state = state.drawn(model.slug, attached, await _names_of(attached, services))
    note = "" if found else form.replaced_model(job.model, model)
    asker = _Asker(team=interaction.team, user=interaction.user)
    said = await _said_of(job, services)
    values = _as_typed(asked_input(job))
    view = await _drawn(model, state, values, asker, services, note=note, said=said)
    await services.views.open(trigger_id, view)


async def open_continuation(
    trigger_id: str, job: Job, interaction: Interaction, services: Services
) -> None:
    """Open the form for the clip after a job's video, with its last frame as the first one.

    Raises `BotError` as `frame_of` and `base_of_continuation` do, and `StoreError`.
    """
    refuse_erased(job)
    model = services.catalog.get(job.model)
    base = base_of_continuation(job, model, await frame_of(job, None, services))
    channel = interaction.channel or job.channel
    usual = await usual_options(replace(interaction, channel=channel), services)
    asker = _Asker(team=interaction.team, user=interaction.user)
    placed = await load_placed({SavedKind.STYLE}, asker.team, asker.user, channel, services)
    style = "" if job.style is None else job.style.name
    state = FormState(
        model=model.slug,
        channel=channel,
        thread_ts=job.reply_to.thread_ts if channel == job.channel else None,
        project=job.project or usual.project,
        style=style if style in usable(placed_styles(placed)) else "",
    )
    attached = files_named(base.input)
    state = state.drawn(model.slug, attached, await _names_of(attached, services))
    note = form.continues(job.id)
    view = await _drawn(model, state, base.input, asker, services, note=note)
    await services.views.open(trigger_id, view)


async def open_draft(
    trigger_id: str, draft: Draft, interaction: Interaction, services: Services
) -> None:
    """Open the form with a refused text, over the defaults or the input of the job that it changes.

    What could not be used stands at the top. Raises `BotError`, `StoreError`.
    """
    catalog = services.catalog
    job = await find_job(draft.parent_id, interaction, services) if draft.parent_id else None
    usual = await usual_options(replace(interaction, channel=draft.channel), services)
    project = usual.project
    if job is not None:
        refuse_erased(job)
        earlier, slug = _as_typed(asked_input(job)), job.model
        project = project if job.project is None else job.project
    else:
        earlier, slug = usual.values, str(usual.values.get(MODEL_FLAG))
    text, named = await read_in_names_of_people(draft.text, services.directory)
    people = draft.people | named
    draft = replace(draft, text=text, people=people)
    typed, where = read_text(draft.text), (interaction.team, interaction.user, draft.channel)
    opened = read_draft_text(
        draft,
        catalog,
        catalog.find(slug) or catalog.default,
        earlier,
        styles=await styles_for(typed, *where, services),
        used=job.style if job else None,
        cast=await cast_for(typed, *where, services),
    )
    state = FormState(
        model=opened.model.slug,
        channel=draft.channel,
        thread_ts=draft.thread_ts,
        parent_id=job.id if job else None,
        project=opened.project or project,
        style=opened.style,
        people=_kept_people(people),
    ).drawn(
        opened.model.slug,
        [*(file.id for file in draft.files), *files_named(opened.values)],
        {member.file: member.name for member in opened.cast if member.file is not None},
    )
    start, problems = await _start_of(opened, job, interaction.user, services)
    state = state.model_copy(update={"needs_start": start.is_needed})
    note = form.to_change([*opened.problems, *problems])
    asker = _Asker(team=interaction.team, user=interaction.user)
    layout = replace(
        PLAIN,
        shots=opened.shots,
        times=opened.times,
        is_for_each_image=opened.is_for_each_image,
        start=start,
    )
    parts = count_in_draft(
        opened.model,
        opened.values,
        opened.times,
        is_for_each_image=opened.is_for_each_image,
    )
    view = await _drawn(
        opened.model, state, opened.values, asker, services, layout=layout, note=note, parts=parts
    )
    await services.views.open(trigger_id, view)


async def _start_of(
    opened: DraftValues, changed: Job | None, user: str, services: Services
) -> tuple[FormStart, Sequence[str]]:
    """Return when a draft is to start, for the fields of the form, and what is wrong with it.

    One that names no time starts at that of the `changed` job, if this is planned.
    A time that cannot be used is left out, and another one must be picked: what was meant for later
    does not start at once.
    """
    wanted: StartTime | None = opened.at
    if changed is not None and not opened.is_for_later:
        wanted = planned_start(changed)
    if wanted is None:
        return FormStart(every=opened.every, is_needed=opened.is_for_later), ()
    try:
        at = await load_moment(wanted, user, services)
    except StartError as error:
        return FormStart(every=opened.every, is_needed=True), error.problems
    return FormStart(at=at, every=opened.every), ()


def _as_typed(values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return an earlier input whose prompt, typed into a field, would be the same prompt."""
    prompt = values.get(PROMPT)
    return {**values, PROMPT: escaped(prompt)} if isinstance(prompt, str) else values


def _kept_people(people: Collection[str]) -> tuple[str, ...]:
    """Return what stands for people behind an `@`, as far as a form's state holds it."""
    return tuple(sorted(names_of_people(people))[:MOST_PEOPLE])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asker:
    """The user of a form."""

    team: str
    user: str


async def _drawn(
    model: Model,
    state: FormState,
    values: Mapping[str, Json],
    asker: _Asker,
    services: Services,
    *,
    layout: Layout = PLAIN,
    note: str = "",
    said: str = "",
    unset: Sequence[str] = (),
    picked: Sequence[str] = (),
    parts: int = 1,
) -> Mapping[str, Json]:
    """Return the form with what its values will cost, which `Render` agrees to if it tells so.

    It makes so many `parts`. `unset` are the titles of options that move the price and have no
    allowed value; `picked` are the names of the members of the cast that are chosen. Raises
    `StoreError`.
    """
    catalog = services.catalog
    fitted = fitting(model, values)
    length = length_shown(model, shots_shown(model, fitted, layout.shots))
    if length is None:
        unset = [*unset, "the length of the shots"]
    now, start, amount = services.now(), layout.start, None
    verb = prices.PLAN if start.is_given else prices.RENDER
    if unset:
        price, agreed = prices.depends_on(unset, verb), ""
    else:
        asked = Job(
            id="",
            dedup_key="",
            team=asker.team,
            channel=state.channel or "",
            user=asker.user,
            surface=FORM_SURFACE,
            model=model.slug,
            input={**fitted, **(length or {})},
            project=state.project,
            kind="",
            created_at=now,
        )
        forecast, to_confirm = await load_offer(asked, model, services, times=parts)
        price = prices.in_form(forecast, to_confirm, services.unit, parts=parts, verb=verb)
        agreed = "" if to_confirm is None else to_confirm.to_text()
        amount = forecast.amount
    price = planned.in_form(price, start, amount, services.unit, parts=parts, now=now)
    state = state.model_copy(update={"agreed": agreed, "parts": 1 if unset else parts})
    kinds = {SavedKind.STYLE, SavedKind.CAST}
    placed = await load_placed(kinds, asker.team, asker.user, state.channel, services)
    return form.form_view(
        catalog,
        model,
        state,
        values,
        layout=layout,
        note=note,
        said=said,
        price=price,
        styles=styles_to_choose(placed_styles(placed), state.style),
        cast=cast.form_blocks(placed_cast(placed), picked, state.channel),
    )


async def _said_of(job: Job | None, services: Services) -> str:
    """Return what was said of a job's result, to stand beside the form of the next take."""
    notes = () if job is None else await load_notes(job, services)
    return reviews.beside_form(job, notes) if job is not None and notes else ""


async def _names_of(attached: Sequence[str], services: Services) -> Mapping[str, str]:
    """Return the names of files by ID; none that Slack does not tell within `NAMES_SECONDS`."""
    if not attached:
        return _NOTHING_NAMED
    try:
        async with asyncio.timeout(NAMES_SECONDS):
            return await services.images.names(attached)
    except TimeoutError:
        return _NOTHING_NAMED


async def take(payload: FormPayload, services: Services, count: AnswerCount) -> Mapping[str, str]:
    """Accept a submitted form; return errors by block ID, or none once the request is committed.

    `count` gets the kind of the answer.
    Idempotent by the view's ID and what was entered: a form that is submitted twice becomes one
    job.
    """
    first_field = payload.view.first_field
    try:
        answer = await accept_form(payload, services)
    except (UsageError, StoreError) as error:
        count.refuse(error)
        return form_errors(error, first_field)
    acceptance, interaction = answer.acceptance, answer.interaction
    keeps_nothing = isinstance(acceptance, Refused) and acceptance.waiting is None
    reply = reply_to(acceptance, services.now())
    # A form cannot offer to ask an approver: the message beside it does.
    if reply is not None and not keeps_nothing:
        place = Place(channel=interaction.channel, thread_ts=interaction.reply_to.thread_ts)
        services.ephemeral.send(interaction.dedup_key, place, interaction.user, reply)
    if isinstance(acceptance, Refused):
        count.kind = "refused"
        told = budgets.refused_in_form(
            acceptance.reasons,
            acceptance.unit,
            uncounted_since=acceptance.uncounted_since,
            may_ask=not keeps_nothing,
        )
        return {first_field: told}
    count.kind = "accepted"
    return {}


async def redraw(payload: FormPayload, redraws: FormRedraws, services: Services) -> None:
    """Redraw the form for its model, toggle and price, and keep the values entered so far.

    A form that was closed or changed in the meantime is left as it is. So is one whose chosen model
    is no longer on offer: its submission is refused instead.
    """
    model = _model_of(payload, services)
    if model is None:
        return

    async def draw(items: Mapping[str, int], edit: ItemEdit | None) -> Mapping[str, Json]:
        parts = count_in(model, payload.view.state.values)
        return await _redrawn(model, payload, services, items=items, edit=edit, parts=parts)

    try:
        await redraws.redraw(payload, draw, services.views)
    except (BotError, StoreError) as error:
        structlog.get_logger("listeners").info("form_not_redrawn", reason=str(error))


async def _with_price_of(
    parts: int, payload: FormPayload, services: Services
) -> Mapping[str, Json] | None:
    """Return a submitted form as it is, with the price of so many videos."""
    model, note = _model_of(payload, services), form.several(parts)
    if model is None:
        return None
    return await _redrawn(model, payload, services, items={}, edit=None, parts=parts, note=note)


def _model_of(payload: FormPayload, services: Services) -> Model | None:
    """Return the model that is chosen in a form; `None`: it is no longer on offer."""
    view = payload.view
    return services.catalog.find(chosen_model(view.state.values) or view.form_state.model)


async def _redrawn(
    model: Model,
    payload: FormPayload,
    services: Services,
    *,
    items: Mapping[str, int],
    edit: ItemEdit | None,
    parts: int,
    note: str = "",
) -> Mapping[str, Json]:
    """Return a form with the values entered so far, as `_drawn` draws it."""
    view = payload.view
    state, entered = view.form_state, view.state.values
    parent = await load_parent(services, state)
    drawn = services.catalog.find(state.model) or model
    of_shots = words_of_other_shots(model, drawn, entered)
    words = {**view.words, **of_shots}
    carried = {**(asked_input(parent) if parent else {}), **words}
    values, uploaded = read_unfinished(model, entered, carried)
    values = {**values, **of_shots}
    style = state.style if (chosen := chosen_style(entered)) is None else chosen
    if style not in {"", state.style}:
        styles = await load_styles(payload, parent, services)
        values = {**values, **fitting(model, styles[style].options if style in styles else {})}
    counts = {**items_shown(model, entered), **items}
    unfinished = after_shot_buttons(model, entered, values, counts, edit)
    # The press itself drew fields with the next IDs, in which the change was not yet.
    is_behind_press = edit != payload.item_edit
    layout = Layout(
        show_advanced=shows_advanced(entered),
        items=counts,
        shots=unfinished.shots,
        times=times_entered(entered),
        is_for_each_image=is_for_each_image(entered),
        start=start_entered(entered, is_needed=state.needs_start),
    )
    return await _drawn(
        model,
        state.drawn(model.slug, uploaded, uploaded).model_copy(
            update={
                "style": style,
                "moves": state.moves + unfinished.is_moved + is_behind_press,
            }
        ),
        {**words, **unfinished.values},
        _Asker(team=payload.installed_team, user=payload.user.id),
        services,
        layout=layout,
        note=note,
        said=await _said_of(parent, services),
        unset=not_readable(model, entered, model.priced_by),
        picked=chosen_cast(entered),
        parts=parts,
    )
