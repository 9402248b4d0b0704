"""Shots: the words and the seconds of each, as typed lines and as the value of an option. Pure.

The model file declares which of its lists holds shots, and in which shape (`ShotFields`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import ceil, floor

from bot.base.errors import UsageError
from bot.options.catalog import Model
from bot.options.characters import without_line_breaks
from bot.options.form_fields import item_options
from bot.options.parser import TypedShot
from bot.options.scene import in_one_scene
from bot.options.schema import PROMPT, ItemFields, Option, ShotFields, as_mapping, choices_of
from bot.options.styles import MARKS
from bot.options.sums import number_of, number_text, sum_of
from bot.options.validation import find_violation
from bot.options.values import check, clean, read_value
from bot.options.wording import is_visible
from storage.job import Json

MOST_TYPED = 100
"""The most shots in one text: each is compared with the schema, which takes 0.1 ms."""
LONGEST_PROMPT = 1000
"""In characters: the most of the shots' words that stand for a prompt, which nobody wrote."""
# `80s: neon city` is a decade.
_NO_SHOT = " If it is no shot, put `-- ` before it."
# How many whole numbers on each side of a sum may be the nearest length that a model makes.
_TRIED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A shot as people read it."""

    words: str
    seconds: Fraction

    def line(self) -> str:
        """Return the line that is typed for it: `3s: boats leave`."""
        return f"{number_text(self.seconds)}s: {without_line_breaks(self.words)}"


def shots_option(model: Model) -> tuple[Option, ItemFields, ShotFields] | None:
    """Return the option of a model that holds shots, with their shape; `None`: it takes none."""
    for option in model.options:
        if option.item_fields is not None and option.item_fields.shot is not None:
            return option, option.item_fields, option.item_fields.shot
    return None


class UnfinishedShotsError(UsageError):
    """Typed shots that are refused; `shots` has what can be used of each, for the form."""

    def __init__(self, shots: Sequence[Mapping[str, Json]], *problems: str) -> None:
        super().__init__(*problems)
        self.shots = tuple(shots)


def read_shots(typed: Sequence[TypedShot], option: Option, fields: ItemFields) -> Json:
    """Return the value of typed shots, each in the shape that the model file declares.

    Raises `UsageError` with everything that is wrong, each with the shot's number; it is an
    `UnfinishedShotsError` unless there are too many.
    """
    if len(typed) > MOST_TYPED:
        raise UsageError(f"Those are {len(typed):,} shots, and at most {MOST_TYPED} are read.")
    shot, shots, problems = fields.shot, list[Mapping[str, Json]](), list[str]()
    if shot is None:
        raise ValueError(f"{option.name} holds no shots")
    for number, one in enumerate(typed, start=1):
        raw = {shot.words: without_line_breaks(one.words), shot.seconds: one.seconds}
        members: dict[str, Json] = {}
        for name, member in item_options(option, fields, number).items():
            if name == shot.words and not is_visible(raw[name]):
                problems.append(
                    f"{fields.noun} {number} has no words: write what it shows behind "
                    f"`{one.seconds}s:`."
                )
                continue
            try:
                value = clean(read_value([raw[name]], member, member.title), member.title)
                check(value, member.schema, member.title)
            except UsageError as error:
                is_first = name == shot.seconds and not any(_NO_SHOT in told for told in problems)
                problems += [f"{told}{_NO_SHOT if is_first else ''}" for told in error.problems]
                continue
            members[name] = value
        shots.append(members)
    if problems:
        raise UnfinishedShotsError(shots, *problems)
    return [with_position(fields, each, number) for number, each in enumerate(shots, start=1)]


def with_position(fields: ItemFields, members: Mapping[str, Json], number: int) -> Json:
    """Return an item with the member that holds its position, if there is one."""
    return dict(members) if fields.position is None else {fields.position: number, **members}


def shots_in(model: Model, values: Mapping[str, Json]) -> tuple[Shot, ...]:
    """Return the shots of an input; none if one of them has more or less than words and seconds."""
    found = shots_option(model)
    value = values.get(found[0].name) if found else None
    if found is None or not isinstance(value, list | tuple):
        return ()
    _, fields, shot = found
    known = {shot.words, shot.seconds, *filter(None, [fields.position])}
    shots = []
    for item in map(as_mapping, value):
        words, seconds = item.get(shot.words), number_of(item.get(shot.seconds))
        if not isinstance(words, str) or seconds is None or item.keys() != known:
            return ()
        shots.append(Shot(words=words, seconds=seconds))
    return tuple(shots)


def text_of(shots: Sequence[Shot]) -> str:
    """Return shots as they are typed, a line each."""
    return "\n".join(shot.line() for shot in shots)


def words_of_shots(model: Model, values: Mapping[str, Json]) -> str:
    """Return the words of all shots of an input as one text; empty if they have none.

    They stand for a prompt that nobody wrote: MindVideo asks for one, and so does who looks for a
    video by its words.
    """
    found = shots_option(model)
    value = values.get(found[0].name) if found else None
    if found is None or not isinstance(value, list | tuple):
        return ""
    whole = joined_words(found[2], value)
    most = min(LONGEST_PROMPT, model.max_prompt or LONGEST_PROMPT)
    if len(whole) <= most:
        return whole
    head = whole[:most]
    return head[: head.rfind(" ")].rstrip() if " " in head else head


def joined_words(shot: ShotFields, items: Sequence[Json]) -> str:
    """Return the words of shots as sentences of one text."""
    words = [as_mapping(item).get(shot.words) for item in items]
    # A style leaves these marks out where its words follow.
    whole = (text.strip() for text in words if isinstance(text, str))
    bare = (text.rstrip(MARKS) or text for text in whole)
    return reduce(in_one_scene, bare, "")


def has_prompt_of_shots(model: Model, values: Mapping[str, Json]) -> bool:
    """Tell whether the prompt of an input is the words of its shots, so that nobody wrote it."""
    words = words_of_shots(model, values)
    return bool(words) and values.get(PROMPT) == words


def implied_by_shots(model: Model, given: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the values of other options that follow from the shots that are given.

    Those without which shots do not count, and the length of all of them together: as near as the
    model allows, so that what it does not allow is asked about.
    """
    found = shots_option(model)
    if found is None or not given.get(found[0].name):
        return {}
    option, fields, shot = found
    together = sum_of(given[option.name], shot.seconds)
    total = {} if together is None else total_of(model, shot, together)
    return {**fields.sets, **total}


def with_values_of_shots(model: Model, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return those values of an input that its shots tell: themselves, and what they set."""
    found = shots_option(model)
    if found is None:
        return {}
    option, fields, _ = found
    told = {option.name: values.get(option.name), **fields.sets}
    return {name: value for name, value in told.items() if values.get(name) == value}


def seconds_together(shot: ShotFields, items: Sequence[Mapping[str, Json]]) -> Fraction:
    """Return the seconds of unfinished shots together, without those that have none."""
    seconds = (number_of(item.get(shot.seconds)) for item in items)
    return sum((each for each in seconds if each is not None), Fraction())


def total_of(model: Model, shot: ShotFields, together: Fraction) -> Mapping[str, Json]:
    """Return the value of the video's length for so many seconds; empty: the model names none."""
    total = model.option(shot.total) if shot.total is not None else None
    nearest = None if total is None else _nearest(total, together)
    return {} if total is None or nearest is None else {total.name: nearest}


def _nearest(total: Option, together: Fraction) -> Json:
    """Return the allowed value of the total that is nearest to a sum, and not below it if it can.

    `None`: the schema allows none that is near.
    """
    choices = sorted(
        (number, choice)
        for choice in choices_of(total.schema)
        if (number := number_of(choice)) is not None
    )
    if choices:
        return next((one for number, one in choices if number >= together), choices[-1][1])
    low, high = total.schema.get("minimum"), total.schema.get("maximum")
    within = together
    if isinstance(low, int | float):
        within = max(within, Fraction(low))
    if isinstance(high, int | float):
        within = min(within, Fraction(high))
    exact: Json = within.numerator if within.denominator == 1 else float(within)
    above, below = ceil(within), floor(within)
    whole = (*range(above, above + _TRIED), *range(below, below - _TRIED, -1))
    fitting: Iterator[Json] = (
        value for value in (exact, *whole) if find_violation(value, total.schema) is None
    )
    return next(fitting, None)
