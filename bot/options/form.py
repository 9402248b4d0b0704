"""Reads the form that `bot.messages.modal` draws: as a request, or as values for a redraw."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import assert_never

from bot.base.errors import UsageError
from bot.options.attachments import Attached, attached_files, granted, join, refuse_unusable
from bot.options.cast import (
    NO_CAST,
    Cast,
    find_members,
    prompts_in,
    with_members,
)
from bot.options.cast_names import has_names, names_in
from bot.options.catalog import Model
from bot.options.doubts import mistyped_cast, told_by_form
from bot.options.form_elements import (
    FormError,
    State,
    all_selected,
    element,
    is_ticked,
    plain,
    selected,
)
from bot.options.form_fields import (
    CAST_BLOCK,
    FIELD,
    MODEL_BLOCK,
    MORE_BLOCK,
    NO_STYLE,
    STYLE_BLOCK,
    Widget,
    choice_key,
    field_block,
    item_options,
    kept_block,
    links_block,
    widget_of,
)
from bot.options.form_items import (
    drafted_items,
    item_count,
    read_items,
)
from bot.options.problems import Problems
from bot.options.references import file_named
from bot.options.request import (
    RenderRequest,
    check_input,
    checked_value,
    fitting,
    style_values,
)
from bot.options.schema import (
    PROMPT,
    Kind,
    Option,
    as_mapping,
    kind_of,
    texts_of,
)
from bot.options.shots import (
    implied_by_shots,
    shots_option,
)
from bot.options.styles import Style
from bot.options.values import load_typed_json, read_value, refusal
from storage.job import Json

_NOTHING: Mapping[str, Json] = MappingProxyType({})


def read_unfinished(
    model: Model, state: State, carried: Mapping[str, Json]
) -> tuple[Mapping[str, Json], Mapping[str, str]]:
    """Return the values with which to redraw a form, and the names of the uploaded files by ID."""
    values = dict(read_draft(model, state, carried))
    uploaded: dict[str, str] = {}
    for option in model.file_options:
        files = [
            file for file in files_in(state, option) if file.problem(model, option.takes) is None
        ]
        uploaded |= {file.id: file.name for file in files}
        value = with_files(option, values.get(option.name), files)
        if value is not None:
            values[option.name] = value
    return values, uploaded


def with_files(option: Option, value: Json, files: Sequence[Attached]) -> Json:
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
    refuse_unusable(attached, model, option.takes)
    if not granted(value, frozenset(known)):
        raise UsageError("This names a file that is not this form's. Upload the file itself.")
    joined = join(option, value, attached) if option.takes is not None else value
    return checked_value(model, option, joined, option.title)


def chosen_model(state: State) -> str | None:
    """Return the slug of the model chosen in the form; `None`: it offers no choice."""
    return selected(element(state, MODEL_BLOCK))


def chosen_style(state: State) -> str | None:
    """Return the name of the style chosen in the form, or nothing; `None`: it offers no choice."""
    if STYLE_BLOCK not in state:
        return None
    name = selected(element(state, STYLE_BLOCK))
    return "" if name is None or name == NO_STYLE else name


def chosen_cast(state: State) -> tuple[str, ...]:
    """Return the names of the members of the cast that are chosen in the form."""
    return all_selected(element(state, CAST_BLOCK))


def may_name_cast_in(state: State) -> bool:
    """Tell whether a form may name members of the cast: in its menu, or behind an `@`."""
    values = (element(state, block_id).get("value") for block_id in state)
    return bool(chosen_cast(state)) or has_names(texts_of(list(values)))


def shows_advanced(state: State) -> bool:
    """Tell whether the toggle for the advanced fields is ticked."""
    return is_ticked(element(state, MORE_BLOCK))


def read_form(
    model: Model,
    state: State,
    carried: Mapping[str, Json] = _NOTHING,
    files: Collection[str] = (),
    *,
    style: Style | None = None,
    is_filled_in: bool = True,
    cast: Cast = NO_CAST,
    people: Collection[str] = (),
) -> RenderRequest:
    """Return the request of a submitted form, in the words of a style.

    The style's options stand in the fields if they were filled in, else they go before the fields:
    it was chosen after these.

    A value equal to its default counts as not given. Options without a field get their value from
    `carried`. A list of items, such as shots, sets the options without which it does not count, as
    the form says beside its fields. `files` are the IDs that values may refer to, beside the files
    uploaded in the form. The files of the members of the `cast` are added that were chosen, or are
    named in the prompt and were not in the carried one; behind an `@`, `people` are nobody of it.
    Raises `FormError`.
    """
    values: dict[str, Json] = {}
    errors: dict[str, str] = {}
    kept = _beside_shots(model, state, fitting(model, carried))
    for option in model.options:
        try:
            value = (
                _read(model, state, option) if _is_shown(state, option) else kept.get(option.name)
            )
        except FormError as error:
            errors |= error.errors
            continue
        except UsageError as error:
            errors[_block(option)] = plain(error)
            continue
        try:
            value = _joined(model, option, value, files_in(state, option), files)
        except UsageError as error:
            errors[field_block(option)] = plain(error)
            continue
        if value is None and option.required and not is_of_shots(model, state, option):
            errors[field_block(option)] = f"{option.title} is needed."
        if value is not None and (option.required or value != option.default):
            values[option.name] = value
    try:
        of_style = _values_of(style, model)
        values |= {} if is_filled_in else of_style
    except FormError as error:
        errors |= error.errors
    found = shots_option(model)
    is_storyboard = found is not None and item_count(state, found[0]) > 0
    if found is not None and is_storyboard and not errors and not values.get(found[0].name):
        first = item_options(found[0], found[1], 1)[found[2].words]
        errors[field_block(first)] = f"{first.title} is needed."
    problems = Problems()
    mentioned = _mentioned(model, values, carried, cast, people)
    members = find_members(chosen_cast(state), mentioned, cast, problems)
    values = dict(with_members(model, values, members, problems))
    errors |= _errors_at(_cast_block(model, state), problems)
    if errors:
        raise FormError(errors)
    follow = implied_by_shots(model, values) if is_storyboard else {}
    asked = {**values, **_set_by_items(model, values), **follow}
    read = _in_style(model, state, asked, style)
    return replace(read, cast=members, doubts=(*read.doubts, *mistyped_cast(mentioned, cast)))


def is_of_shots(model: Model, state: State, option: Option) -> bool:
    """Tell whether the fields of shots stand in place of an option's: they say all of it."""
    found = shots_option(model)
    if found is None or not item_count(state, found[0]):
        return False
    _, fields, shot = found
    return option.name in {PROMPT, shot.total, *fields.sets}


def _beside_shots(model: Model, state: State, carried: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return carried values without those that follow from the shots in the form."""
    return {
        name: value
        for name, value in carried.items()
        if (option := model.option(name)) is None or not is_of_shots(model, state, option)
    }


def _mentioned(
    model: Model,
    values: Mapping[str, Json],
    carried: Mapping[str, Json],
    cast: Cast,
    people: Collection[str],
) -> Sequence[str]:
    """Return the names behind an `@` that are new in a form, without those of people."""
    # What the earlier job's words name has its picture there already.
    earlier = names_in(prompts_in(model, str(carried.get(PROMPT) or ""), carried), cast)
    named = names_in(prompts_in(model, str(values.get(PROMPT) or ""), values), cast)
    return [name for name in named if name not in {*earlier, *people}] if cast else []


def _cast_block(model: Model, state: State) -> str:
    """Return the block at which errors about the cast are shown."""
    prompt = field_block(model.prompt) if model.prompt is not None else CAST_BLOCK
    shown = (block for block in (CAST_BLOCK, prompt, *state) if block in state)
    return next(shown, CAST_BLOCK)


def _errors_at(block_id: str, problems: Problems) -> Mapping[str, str]:
    """Return the problems as the error of a block; nothing if there are none."""
    try:
        problems.raise_any()
    except UsageError as error:
        return {block_id: plain(error)}
    return {}


def _values_of(style: Style | None, model: Model) -> Mapping[str, Json]:
    """Return the values of a style's options. Raises `FormError` if the model lacks one."""
    problems = Problems()
    values = style_values(style, model, (), problems)
    errors = _errors_at(STYLE_BLOCK, problems)
    if errors:
        raise FormError(errors)
    return values


def _in_style(
    model: Model, state: State, given: Mapping[str, Json], style: Style | None
) -> RenderRequest:
    """Return the request of values each of which is right by itself. Raises `UsageError`."""
    try:
        return check_input(model, given, known=told_by_form(model), style=style)
    except UsageError as error:
        if style is None or model.prompt is None:
            raise
        # With the words of the style the prompt is too long.
        raise FormError({_words_block(model, state, model.prompt): plain(error)}) from None


def _words_block(model: Model, state: State, prompt: Option) -> str:
    """Return the block of the prompt, or that of the first shot's words in its place.

    Slack shows nobody an error at a block that the form does not have.
    """
    found = shots_option(model)
    if found is None or _is_shown(state, prompt):
        return field_block(prompt)
    return field_block(item_options(found[0], found[1], 1)[found[2].words])


def _set_by_items(model: Model, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the values of other options that follow from the items that are given."""
    follow: dict[str, Json] = {}
    for option in model.options:
        if option.item_fields is not None and values.get(option.name):
            follow |= option.item_fields.sets
    return follow


def read_draft(
    model: Model, state: State, carried: Mapping[str, Json] = _NOTHING
) -> Mapping[str, Json]:
    """Return the values of an unfinished form, to fill another one, without those not allowed.

    The prompt is kept as it is, even for a model that takes none.
    """
    draft: dict[str, Json] = {
        **_beside_shots(model, state, fitting(model, carried)),
        **_prompt(state),
    }
    for option in model.options:
        if not _is_shown(state, option):
            continue
        if item_count(state, option):
            draft[option.name] = drafted_items(model, state, option)
            continue
        try:
            draft[option.name] = _read(model, state, option)
        except UsageError:
            draft[option.name] = _text(state, option) if option.name == PROMPT else None
    return {name: value for name, value in draft.items() if value is not None}


def not_readable(model: Model, state: State, names: Collection[str]) -> tuple[str, ...]:
    """Return the titles of those options of an unfinished form whose values are not allowed."""
    return tuple(
        option.title
        for option in model.options
        if option.name in names
        and _is_shown(state, option)
        and not _is_readable(model, state, option)
    )


def _is_readable(model: Model, state: State, option: Option) -> bool:
    try:
        _read(model, state, option)
    except UsageError:
        return False
    return True


def _read(model: Model, state: State, option: Option) -> Json:
    if item_count(state, option):
        return checked_value(model, option, read_items(model, state, option), option.title)
    return checked_value(model, option, _typed(state, option), option.title)


def _typed(state: State, option: Option) -> Json:
    """Return the entered value, of the option's type but not checked; `None`: there is none."""
    match widget_of(option):
        case Widget.SELECT:
            return _chosen(state, option)
        case Widget.CHECKBOX:
            ticked = is_ticked(element(state, field_block(option)))
            may_be_unset = option.default is None and not option.required
            return ticked or (None if may_be_unset else False)
        case Widget.FILES:
            text = _text(state, option)
            links = (
                read_value(_pieces(option, text), option, option.title) if text.strip() else None
            )
            return _with_kept(state, option, links)
        case Widget.NUMBER | Widget.TEXT:
            return _typed_text(option, _text(state, option))
        case widget:
            assert_never(widget)


def _typed_text(option: Option, text: str) -> Json:
    return read_value(_pieces(option, text), option, option.title) if text.strip() else None


def _with_kept(state: State, option: Option, links: Json) -> Json:
    """Return links with the files that were attached before and are chosen still.

    Raises `UsageError` when the option takes one file and there are more.
    """
    chosen = element(state, kept_block(option)).get("selected_options")
    kept = [
        Attached(id=file_id)
        for one in (chosen if isinstance(chosen, list | tuple) else [])
        if (file_id := file_named(as_mapping(one).get("value"))) is not None
    ]
    return join(option, links, kept)


def _chosen(state: State, option: Option) -> Json:
    """Return the chosen value. Raises `UsageError` for a key of another model's menu."""
    key = selected(element(state, field_block(option)))
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
    return _block(option) in state or item_count(state, option) > 0


def _text(state: State, option: Option) -> str:
    value = element(state, _block(option)).get("value")
    return value if isinstance(value, str) else ""


def prompt_entered(state: State) -> str:
    """Return the prompt that was entered, whichever model its field was drawn for."""
    typed = element(state, f"{FIELD}{PROMPT}").get("value")
    return typed if isinstance(typed, str) else ""


def _prompt(state: State) -> Mapping[str, Json]:
    typed = prompt_entered(state)
    return {PROMPT: typed} if typed else {}


def files_in(state: State, option: Option) -> tuple[Attached, ...]:
    """Return the files that were uploaded for an option."""
    return attached_files(element(state, field_block(option)).get("files"))
