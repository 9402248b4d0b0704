"""Describes a given value, and the values that a schema allows, for messages."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.options.edit_distance import edit_distance
from bot.options.schema import (
    Kind,
    Schema,
    as_mapping,
    choices_of,
    properties_of,
    required_of,
    types_of,
)
from storage.job import Json

# In characters: enough to recognise a typed value, short enough for a sentence.
_SHOWN = 60
# In characters. A comparison takes time quadratic in the length; no real name is longer.
_COMPARED = 60
# As typing errors. Words that differ by more are others.
_MOST_ERRORS = 2
# In letters. A part that is shorter, such as `no`, is in too many names.
_SHORTEST_PART = 3
# A list of more choices than this is not read in a sentence.
_LISTED = 20

_NOUNS: Mapping[str, str] = {
    Kind.STRING: "text",
    Kind.INTEGER: "a whole number",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.ARRAY: "a list",
    Kind.OBJECT: "a JSON object",
    "null": "null",
}
_FORMATS: Mapping[str, str] = {
    "uri": "a link (https://…)",
    "url": "a link (https://…)",
    "email": "an email address",
    "date": "a date (2025-01-31)",
    "time": "a time (14:30:00Z)",
    "date-time": "a date and time (2025-01-31T14:30:00Z)",
}

_NUMBER_LIMITS: Mapping[str, str] = {
    "minimum": "from",
    "exclusiveMinimum": "above",
    "maximum": "to",
    "exclusiveMaximum": "below",
    "multipleOf": "in steps of",
}


def shown(value: Json) -> str:
    """Return a value as it could be typed: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def short(text: str, most: int = _SHOWN) -> str:
    """Return at most so many characters of a text, on one line, harmless in a code span."""
    head = text[: most + 1].replace("`", "'")
    line = "".join(letter if letter.isprintable() else " " for letter in head)
    return line if len(line) <= most else f"{line[:most]}…"


def quoted(value: Json) -> str:
    """Return a value as a code span of a message: shortened, without backticks inside."""
    text = short(shown(value))
    return f"`{text}`" if is_visible(text) else "nothing"


def is_visible(text: str) -> bool:
    """Tell whether a text has a visible character: no space, control or format character."""
    return any(unicodedata.category(letter)[0] not in "CZ" for letter in text)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that `name` was probably meant to be; `None`: there is none.

    The one with the fewest typing errors, at most one in three letters; else the first that has all
    of its parts: `ratio` is near to `aspect-ratio`, and `firstframe` to `first-frame-image`.
    """
    known, typed = tuple(names), name[:_COMPARED].casefold()
    close = least_mistyped(typed, known)
    if close is not None:
        return close
    return next((other for other in known if _has_parts(other.casefold(), typed)), None)


def least_mistyped(name: str, names: Iterable[str]) -> str | None:
    """Return the name with the fewest typing errors, at most one in three letters, or `None`."""
    typed = name[:_COMPARED].casefold()
    most = min(_MOST_ERRORS, len(typed) // 3)
    errors = {
        other: edit_distance(typed, other.casefold())
        for other in names
        if abs(len(typed) - len(other)) <= most
    }
    close = [other for other, count in errors.items() if count <= most]
    return min(close, key=lambda other: (errors[other], not typed.startswith(other)), default=None)


def _has_parts(name: str, typed: str) -> bool:
    """Tell whether all parts of a typed name begin, or go on, parts of another one."""
    if len(typed.replace("-", "")) < _SHORTEST_PART:
        return False
    if name.replace("-", "").startswith(typed.replace("-", "")):
        return True
    parts = [part for part in name.split("-") if len(part) >= _SHORTEST_PART]
    return all(
        any(part.startswith(each) or each.startswith(part) for part in parts)
        for each in typed.split("-")
    )


def allowed(schema: Schema) -> str:
    """Return what a schema allows, as the end of a sentence: `a whole number from 3 to 15`."""
    choices = choices_of(schema)
    if choices:
        return one_of(choices)
    return " or ".join(_described(schema, name) for name in types_of(schema)) or "any value"


def strangers(schema: Schema, given: Json) -> str:
    """Return a sentence that names the unknown members of an object; empty if it has none."""
    if not isinstance(given, Mapping) or schema.get("additionalProperties") is not False:
        return ""
    known = properties_of(schema)
    named = [_unknown_member(name, known) for name in given if name not in known]
    if len(named) > _LISTED:
        named = [*named[:_LISTED], f"{len(named) - _LISTED} more of that kind"]
    if not named:
        return ""
    return f" It has {' and '.join(filter(None, [', '.join(named[:-1]), named[-1]]))}."


def _unknown_member(name: str, known: Iterable[str]) -> str:
    close = nearest(name, known)
    return f"no {quoted(name)}" + (f" (did you mean `{close}`?)" if close else "")


def one_of(choices: Sequence[Json]) -> str:
    """Return a list of choices as the end of a sentence."""
    listed = [f"`{shown(choice)}`" for choice in choices[:_LISTED]]
    more = [f"{len(choices) - _LISTED} more"] if len(choices) > _LISTED else []
    return ("one of " if len(choices) > 1 else "") + ", ".join(listed + more)


def _described(schema: Schema, type_name: str) -> str:
    noun = _NOUNS[type_name]
    match type_name:
        case Kind.STRING:
            noun = _FORMATS.get(str(schema.get("format")), noun)
            return noun + "".join(_text_limits(schema))
        case Kind.INTEGER | Kind.NUMBER:
            return noun + "".join(_number_limits(schema))
        case Kind.ARRAY:
            return noun + "".join(_list_limits(schema))
        case Kind.OBJECT:
            return noun + "".join(_members(schema))
        case _:
            return noun


def _text_limits(schema: Schema) -> Iterator[str]:
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if low == 1 and high is None:
        yield ", not empty"
    else:
        yield _count(low, high, "character")
    if "pattern" in schema:
        yield f", matching `{schema['pattern']}`"


def _number_limits(schema: Schema) -> Iterator[str]:
    for keyword, words in _NUMBER_LIMITS.items():
        if keyword in schema:
            alone = keyword == "maximum" and "minimum" not in schema
            yield f" {'up to' if alone else words} {shown(schema[keyword])}"


def _list_limits(schema: Schema) -> Iterator[str]:
    yield _count(schema.get("minItems", 0), schema.get("maxItems"), "item")
    items = as_mapping(schema.get("items"))
    if items:
        yield f", each {allowed(items)}"
    if schema.get("uniqueItems") is True:
        yield ", all different"


def _members(schema: Schema) -> Iterator[str]:
    required = required_of(schema)
    members = [
        f"`{name}` ({allowed(as_mapping(part))})" + ("" if name in required else ", if wanted")
        for name, part in properties_of(schema).items()
    ]
    members += [f"`{name}`" for name in sorted(required - set(properties_of(schema)))]
    if members:
        yield " with " + "; ".join(members)


def _count(low: Json, high: Json, noun: str) -> str:
    match low, high:
        case 0, None:
            return ""
        case 0, _:
            limit = f"at most {high}"
        case _, None:
            limit = f"at least {low}"
        case _ if low == high:
            limit = f"exactly {high}"
        case _:
            limit = f"{low} to {high}"
    return f" of {limit} {noun}" + ("" if limit.endswith(" 1") else "s")
