"""Reads alternatives in a typed text, such as `{red|blue} car`, as several texts. Pure.

Takes time proportional to the length of the text: the texts are counted before any is made.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.parser import TypedText, read_text
from bot.options.wording import quoted

MOST_PARTS = 12
"""How many videos one text makes at most."""
TIMES_FLAG = "times"
"""The flag that says how many; a model with an option of this name keeps it."""
EACH_IMAGE_FLAG = "each-image"
"""The flag that makes one of each attached image; a model with an option of this name keeps it."""

_MOST_COUNTED = 1_000_000
# What is passed over: a mark behind a backslash, and a mention such as `<@U123|ana>`.
_MARK = lazy_compile(r"\\[{|}]|<[@#!][^<>|\s]{1,40}\|[^<>]{0,100}>|[{|}]")
_NUMBER = lazy_compile(r"[0-9]{1,4}", re.ASCII)
_SPACES = " \t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A text in which one alternative stands in the place of each pair of braces."""

    text: str
    chosen: tuple[str, ...] = ()
    """The alternatives, in the order of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """The texts that one text stands for."""

    typed: TypedText
    """The text itself, with its alternatives."""
    each: tuple[Variant, ...]
    """The last alternatives change first, as a reader expects."""
    unclosed: str | None = None
    """The words from a brace on that holds a `|` and is not closed, so that it is text."""

    def read(self, variant: Variant) -> TypedText:
        """Return one of the texts, read as if it had been typed."""
        if variant.text is self.typed.text:
            return self.typed
        return replace(read_text(variant.text), people=self.typed.people)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """A pair of braces with alternatives."""

    start: int
    end: int
    """Behind the closing brace."""
    bars: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marks:
    """The marks of a text that mean something."""

    choices: Sequence[_Choice]
    backslashes: Sequence[int]
    """Those that stand before a mark, and are left out."""
    unclosed: int | None
    """Where a brace opens that holds a `|` and is not closed."""


def has_alternatives(typed: TypedText) -> bool:
    """Tell whether a text may hold alternatives."""
    return "|" in typed.text and "{" in typed.text


def variants_of(typed: TypedText) -> Variants:
    r"""Return the texts that a text stands for: itself, if it holds no alternatives.

    Braces without a `|` are text, and so is JSON that is an option's value, and what stands behind
    a lone `--`. In a text with alternatives `\{`, `\|` and `\}` are those characters. Equal
    alternatives count once. Raises `UsageError` for more than `MOST_PARTS`, and for alternatives
    within alternatives.
    """
    itself = (Variant(text=typed.text),)
    if not has_alternatives(typed):
        return Variants(typed=typed, each=itself)
    marks = _marks_in(typed)
    # Before any text is made, so that a long one with thousands of braces costs next to nothing.
    refuse_too_many(_product(len(choice.bars) + 1 for choice in marks.choices))
    unclosed = None if marks.unclosed is None else typed.text[marks.unclosed :]
    texts = ((choice, _texts_of(typed.text, choice, marks.backslashes)) for choice in marks.choices)
    kept = [(choice, each) for choice, each in texts if each]
    if not kept and not marks.backslashes:
        return Variants(typed=typed, each=itself, unclosed=unclosed)
    starts = [0, *(choice.end for choice, _ in kept)]
    ends = [*(choice.start for choice, _ in kept), len(typed.text)]
    fixed = [
        _unescaped(typed.text, start, end, marks.backslashes)
        for start, end in zip(starts, ends, strict=True)
    ]
    each = tuple(
        Variant(text=_joined(fixed, chosen), chosen=chosen)
        for chosen in product(*(each for _, each in kept))
    )
    return Variants(typed=typed, each=each, unclosed=unclosed)


def escaped(text: str) -> str:
    """Return a text that reads as `text` does where alternatives are read."""
    if "|" not in text or "{" not in text:
        return text
    return re.sub(r"(?=[{|}])", r"\\", text)


def refuse_too_many(count: int) -> None:
    """Raise `UsageError` for more videos than one text makes."""
    if count > MOST_PARTS:
        many = f"{count:,}" if count < _MOST_COUNTED else "more than a million"
        raise UsageError(
            f"That makes {many} videos, and at most {MOST_PARTS} are made at once. Ask for fewer."
        )


def read_times(raw: str) -> int:
    """Return how many videos a flag asks for. Raises `UsageError`."""
    number = int(raw) if _NUMBER.fullmatch(raw.strip()) else 0
    if not 1 <= number <= MOST_PARTS:
        raise UsageError(
            f"`--{TIMES_FLAG}` takes a whole number from 1 to {MOST_PARTS}; you gave {quoted(raw)}."
        )
    return number


def no_images() -> UsageError:
    """Return the error of a text that asks for one of each image where none is attached."""
    return UsageError(
        f"`--{EACH_IMAGE_FLAG}` makes a video of each attached image, and none is attached. "
        "Mention me in a message with the images, or attach them in the form."
    )


def _marks_in(typed: TypedText) -> _Marks:
    """Return the marks of a text, read once from left to right."""
    end = len(typed.text.rstrip()) - len(typed.rest)
    literal = iter(typed.json_spans)
    span = next(literal, None)
    open_braces: list[list[int]] = []
    choices: list[_Choice] = []
    backslashes: list[int] = []
    for found in _MARK.finditer(typed.text, 0, end):
        place = found.start()
        while span is not None and span[1] <= place:
            span = next(literal, None)
        if span is not None and span[0] <= place:
            continue
        match found[0]:
            case "{":
                open_braces.append([place])
            case "|" if open_braces:
                open_braces[-1].append(place)
            case "}" if open_braces:
                start, *bars = open_braces.pop()
                if bars:
                    _refuse_nested(typed.text, start, choices)
                    choices.append(_Choice(start=start, end=found.end(), bars=bars))
            case mark if mark.startswith("\\"):
                backslashes.append(place)
            case _:
                continue
    unclosed = next((start for start, *bars in open_braces if bars), None)
    return _Marks(choices=choices, backslashes=backslashes, unclosed=unclosed)


def _refuse_nested(text: str, start: int, choices: Sequence[_Choice]) -> None:
    if choices and choices[-1].start > start:
        raise UsageError(
            f"Alternatives stand within alternatives from {quoted(text[start:])} on, which I do "
            "not read. Write them side by side, as in `{red|dark blue|light blue}`."
        )


def _texts_of(text: str, choice: _Choice, backslashes: Sequence[int]) -> Sequence[str]:
    """Return the alternatives of a choice, each once; none if all of them are empty."""
    starts = [choice.start + 1, *(bar + 1 for bar in choice.bars)]
    ends = [*choice.bars, choice.end - 1]
    each = (
        _unescaped(text, start, end, backslashes) for start, end in zip(starts, ends, strict=True)
    )
    unique: dict[str, str] = {}
    for one in each:
        unique.setdefault(one.strip(), one)
    return [*unique.values()] if any(unique) else []


def _product(sizes: Iterator[int]) -> int:
    """Return the product of numbers, up to a million: of thousands it would have no end."""
    count = 1
    for size in sizes:
        count *= size
        if count >= _MOST_COUNTED:
            return _MOST_COUNTED
    return count


def _unescaped(text: str, start: int, end: int, backslashes: Sequence[int]) -> str:
    """Return a piece of a text without the backslashes that stand before marks."""
    left_out = backslashes[bisect_left(backslashes, start) : bisect_left(backslashes, end)]
    starts = [start, *(place + 1 for place in left_out)]
    ends = [*left_out, end]
    return "".join(text[first:last] for first, last in zip(starts, ends, strict=True))


def _joined(fixed: Sequence[str], chosen: Sequence[str]) -> str:
    """Return a text of fixed pieces with an alternative between each two.

    Spaces beside an alternative count once: `{old |}car` and `an { old | new } car` read well.
    """
    whole = fixed[0]
    for one, after in zip(chosen, fixed[1:], strict=True):
        for piece in (one, after):
            is_apart = not whole or whole[-1].isspace()
            whole += piece.lstrip(_SPACES) if is_apart else piece
    return whole
