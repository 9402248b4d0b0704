"""Converts typed text to the values of a schema, and refuses values that it does not allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import assert_never

from bot.base.errors import UsageError
from bot.base.json import parse_document
from bot.base.patterns import lazy_compile
from bot.options.characters import hyphenated, visible
from bot.options.parser import straightened
from bot.options.schema import Kind, Option, Schema, choices_of, kind_of
from bot.options.validation import violations
from bot.options.wording import allowed, least_mistyped, quoted, short, shown, strangers
from storage.job import Json

# Python reads integers of at most 4,300 digits; no option needs a hundredth of that.
_INTEGER = lazy_compile(r"[+-]?[0-9]{1,40}")
_NUMBER = lazy_compile(
    r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?"
)
BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
"""The words for a boolean."""
# Marks that no choice and no number ends with.
_ENDS_A_PHRASE = ".,;!?"
# Beyond this, dividing by a fractional step overflows.
_LARGEST = 1e300
# One value has rarely more problems, and an answer has room for as many.
_MOST_TOLD = 5
# Deeper than any real option, and far from Python's limit of recursion.
_DEEPEST = 20
# C0 and C1 without tab and line feed, and halves of surrogate pairs, which UTF-8 cannot encode.
_UNSENDABLE = lazy_compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# These only control the direction of text, and could show the bot's messages in another order:
# https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings. The harmless marks U+200E
# and U+200F stay.
_DIRECTION_CONTROLS = lazy_compile("[\u202a-\u202e\u2066-\u2069]")


def refusal(label: str, schema: Schema, given: Json) -> UsageError:
    """Return the error that names the option, the allowed values and the given one."""
    problem = f"{label} must be {allowed(schema)}; you gave {quoted(given)}."
    return UsageError(problem + strangers(schema, given))


def read_value(raws: Sequence[str], option: Option, label: str) -> Json:
    """Convert typed text to a value of the option's type, not checked further.

    Only a list may be typed in several pieces; each is an item, or a JSON list of items. Raises
    `UsageError` that begins with `label`, and asks whether a mistyped word is one of those that the
    option takes.
    """
    try:
        return _converted(raws, option, label)
    except UsageError as error:
        meant = _meant(raws[0], option)
        if meant is None:
            raise
        raise UsageError(f"{error} Did you mean {meant}?") from None


def _meant(raw: str, option: Option) -> str | None:
    """Return the word that a mistyped one probably is, with its choice; `None`: there is none.

    A value with digits is none: 4:3 is no mistyped 4:5.
    """
    choices = {shown(choice): choice for choice in option.choices}
    booleans = BOOLEANS if option.kind is Kind.BOOLEAN and not choices else {}
    words: Mapping[str, Json] = {**option.synonyms, **booleans, **choices}
    # A word with a space could only be typed in quotation marks.
    whole = [word for word in words if " " not in word]
    close = None if any(map(str.isdigit, raw)) else least_mistyped(raw, whole)
    if close is None:
        return None
    choice = shown(words[close])
    return f"`{close}`" + ("" if choice == close else f" (`{choice}`)")


def _converted(raws: Sequence[str], option: Option, label: str) -> Json:
    """Convert as `read_value`, whose question takes longer than all of this."""
    if option.kind is not Kind.ARRAY or option.choices:
        return _read(understood(raws[0], option), option.schema, label)
    items: list[Json] = []
    for raw in raws:
        if not raw.lstrip().startswith("["):
            items.append(_read(raw, option.items, label))
            continue
        listed = _read_json(raw, option.schema, label)
        is_one = kind_of(option.items) is Kind.ARRAY and not _all_lists(listed)
        items.extend([listed] if is_one or not isinstance(listed, list) else listed)
    return items


def is_closed(option: Option) -> bool:
    """Tell whether an option takes choices, numbers or switches alone, and so no free text."""
    return bool(option.choices) or option.kind in _CLOSED


_CLOSED = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.NUMBER})


def is_value_of(option: Option, text: str) -> bool:
    """Tell whether a closed option takes a text as its value."""
    if not is_closed(option) or not text:
        return False
    try:
        check(_converted([text], option, option.title), option.schema, option.title)
    except UsageError:
        return False
    return True


def understood(raw: str, option: Option) -> str:
    """Return typed text in the schema's own words where it can mean one value only.

    `vertical` becomes `9:16`, `10 s` becomes `10`, and `pro,` becomes `pro`; free text stays as it
    is.
    """
    if not is_closed(option):
        return raw
    bare = raw.rstrip(_ENDS_A_PHRASE) or raw
    return synonym_of(raw, option) or synonym_of(bare, option) or _on_one_line(bare)


def synonym_of(raw: str, option: Option) -> str | None:
    """Return the choice that another word means, or a number without its unit, or `None`."""
    text = _on_one_line(raw)
    choice = option.synonyms.get(text.casefold())
    if choice is not None:
        return shown(choice)
    number = _NUMBER.match(hyphenated(text)) if option.units else None
    is_unit = number is not None and text[number.end() :].strip().casefold() in option.units
    return number[0] if number is not None and is_unit else None


def _on_one_line(raw: str) -> str:
    return " ".join(visible(raw).split())


def is_choice(raw: str, option: Option) -> bool:
    """Tell whether a typed text is one of the choices, in any case."""
    return any(shown(choice).casefold() == raw.casefold() for choice in option.choices)


def _all_lists(listed: Json) -> bool:
    return isinstance(listed, list) and all(isinstance(item, list) for item in listed)


def _read(raw: str, schema: Schema, label: str) -> Json:
    choices = choices_of(schema)
    if choices:
        return _choice(raw, choices, schema, label)
    number = hyphenated(raw.strip())
    match kind_of(schema):
        case Kind.BOOLEAN if raw.casefold() in BOOLEANS:
            return BOOLEANS[raw.casefold()]
        case Kind.INTEGER | Kind.NUMBER if _INTEGER.fullmatch(number):
            return int(number)
        case Kind.NUMBER if _NUMBER.fullmatch(number):
            return float(number)
        case Kind.BOOLEAN | Kind.INTEGER | Kind.NUMBER:
            raise refusal(label, schema, raw)
        case Kind.ARRAY | Kind.OBJECT:
            return _read_json(raw, schema, label)
        case Kind.STRING | None:
            return raw
        case kind:
            assert_never(kind)


def _choice(raw: str, choices: Sequence[Json], schema: Schema, label: str) -> Json:
    """Return the choice with the text `raw`, else one that differs only in case."""
    for fold in (str, str.casefold):
        for choice in choices:
            if fold(shown(choice)) == fold(raw):
                return choice
    raise refusal(label, schema, raw)


def _read_json(raw: str, schema: Schema, label: str) -> Json:
    try:
        return load_typed_json(raw)
    except ValueError as error:
        raise UsageError(
            f"{label} must be {allowed(schema)}; you gave {quoted(raw)}, "
            f"which is not JSON ({error})."
        ) from error


def load_typed_json(raw: str) -> Json:
    """Read JSON as typed, else with curly quotes read as straight. Raises `ValueError`."""
    try:
        return parse_document(raw)
    except ValueError:
        return parse_document(straightened(raw))


def clean(value: Json, label: str) -> Json:
    """Return a value that can be sent, stored and shown.

    Controls of text direction are left out. Raises `UsageError` that begins with `label` for
    control characters, halves of surrogate pairs, too large numbers and too deep nesting.
    """
    return _clean(value, label, _DEEPEST)


def _clean(value: Json, label: str, depth: int) -> Json:
    if depth == 0:
        raise UsageError(f"{label} is nested more than {_DEEPEST} deep. Flatten it.")
    match value:
        case str():
            return _clean_text(value, label)
        case int() | float() if not -_LARGEST < value < _LARGEST:
            raise UsageError(f"{label} holds a number that is too large. Give a smaller one.")
        case Mapping():
            return {
                _clean_text(name, label): _clean(part, label, depth - 1)
                for name, part in value.items()
            }
        case Sequence():
            return [_clean(part, label, depth - 1) for part in value]
        case _:
            return value


def _clean_text(text: str, label: str) -> str:
    found = _UNSENDABLE.search(text)
    if found is not None:
        what = "half of a character" if found[0] >= "\ud800" else "a control character"
        raise UsageError(
            f"{label} holds {what} (U+{ord(found[0]):04X}, character {found.start() + 1}). "
            "Remove it."
        )
    return _DIRECTION_CONTROLS.sub("", text)


def check(value: Json, schema: Schema, label: str) -> None:
    """Raise `UsageError` that begins with `label` unless the schema allows the value."""
    problems = [
        str(refusal(place_of(label, found.path), found.schema, found.value))
        for found in islice(violations(value, schema), _MOST_TOLD)
    ]
    if problems:
        raise UsageError(*problems)


def place_of(label: str, path: Sequence[str | int]) -> str:
    """Return the name of a part of an option's value: `` `--image-urls`, item 2 ``."""
    return ", ".join((label, *map(_step, path)))


def _step(step: str | int) -> str:
    return f"item {step + 1}" if isinstance(step, int) else f"`{short(step)}`"
