"""The form: opened from anywhere, redrawn as it is filled, and sent once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import structlog
from pydantic import BaseModel, JsonValue
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.errors import BotError, RefusedError
from bot.jobs.accept import AskedBefore, Asker
from bot.listeners.context import Desk
from bot.messages import form
from bot.options.attachments import Attached
from bot.options.form import (
    FormError,
    chosen_model,
    read_ask,
    read_unfinished,
    shows_advanced,
    with_images,
)
from bot.options.form_fields import MODEL_BLOCK, MORE_BLOCK
from bot.options.form_state import Origin
from bot.options.model_file import MODEL_FLAG
from bot.options.references import files_named
from bot.options.schema import PROMPT, as_mapping
from bot.slack.markup import plain
from storage.job import Job, Json
from storage.store import StoreError

SURFACE = "form"
USED_TRIGGER = "exchanged_trigger_id"
"""https://docs.slack.dev/reference/methods/views.open"""
_NOTHING: Mapping[str, Json] = MappingProxyType({})


class _Named(BaseModel):
    id: str


class _Text(BaseModel):
    text: str


class _Block(BaseModel):
    type: str
    block_id: str = ""
    text: _Text | None = None


class _State(BaseModel):
    values: dict[str, JsonValue]


class _View(BaseModel):
    id: str
    hash: str
    private_metadata: str
    blocks: list[_Block]
    state: _State

    @property
    def origin(self) -> Origin:
        return Origin.of_text(self.private_metadata)

    @property
    def words(self) -> Mapping[str, Json]:
        """The prompt, where the drawn model has no field for it."""
        blocks = (block for block in self.blocks if block.block_id == form.WORDS_BLOCK)
        kept = next(blocks, None)
        return {PROMPT: plain(kept.text.text)} if kept and kept.text else {}

    @property
    def first_field(self) -> str:
        """The block at which to say what no single field is to blame for."""
        return next(block.block_id for block in self.blocks if block.type == "input")


class Filled(BaseModel):
    """A form as Slack delivers it, sent or only touched.

    https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """

    team: _Named
    user: _Named
    view: _View


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to forms that are sent, and to the fields that change the form."""

    async def form_sent(ack: AsyncAck, body: dict[str, object]) -> None:
        began = time.perf_counter()
        errors = await take(Filled.model_validate(body), desk)
        kind = "refused" if errors else "accepted"
        desk.observer.ask_answered(SURFACE, kind, time.perf_counter() - began)
        if errors:
            await ack(response_action="errors", errors=dict(errors))
        else:
            await ack()

    async def form_touched(ack: AsyncAck, body: dict[str, object]) -> None:
        await redraw(Filled.model_validate(body), desk)
        await ack()

    app.view(form.CALLBACK)(form_sent)
    for block in (MODEL_BLOCK, MORE_BLOCK):
        app.action({"block_id": block, "action_id": block})(form_touched)


async def open_new(
    desk: Desk,
    trigger_id: str,
    team: str,
    channel: str | None,
    *,
    thread_ts: str | None = None,
    prompt: Mapping[str, Json] = _NOTHING,
    images: Sequence[Attached] = (),
    note: str = "",
) -> None:
    """Open a form with the channel's defaults; without a channel the person chooses it.

    The trigger lives for 3 s, so there is nothing slow before. Raises `BotError`, `StoreError`.
    """
    defaults = await desk.defaults(team, channel) if channel else _NOTHING
    model = desk.catalog.find(str(defaults.get(MODEL_FLAG))) or desk.catalog.default
    values = {**defaults, **prompt}
    for option in model.image_options[:1] if images else []:
        values[option.name] = with_images(option, None, images)
    origin = Origin(model=model.slug, channel=channel, thread_ts=thread_ts)
    origin = origin.drawn(model.slug, files_named(values))
    view = form.form_view(desk.catalog, model, origin, values, note=note)
    await _open(desk, trigger_id, view)


async def open_edit(desk: Desk, trigger_id: str, job: Job, channel: str) -> None:
    """Open the form filled with what a job asked for. Raises `BotError`.

    The new job stands in `channel`, beside the earlier one if that is its channel.
    """
    found = desk.catalog.find(job.model)
    model = found or desk.catalog.default
    origin = Origin(
        model=model.slug,
        channel=channel,
        thread_ts=job.thread_ts if channel == job.channel else None,
        parent_id=job.id,
    )
    origin = origin.drawn(model.slug, files_named(job.input))
    note = "" if found else form.replaced_model(job.model, model)
    view = form.form_view(desk.catalog, model, origin, job.input, note=note)
    await _open(desk, trigger_id, view)


async def take(filled: Filled, desk: Desk) -> Mapping[str, str]:
    """Take a sent form; return what is wrong by block, or nothing when the ask is on disk.

    Idempotent by the form: sent twice, it is one job.
    """
    view = filled.view
    origin = view.origin
    slug = chosen_model(view.state.values) or origin.model
    model = desk.catalog.find(slug)
    if model is None:
        return {view.first_field: form.model_gone(slug)}
    try:
        carried = await _carried(desk, origin)
        ask = read_ask(model, view.state.values, carried, origin.files)
        answer = await desk.intake.accept(
            ask, _asker(filled), parent_id=origin.parent_id, sure=origin.parent_id is not None
        )
    except FormError as error:
        return error.errors
    except StoreError as error:
        return {view.first_field: form.store_trouble(error)}
    if isinstance(answer, AskedBefore):
        return {view.first_field: form.asked_before(answer.job, desk.now())}
    return {}


async def redraw(filled: Filled, desk: Desk) -> None:
    """Draw the form anew for the model and the fields that are wanted now; nothing is lost.

    A form that was closed or changed since is left as it is, and so is one whose new model is
    gone: it says so when it is sent.
    """
    view = filled.view
    state = view.state.values
    origin = view.origin
    model = desk.catalog.find(chosen_model(state) or origin.model)
    if model is None:
        return
    try:
        carried = {**await _carried(desk, origin), **view.words}
        values, uploaded = read_unfinished(model, state, carried)
        redrawn = form.form_view(
            desk.catalog,
            model,
            origin.drawn(model.slug, uploaded),
            {**view.words, **values},
            show_advanced=shows_advanced(state),
        )
        await desk.views.update(view.id, redrawn, if_hash=view.hash)
    except (BotError, StoreError) as error:
        structlog.get_logger("slack").info("form_not_redrawn", reason=str(error))


async def _open(desk: Desk, trigger_id: str, view: Mapping[str, Json]) -> None:
    try:
        await desk.views.open(trigger_id, view)
    except RefusedError as error:
        # A repeated delivery: the form is open already.
        if error.code != USED_TRIGGER:
            raise


async def _carried(desk: Desk, origin: Origin) -> Mapping[str, Json]:
    """Return the values that may have no field: too long for one, they stay as they are."""
    job = await desk.store.get(origin.parent_id) if origin.parent_id else None
    return job.input if job else _NOTHING


def _asker(filled: Filled) -> Asker:
    origin = filled.view.origin
    return Asker(
        team=filled.team.id,
        channel=origin.channel or _chosen_channel(filled.view.state.values),
        user=filled.user.id,
        surface=SURFACE,
        ask_key=f"form:{filled.team.id}:{filled.view.id}",
        thread_ts=origin.thread_ts,
    )


def _chosen_channel(state: Mapping[str, Json]) -> str:
    answer = as_mapping(as_mapping(state.get(form.CHANNEL_BLOCK)).get(form.CHANNEL_BLOCK))
    chosen = answer.get("selected_conversation")
    if not isinstance(chosen, str):
        raise FormError({form.CHANNEL_BLOCK: form.no_channel()})
    return chosen
