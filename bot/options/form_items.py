"""Reads a list of objects, such as shots, from the fields that the form has for each item."""

from __future__ import annotations

from collections.abc import Mapping

from bot.base.errors import UsageError
from bot.options.catalog import Model
from bot.options.form_elements import FormError, State, element, plain
from bot.options.form_fields import field_block, item_options
from bot.options.request import checked_value
from bot.options.schema import ItemFields, Option
from bot.options.values import read_value
from storage.job import Json


def items_shown(model: Model, state: State) -> Mapping[str, int]:
    """Return how many items have fields in a form, by the option's name."""
    return {option.name: count for option in model.options if (count := item_count(state, option))}


def item_count(state: State, option: Option) -> int:
    """Return how many items of an option have fields in a form; 0: it is no list of items."""
    fields = option.item_fields
    if fields is None:
        return 0
    numbers = range(1, fields.most + 1)
    return sum(
        any(
            field_block(member) in state for member in item_options(option, fields, number).values()
        )
        for number in numbers
    )


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
        items.append(_with_position(option, entered, len(items) + 1))
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
        _with_position(option, entered, number) for number, entered in enumerate(whole, start=1)
    ] or None


def _item(
    model: Model, state: State, option: Option, number: int
) -> tuple[Mapping[str, Json], Mapping[str, str]]:
    """Return what was entered for an item, and the errors by block ID."""
    entered: dict[str, Json] = {}
    errors: dict[str, str] = {}
    for name, member in item_options(option, _fields_of(option), number).items():
        try:
            value = _read(model, state, member)
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


def _with_position(option: Option, entered: Mapping[str, Json], number: int) -> Mapping[str, Json]:
    position = _fields_of(option).position
    return entered if position is None else {position: number, **entered}


def _read(model: Model, state: State, member: Option) -> Json:
    value = element(state, field_block(member)).get("value")
    if not isinstance(value, str) or not value.strip():
        return None
    typed = read_value([value], member, member.title)
    return checked_value(model, member, typed, member.title)
