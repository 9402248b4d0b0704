"""Makes the requests of a form that asks for several videos at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.options.alternatives import (
    MOST_PARTS,
    Variants,
    has_alternatives,
    read_times,
    refuse_too_many,
    variants_of,
)
from bot.options.catalog import Model
from bot.options.form_elements import FormError, State, element, is_ticked, plain
from bot.options.form_fields import (
    EACH_IMAGE_BLOCK,
    FIELD,
    TICKED,
    TIMES_BLOCK,
    field_block,
    kept_block,
    links_block,
)
from bot.options.parser import TypedText
from bot.options.references import file_named
from bot.options.request import RenderRequest
from bot.options.schema import PROMPT, Option, as_mapping
from bot.options.sets import each_once, in_doubt
from bot.options.shots import shots_option
from storage.job import Json

Fields: TypeAlias = Mapping[str, Variants]
"""What the words of fields stand for, by the block ID."""
Read: TypeAlias = Callable[[State], RenderRequest]
"""Returns the request of a form's fields. Raises `FormError` and `UsageError`."""


def read_form_requests(model: Model, state: State, read: Read) -> tuple[RenderRequest, ...]:
    """Return the requests of a form, at most `MOST_PARTS`.

    One for each alternative in its words, and for each image where that box is ticked, as often as
    its field says. A form that says none of it makes one request. Raises what `read` raises, and
    `FormError` for more requests.
    """
    times, fields = times_in(state), _fields_with_alternatives(model, state)
    requests = each_once([read(one) for one in _states(model, state, fields)])
    _refuse_too_many(len(requests) * times, state, fields)
    for unclosed in (field.unclosed for field in fields.values()):
        if unclosed is not None:
            requests = [in_doubt(request, unclosed) for request in requests]
    return tuple(request for request in requests for _ in range(times))


def times_in(state: State) -> int:
    """Return how many videos a form asks for. Raises `FormError`."""
    typed = element(state, TIMES_BLOCK).get("value")
    if not isinstance(typed, str) or not typed.strip():
        return 1
    try:
        return read_times(typed)
    except UsageError:
        raise FormError({TIMES_BLOCK: f"A whole number from 1 to {MOST_PARTS}."}) from None


def times_entered(state: State) -> int:
    """Return how many videos an unfinished form asks for; 1 if that is not clear yet."""
    try:
        return times_in(state)
    except FormError:
        return 1


def is_for_each_image(state: State) -> bool:
    """Tell whether a form asks for one video of each image."""
    return is_ticked(element(state, EACH_IMAGE_BLOCK))


def count_in(model: Model, state: State) -> int:
    """Return how many videos a form asks for while it is filled; 1 if that is not clear yet."""
    try:
        fields = _fields_with_alternatives(model, state)
        count = times_entered(state) * len(_states(model, state, fields))
    except FormError:
        return 1
    return count if count <= MOST_PARTS else 1


def count_in_draft(
    model: Model, values: Mapping[str, Json], times: int, *, is_for_each_image: bool
) -> int:
    """Return how many videos a form asks for as it opens with a draft, as `count_in`."""
    state: dict[str, Json] = {
        f"{FIELD}{PROMPT}": {"": {"value": values.get(PROMPT)}},
        TIMES_BLOCK: {"": {"value": str(times)}},
    }
    if is_for_each_image:
        state[EACH_IMAGE_BLOCK] = {"": {"selected_options": [TICKED]}}
        for option in model.image_options:
            given = [{"value": one} for one in _listed(values.get(option.name))]
            state[kept_block(option)] = {"": {"selected_options": given}}
    return count_in(model, state)


def _states(model: Model, state: State, fields: Fields) -> Sequence[State]:
    """Return a form's fields with each of its alternatives and images. Raises `FormError`."""
    _refuse_too_many(prod(len(variants.each) for variants in fields.values()), state, fields)
    chosen = product(
        *([(block_id, one.text) for one in variants.each] for block_id, variants in fields.items())
    )
    states = [_with_texts(state, dict(texts)) for texts in chosen] if fields else [state]
    if not is_for_each_image(state):
        return states
    images = [*_of_each_image(model, state)]
    if not images:
        raise FormError({EACH_IMAGE_BLOCK: "Attach the images first, or take the tick away."})
    _refuse_too_many(len(states) * len(images), state, fields)
    return [{**one, **image} for one in states for image in images]


def _fields_with_alternatives(model: Model, state: State) -> Fields:
    """Return the fields whose words may have alternatives: of the prompt, and of each shot."""
    found = shots_option(model)
    fields: dict[str, Variants] = {}
    for block_id in state:
        name, text = block_id.removeprefix(FIELD), element(state, block_id).get("value")
        is_of_shot = found is not None and (
            name.startswith(f"{found[0].name}.") and name.endswith(f".{found[2].words}")
        )
        if not isinstance(text, str) or not (name == PROMPT or is_of_shot):
            continue
        # Nothing in a field is a flag.
        typed = TypedText(text=text, tokens=(), rest="")
        if has_alternatives(typed):
            try:
                fields[block_id] = variants_of(typed)
            except UsageError as error:
                raise FormError({block_id: plain(error)}) from None
    return fields


def _refuse_too_many(count: int, state: State, fields: Fields) -> None:
    """Raise `FormError` for more than `MOST_PARTS`, at a field that the form has."""
    try:
        refuse_too_many(count)
    except UsageError as error:
        blocks = (*fields, TIMES_BLOCK, EACH_IMAGE_BLOCK)
        at = next(block_id for block_id in blocks if block_id in state)
        raise FormError({at: plain(error)}) from None


def _with_texts(state: State, texts: Mapping[str, str]) -> State:
    changed = {block_id: _with(state, block_id, value=text) for block_id, text in texts.items()}
    return {**state, **changed}


def _with(state: State, block_id: str, **members: Json) -> Json:
    """Return the state of a block whose only element has these members."""
    return {
        action_id: {**as_mapping(entered), **members}
        for action_id, entered in as_mapping(state.get(block_id)).items()
    }


def _of_each_image(model: Model, state: State) -> Iterator[State]:
    """Yield the fields of an option with each of its images alone: of the first that has any."""
    for option in model.image_options:
        images = [*_images_in(state, option)]
        if images:
            yield from images
            return


def _images_in(state: State, option: Option) -> Iterator[State]:
    """Yield the fields of an option with each image alone: uploaded, attached before or a link."""
    uploaded, kept, links = field_block(option), kept_block(option), links_block(option)
    none: State = {
        uploaded: _with(state, uploaded, files=[]),
        kept: _with(state, kept, selected_options=[]),
        links: _with(state, links, value=None),
    }
    none = {block_id: entered for block_id, entered in none.items() if block_id in state}
    files = _listed(element(state, uploaded).get("files"))
    for file in files:
        yield {**none, uploaded: _with(state, uploaded, files=[file])}
    # A form that was redrawn has what was uploaded among what was attached before.
    known = {as_mapping(file).get("id") for file in files}
    for one in _listed(element(state, kept).get("selected_options")):
        if file_named(as_mapping(one).get("value")) not in known:
            yield {**none, kept: _with(state, kept, selected_options=[one])}
    typed = element(state, links).get("value")
    for link in typed.split("\n") if isinstance(typed, str) else []:
        if link.strip():
            yield {**none, links: _with(state, links, value=link)}


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else ()
