"""Describes the value of an option as messages show it: with its unit, and without IDs and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.options.file_words import words_for
from bot.options.references import as_frame, file_named
from bot.options.schema import ItemFields, Option
from bot.options.wording import short, shown
from storage.job import Json


def in_words(option: Option, value: Json) -> str:
    """Return a value for people, on one line: `10 s`, `on`, `2 attached images`."""
    match value:
        case bool():
            return "on" if value else "off"
        case int() | float():
            return f"{value} {option.unit}".rstrip()
        case list() | tuple() if option.item_fields is not None:
            return short(", ".join(_item(option.item_fields, item) for item in value))
        case list() | tuple():
            return short(_listed(option, value))
        case _:
            return short(_listed(option, [value]))


def _item(fields: ItemFields, item: Json) -> str:
    """Return an item of a list of objects: its text, and its other members behind it."""
    if not isinstance(item, Mapping):
        return shown(item)
    texts = [value for value in item.values() if isinstance(value, str)]
    numbers = [
        f"{value} {fields.units.get(name, '')}".rstrip()
        for name, value in item.items()
        if isinstance(value, int | float) and name != fields.position
    ]
    return f"{', '.join(texts)} ({', '.join(numbers)})" if numbers else ", ".join(texts)


def _listed(option: Option, items: Sequence[Json]) -> str:
    """Return the items in a line; those that are files are counted."""
    files = [file_id for item in items if (file_id := file_named(item)) is not None]
    frames = [frame.in_words for file_id in files if (frame := as_frame(file_id)) is not None]
    others = [*frames, *(shown(item) for item in items if file_named(item) is None)]
    count, words = len(files) - len(frames), words_for(option)
    attached = f"attached {words.noun}" if count == 1 else f"{count} attached {words.plural}"
    return ", ".join([attached, *others] if count else others)
