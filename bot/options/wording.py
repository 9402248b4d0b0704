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
# A part of a name, such as `no-`, that is shorter is in too many others.
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


def short(text: str) -> str:
    """Return at most 60 characters of a text, on one line, harmless in a code span."""
    head = text[: _SHOWN + 1].replace("`", "'")
    line = "".join(letter if letter.isprintable() else " " for letter in head)
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def quoted(value: Json) -> str:
    """Return a value as a code span of a message: shortened, without backticks inside."""
    text = short(shown(value))
    return f"`{text}`" if is_visible(text) else "nothing"


def is_visible(text: str) -> bool:
    """Tell whether a text has a visible character: no space, control or format character."""
    return any(unicodedata.category(letter)[0] not in "CZ" for letter in text)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that `name` was probably meant to be; `None`: there is none.

    It differs by few typing errors, at most one in three letters, or else it has a part that begins
    one of the other's between hyphens: `ratio` is near to `aspect-ratio`.
    """
    typed = name[:_COMPARED].casefold()
    ranked = ((_distance(typed, other.casefold()), other) for other in names)
    near = [(distance, other) for distance, other in ranked if distance is not None]
    return min(near, key=lambda each: each[0])[1] if near else None


def _distance(one: str, other: str) -> int | None:
    """Return how far apart two names are, for comparison alone; `None`: too far."""
    most = min(_MOST_ERRORS, len(one) // 3)
    if abs(len(one) - len(other)) <= most and (errors := edit_distance(one, other)) <= most:
        return errors
    parts = other.split("-")
    common = [
        part
        for part in one.split("-")
        if len(part) >= _SHORTEST_PART and any(each.startswith(part) for each in parts)
    ]
    return _COMPARED - len(common) if common else None


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
