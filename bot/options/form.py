"""Reads the form that `bot.messages.modal` draws: as a request, or as values for a redraw."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias, assert_never

from bot.base.errors import UsageError
from bot.options.attachments import Attached, attached_files, granted, join, refuse_unusable
from bot.options.catalog import Model
from bot.options.form_fields import (
    FIELD,
    MODEL_BLOCK,
    MORE_BLOCK,
    Widget,
    choice_key,
    field_block,
    links_block,
    widget_of,
)
from bot.options.request import RenderRequest, check_input, checked_value, fitting
from bot.options.schema import PROMPT, Kind, Option, as_mapping, kind_of
from bot.options.values import load_typed_json, read_value, refusal
from storage.job import Json

_NOTHING: Mapping[str, Json] = MappingProxyType({})

State: TypeAlias = Mapping[str, Json]
"""`view.state.values` of a payload: block ID → action ID → state of the element.

https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""


class FormError(UsageError):
    """A form that is refused; `errors` has a sentence for each block ID at fault."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


def read_unfinished(
    model: Model, state: State, carried: Mapping[str, Json]
) -> tuple[Mapping[str, Json], Collection[str]]:
    """Return the values with which to redraw a form for `model`, and the files uploaded so far."""
    values = dict(read_draft(model, state, carried))
    uploaded: list[str] = []
    for option in model.image_options:
        files = [file for file in files_in(state, option) if file.problem(model) is None]
        uploaded += [file.id for file in files]
        value = with_images(option, values.get(option.name), files)
        if value is not None:
            values[option.name] = value
    return values, uploaded


def with_images(option: Option, value: Json, files: Sequence[Attached]) -> Json:
    """Return a value with as many of the files as the option takes; `None`: neither is given."""
    most = option.schema.get("maxItems") if option.kind is Kind.ARRAY else 1
    count = len(value) if isinstance(value, list | tuple) else int(value is not None)
    room = max(0, int(most) - count) if isinstance(most, int | float) else len(files)
    return join(option, value, files[:room])


def _joined(
    model: Model,
    option: Option,
    value: Json,
    attached: Sequence[Attached],
    known: Collection[str],
) -> Json:
    """Return the value of a field with its uploaded files; it may refer to `known` file IDs."""
    refuse_unusable(attached, model)
    if not granted(value, frozenset(known)):
        raise UsageError("This names a file that is not this form's. Upload the image itself.")
    joined = join(option, value, attached) if option.takes_images else value
    return checked_value(model, option, joined, option.title)


def _plain(error: UsageError) -> str:
    """Return the message of an error without backticks, which a form shows literally."""
    return str(error).replace("`", "")


def chosen_model(state: State) -> str | None:
    """Return the slug of the model chosen in the form; `None`: it offers no choice."""
    return _selected(_element(state, MODEL_BLOCK))


def shows_advanced(state: State) -> bool:
    """Tell whether the toggle for the advanced fields is ticked."""
    return _is_ticked(_element(state, MORE_BLOCK))


def read_form(
    model: Model,
    state: State,
    carried: Mapping[str, Json] = _NOTHING,
    files: Collection[str] = (),
) -> RenderRequest:
    """Return the request of a submitted form.

    A value equal to its default counts as not given. Options without a field get their value from
    `carried`. `files` are the IDs that values may refer to, beside the files uploaded in the form.
    Raises `FormError`.
    """
    values: dict[str, Json] = {}
    errors: dict[str, str] = {}
    kept = fitting(model, carried)
    for option in model.options:
        try:
            value = (
                _read(model, state, option) if _is_shown(state, option) else kept.get(option.name)
            )
        except UsageError as error:
            errors[_block(option)] = _plain(error)
            continue
        try:
            value = _joined(model, option, value, files_in(state, option), files)
        except UsageError as error:
            errors[field_block(option)] = _plain(error)
            continue
        if value is None and option.required:
            errors[field_block(option)] = f"{option.title} is needed."
        if value is not None and (option.required or value != option.default):
            values[option.name] = value
    if errors:
        raise FormError(errors)
    return check_input(model, values)


def read_draft(
    model: Model, state: State, carried: Mapping[str, Json] = _NOTHING
) -> Mapping[str, Json]:
    """Return the values of an unfinished form, to fill another one, without those not allowed.

    The prompt is kept as it is, even for a model that takes none.
    """
    draft: dict[str, Json] = {**fitting(model, carried), **_prompt(state)}
    for option in model.options:
        if not _is_shown(state, option):
            continue
        try:
            draft[option.name] = _read(model, state, option)
        except UsageError:
            draft[option.name] = _text(state, option) if option.name == PROMPT else None
    return {name: value for name, value in draft.items() if value is not None}


def _read(model: Model, state: State, option: Option) -> Json:
    return checked_value(model, option, _typed(state, option), option.title)


def _typed(state: State, option: Option) -> Json:
    """Return the entered value, of the option's type but not checked; `None`: there is none."""
    match widget_of(option):
        case Widget.SELECT:
            return _chosen(state, option)
        case Widget.CHECKBOX:
            is_ticked = _is_ticked(_element(state, field_block(option)))
            may_be_unset = option.default is None and not option.required
            return is_ticked or (None if may_be_unset else False)
        case Widget.NUMBER | Widget.FILES | Widget.TEXT:
            text = _text(state, option)
            return read_value(_pieces(option, text), option, option.title) if text.strip() else None
        case widget:
            assert_never(widget)


def _chosen(state: State, option: Option) -> Json:
    """Return the chosen value. Raises `UsageError` for a key of another model's menu."""
    key = _selected(_element(state, field_block(option)))
    for position, choice in enumerate(option.choices):
        if choice_key(position, choice) == key:
            return choice
    if key is None:
        return None
    raise refusal(option.title, option.schema, key)


def _pieces(option: Option, text: str) -> list[str]:
    """Split the text of a list into items: one a line, unless the whole text is JSON."""
    if option.kind is not Kind.ARRAY or _is_json(option, text):
        return [text]
    return [line.strip() for line in text.split("\n") if line.strip()]


def _is_json(option: Option, text: str) -> bool:
    if kind_of(option.items) not in {Kind.OBJECT, Kind.ARRAY} and not text.lstrip().startswith("["):
        return False
    try:
        load_typed_json(text)
    except ValueError:
        return False
    return True


def _block(option: Option) -> str:
    """Return the block that holds the text of an option, where its errors are shown."""
    is_files = widget_of(option) is Widget.FILES
    return links_block(option) if is_files else field_block(option)


def _is_shown(state: State, option: Option) -> bool:
    return _block(option) in state


def _element(state: State, block_id: str) -> Mapping[str, Json]:
    """Return the state of the only element of a block; empty when there is none."""
    block = as_mapping(state.get(block_id))
    return as_mapping(next(iter(block.values()), None))


def _text(state: State, option: Option) -> str:
    value = _element(state, _block(option)).get("value")
    return value if isinstance(value, str) else ""


def _prompt(state: State) -> Mapping[str, Json]:
    """Return the prompt that was entered, whichever model its field was drawn for."""
    element = _element(state, f"{FIELD}{PROMPT}")
    return {PROMPT: element["value"]} if element.get("value") else {}


def _selected(element: Mapping[str, Json]) -> str | None:
    value = as_mapping(element.get("selected_option")).get("value")
    return value if isinstance(value, str) else None


def _is_ticked(element: Mapping[str, Json]) -> bool:
    return bool(element.get("selected_options"))


def files_in(state: State, option: Option) -> tuple[Attached, ...]:
    """Return the files that were uploaded for an option."""
    return attached_files(_element(state, field_block(option)).get("files"))
