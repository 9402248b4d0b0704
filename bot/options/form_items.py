"""Reads a list of objects, such as shots, from the fields that the form has for each item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bot.base.errors import UsageError
from bot.options.catalog import Model
from bot.options.characters import without_line_breaks
from bot.options.form_elements import FormError, State, element, plain
from bot.options.form_fields import field_block, item_options
from bot.options.request import checked_value
from bot.options.schema import ItemFields, Option
from bot.options.shots import with_position
from bot.options.values import read_value
from storage.job import Json


def items_shown(model: Model, state: State) -> Mapping[str, int]:
    """Return how many items have fields in a form, by the option's name."""
    return {option.name: count for option in model.options if (count := item_count(state, option))}


def item_count(state: State, option: Option) -> int:
    """Return how many items of an option have fields in a form, those of a gap among them.

    0: it is no list of items.
    """
    fields = option.item_fields
    if fields is None:
        return 0
    numbers = (
        number
        for number in range(fields.most, 0, -1)
        if any(field_block(each) in state for each in item_options(option, fields, number).values())
    )
    return next(numbers, 0)


def read_items(model: Model, state: State, option: Option) -> Json:
    """Return the items of which anything was entered. Raises `FormError` for incomplete ones."""
    items: list[Json] = []
    errors: dict[str, str] = {}
    for number in range(1, item_count(state, option) + 1):
        entered, refused = _item(model, state, option, number)
        if not entered and not refused:
            continue
        fields = item_options(option, _fields_of(option), number)
        missing = {
            field_block(fields[name]): f"{fields[name].title} is needed."
            for name in fields
            if name not in entered
        }
        errors |= {**missing, **refused}
        items.append(with_position(_fields_of(option), entered, len(items) + 1))
    if errors:
        raise FormError(errors)
    return items or None


def drafted_items(model: Model, state: State, option: Option) -> Json:
    """Return the items of an unfinished form that are complete, so that fields can show them."""
    read = (
        _item(model, state, option, number)[0] for number in range(1, item_count(state, option) + 1)
    )
    whole = [entered for entered in read if len(entered) == len(_fields_of(option).members)]
    return [
        with_position(_fields_of(option), entered, number)
        for number, entered in enumerate(whole, start=1)
    ] or None


def entered_items(model: Model, state: State, option: Option) -> list[Mapping[str, Json]]:
    """Return what was entered for each item, also for incomplete and empty ones, in order."""
    return [
        _item(model, state, option, number)[0] for number in range(1, item_count(state, option) + 1)
    ]


class ItemChange(StrEnum):
    """A change of the order of items."""

    MOVED_UP = "moved up"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEdit:
    """A press on a button of an item."""

    option: str
    """The name of the option."""
    change: ItemChange
    number: int
    """The item, counted from 1."""


def edited(items: Sequence[Mapping[str, Json]], edit: ItemEdit | None) -> list[Mapping[str, Json]]:
    """Return items after a press on a button of one of them; one that is gone changes nothing."""
    changed = list(items)
    if edit is None or not 1 <= edit.number <= len(changed):
        return changed
    item = changed.pop(edit.number - 1)
    match edit.change:
        case ItemChange.MOVED_UP:
            changed.insert(max(0, edit.number - 2), item)
        case ItemChange.REMOVED:
            pass
        case _:
            assert_never(edit.change)
    return changed


def _item(
    model: Model, state: State, option: Option, number: int
) -> tuple[Mapping[str, Json], Mapping[str, str]]:
    """Return what was entered for an item, and the errors by block ID."""
    entered: dict[str, Json] = {}
    errors: dict[str, str] = {}
    fields = _fields_of(option)
    for name, member in item_options(option, fields, number).items():
        is_words = fields.shot is not None and fields.shot.words == name
        try:
            value = _read(model, state, member, on_one_line=is_words)
        except UsageError as error:
            errors[field_block(member)] = plain(error)
            continue
        if value is not None:
            entered[name] = value
    return entered, errors


def _fields_of(option: Option) -> ItemFields:
    if option.item_fields is None:
        raise ValueError(f"{option.name} has no fields for items")
    return option.item_fields


def _read(model: Model, state: State, member: Option, *, on_one_line: bool) -> Json:
    value = element(state, field_block(member)).get("value")
    if not isinstance(value, str) or not value.strip():
        return None
    text = without_line_breaks(value) if on_one_line else value
    typed = read_value([text], member, member.title)
    return checked_value(model, member, typed, member.title)
