"""The shots of an unfinished form: after a press on one of their buttons, or with another model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.options.catalog import Model
from bot.options.characters import without_line_breaks
from bot.options.form_elements import State, element
from bot.options.form_fields import FIELD, fits_items, item_options
from bot.options.form_items import ItemEdit, edited, entered_items, item_count
from bot.options.request import checked_value
from bot.options.scene import in_one_scene
from bot.options.schema import PROMPT, ItemFields, Option, ShotFields, as_mapping
from bot.options.shots import (
    implied_by_shots,
    joined_words,
    seconds_together,
    shots_option,
    total_of,
    with_position,
)
from bot.options.sums import number_of, number_text
from bot.options.values import read_value
from storage.job import Json

_NOTHING: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """An unfinished form with shots, or with one prompt in their place."""

    values: Mapping[str, Json]
    """Its values, with the complete shots and what follows from them."""
    shots: Sequence[Mapping[str, Json]] = ()
    """What is entered for each shot, also for incomplete ones; none: there is one prompt."""
    is_moved: bool = False
    """Whether a button moved what was entered to other fields."""


def shots_shown(
    model: Model, values: Mapping[str, Json], unfinished: Sequence[Mapping[str, Json]] = ()
) -> Sequence[Mapping[str, Json]] | None:
    """Return what the fields of shots show: the unfinished ones, else those of the values.

    Empty: there are none. `None`: fields cannot show them in full, or the model takes none.
    """
    found = shots_option(model)
    if found is None:
        return None
    if unfinished:
        return unfinished[: found[1].most]
    value = values.get(found[0].name)
    if not fits_items(found[1], value):
        return None
    return [as_mapping(item) for item in value] if isinstance(value, list | tuple) else ()


def length_shown(
    model: Model, shots: Sequence[Mapping[str, Json]] | None
) -> Mapping[str, Json] | None:
    """Return the video's length that the fields of shots make, also of those without words.

    It is what the form's price is of: words that are entered later move no price. `None`: no shot
    has seconds yet. Empty: there are no shots, or the model names no length.
    """
    found = shots_option(model)
    if found is None or not shots or found[2].total not in model.priced_by:
        return {}
    together = seconds_together(found[2], shots)
    return total_of(model, found[2], together) if together else None


def after_shot_buttons(
    model: Model,
    state: State,
    values: Mapping[str, Json],
    counts: Mapping[str, int],
    edit: ItemEdit | None = None,
) -> Unfinished:
    """Return an unfinished form with as many shots as `counts` has for their option.

    A press on a button of one of them is followed.

    The prompt becomes the first shot, and the words of all shots become the prompt if there are to
    be none, as they do for a model that takes none. `values` are those of `read_draft`.
    """
    found = shots_option(model)
    if found is None:
        return Unfinished(values=values)
    option, fields, shot = found
    count = counts.get(option.name, 0)
    entered = edited(entered_items(model, state, option), edit)
    is_moved = edit is not None or bool(count) != bool(entered)
    others = {name: value for name, value in values.items() if name != option.name}
    if not count:
        if not entered:
            return Unfinished(values=values)
        together = seconds_together(shot, entered)
        total = total_of(model, shot, together) if together else {}
        beside, words = str(values.get(PROMPT) or "").strip(), joined_words(shot, entered)
        prompt = {PROMPT: in_one_scene(beside, words)}
        return Unfinished(values={**others, **prompt, **total}, is_moved=True)
    if not entered:
        entered = [_first_shot(model, found, values)]
        others.pop(PROMPT, None)
    # Only a press on its button takes a shot away, and never a count that is older than the fields.
    shots = [*entered, *[_NOTHING] * (min(count, fields.most) - len(entered))]
    whole = [each for each in shots if len(each) == len(fields.members)]
    items = [with_position(fields, each, number) for number, each in enumerate(whole, start=1)]
    given = {**others, option.name: items} if items else others
    follow = implied_by_shots(model, given)
    return Unfinished(values={**given, **follow}, shots=shots, is_moved=is_moved)


def _first_shot(
    model: Model, found: tuple[Option, ItemFields, ShotFields], values: Mapping[str, Json]
) -> Mapping[str, Json]:
    """Return the shot that a prompt and the length of its video make."""
    option, fields, shot = found
    prompt, length = values.get(PROMPT), model.effective(values).get(shot.total or "")
    words = without_line_breaks(prompt) if isinstance(prompt, str) else ""
    entered: dict[str, Json] = {shot.words: words} if words else {}
    if not words and length == model.effective({}).get(shot.total or ""):
        # Nothing was entered: the shot may be left out.
        return {}
    total = number_of(length)
    member = item_options(option, fields, 1)[shot.seconds]
    with suppress(UsageError):
        seconds = read_value([number_text(total or Fraction())], member, member.title)
        entered[shot.seconds] = checked_value(model, member, seconds, member.title)
    return entered


def words_of_other_shots(model: Model, drawn: Model, state: State) -> Mapping[str, Json]:
    """Return the words of shots as the prompt, if the form was drawn for a model that takes some.

    They follow a prompt that was written beside them. Empty if the form's model has own fields.
    """
    found, own = shots_option(drawn), shots_option(model)
    if found is None or (own is not None and item_count(state, own[0])):
        return {}
    words = joined_words(found[2], entered_items(drawn, state, found[0]))
    beside = element(state, f"{FIELD}{PROMPT}").get("value")
    return {PROMPT: in_one_scene(str(beside or "").strip(), words)} if words else {}
