"""Makes the requests of a form that asks for several videos at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

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
    TIMES_BLOCK,
    field_block,
    kept_block,
    links_block,
)
from bot.options.parser import TypedText
from bot.options.references import file_named
from bot.options.request import RenderRequest
from bot.options.schema import PROMPT, Option, as_mapping
from bot.options.sets import each_once
from bot.options.shots import shots_option
from storage.job import Json

Read = Callable[[State], RenderRequest]
"""Returns the request of a form's fields. Raises `FormError` and `UsageError`."""


def read_form_requests(model: Model, state: State, read: Read) -> tuple[RenderRequest, ...]:
    """Return the requests of a form, at most `MOST_PARTS`.

    One for each alternative in its words, and for each image where that box is ticked, as often as
    its field says. A form that says none of it makes one request. Raises what `read` raises, and
    `FormError` for more requests.
    """
    times = times_in(state)
    states = _states(model, state)
    requests = each_once(list(map(read, states)))
    with_times = [request for request in requests for _ in range(times)]
    _refuse_too_many(len(with_times), model)
    return tuple(with_times)


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
        count = times_entered(state) * len(_states(model, state))
    except FormError:
        return 1
    return count if count <= MOST_PARTS else 1


def _states(model: Model, state: State) -> Sequence[State]:
    """Return a form's fields with each of its alternatives and images."""
    places = [
        (block_id, _variants(block_id, text))
        for block_id, text in _texts_with_alternatives(model, state)
    ]
    count = 1
    for _, variants in places:
        count *= len(variants.each)
    _refuse_too_many(count, model)
    chosen = product(
        *([(block_id, one.text) for one in variants.each] for block_id, variants in places)
    )
    states = [_with_texts(state, dict(texts)) for texts in chosen] if places else [state]
    if not is_for_each_image(state):
        return states
    images = [*_of_each_image(model, state)]
    if not images:
        raise FormError({EACH_IMAGE_BLOCK: "Attach the images first, or take the tick away."})
    _refuse_too_many(len(states) * len(images), model)
    return [{**one, **image} for one in states for image in images]


def _variants(block_id: str, text: str) -> Variants:
    try:
        return variants_of(_words(text))
    except UsageError as error:
        raise FormError({block_id: plain(error)}) from None


def _words(text: str) -> TypedText:
    """Return the text of a field, in which nothing is a flag."""
    return TypedText(text=text, tokens=(), rest="")


def _refuse_too_many(count: int, model: Model) -> None:
    try:
        refuse_too_many(count)
    except UsageError as error:
        name = PROMPT if model.prompt is None else model.prompt.name
        raise FormError({f"{FIELD}{name}": plain(error)}) from None


def _texts_with_alternatives(model: Model, state: State) -> Iterator[tuple[str, str]]:
    """Yield the block ID and the text of the fields whose words have alternatives."""
    found = shots_option(model)
    for block_id in state:
        name = block_id.removeprefix(FIELD)
        is_of_shot = found is not None and (
            name.startswith(f"{found[0].name}.") and name.endswith(f".{found[2].words}")
        )
        value = element(state, block_id).get("value")
        if (
            (name == PROMPT or is_of_shot)
            and isinstance(value, str)
            and has_alternatives(_words(value))
        ):
            yield block_id, value


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
