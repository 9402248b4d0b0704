"""The contract of drawing and reading a form: kinds of fields, block IDs and keys of choices.

`bot.messages.modal` draws the fields, `bot.options.form` reads them back.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.options.characters import without_line_breaks
from bot.options.schema import ItemFields, Kind, Option, kind_of
from bot.options.validation import find_violation
from bot.options.wording import shown
from storage.job import Json

MODEL_BLOCK = "model"
"""Block ID and action ID of the model menu; the form is redrawn when it changes."""
MORE_BLOCK = "more"
"""Block ID and action ID of the toggle for advanced fields; the form is redrawn likewise."""
PROJECT_BLOCK = "project"
"""Block ID and action ID of the field for the project."""
STYLE_BLOCK = "style"
"""Block ID and action ID of the menu of styles; the form is redrawn when it changes."""
CAST_BLOCK = "cast"
"""Block ID and action ID of the menu of the cast; the form is redrawn when it changes."""
TIMES_BLOCK = "times"
"""Block ID and action ID of the field for how many; the form is redrawn when it changes."""
EACH_IMAGE_BLOCK = "each_image"
"""Block ID and action ID of the box for one of each image; the form is redrawn likewise."""
AT_BLOCK = "at"
"""Block ID and action ID of the field for when it starts; the form is redrawn when it changes."""
EVERY_BLOCK = "every"
"""Block ID and action ID of the menu for how often; the form is redrawn when it changes."""
NO_REPEAT = "never"
"""The value of that menu's entry for no repeat, which is none of `RepeatEvery`."""
NO_STYLE = "none"
"""The value of the menu's entry for no style, which is no style's name."""
WORDS_BLOCK = "words"
"""Block ID of the text that keeps the prompt while the drawn model takes none."""
PRICE_BLOCK = "price"
"""Block ID of the sentence that tells what the render will cost."""
DRY_RUN = "dry_run"
"""Action ID of the button beside that sentence, which shows the request without making a job."""
FIELD = "option:"
"""Prefix of the block ID of an option's field; the option's name follows."""

ADD_ITEM = "add:"
"""Prefix of the block ID of a button that adds the fields of another item."""
MOVE_ITEM = "move:"
"""Prefix of the action ID of a button that moves an item up; the option's name follows."""
REMOVE_ITEM = "remove:"
"""Prefix of the action ID of a button that removes an item."""
NO_ITEMS = "none:"
"""Prefix of the action ID of a button that shows one prompt in place of shots."""

LONGEST_TEXT = 3000
"""https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element"""
TICKED = "on"
"""The value that Slack returns for a ticked checkbox."""
MOST_CHOICES = 100
"""https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element"""
# https://docs.slack.dev/reference/block-kit/composition-objects/option-object
_OPTION_VALUE_LIMIT = 150


def field_block(option: Option) -> str:
    """Return the block ID of an option's field, where errors are shown."""
    return f"{FIELD}{option.name}"


def kept_block(option: Option) -> str:
    """Return the block ID of the menu of files that were attached before."""
    return f"kept:{option.name}"


def add_item_block(option: Option) -> str:
    """Return the block ID of the button that adds the fields of another item."""
    return f"{ADD_ITEM}{option.name}"


def item_block(option: Option, number: int) -> str:
    """Return the block ID of the buttons of an item; `number` counts from 1."""
    return f"item:{option.name}.{number}"


def item_options(option: Option, fields: ItemFields, number: int) -> Mapping[str, Option]:
    """Return an option for each member of an item, by the member's name; `number` counts from 1.

    So an item's members have the same fields, limits and errors as options have.
    """
    return {
        name: Option(
            name=f"{option.name}.{number}.{name}",
            schema=schema,
            kind=kind_of(schema) or Kind.STRING,
            required=True,
            label=f"{fields.noun} {number}: {schema.get('title') or name}",
        )
        for name, schema in fields.members.items()
    }


def fits_items(fields: ItemFields, value: Json) -> bool:
    """Tell whether the fields can show a value in full; one that they cannot is shown as text."""
    if value is None:
        return True
    if not isinstance(value, list | tuple) or len(value) > fields.most:
        return False
    return all(
        isinstance(item, Mapping) and _fits(fields, item, number)
        for number, item in enumerate(value, start=1)
    )


def _fits(fields: ItemFields, item: Mapping[str, Json], number: int) -> bool:
    members = dict(item)
    if fields.position is not None and members.pop(fields.position, None) != number:
        return False
    if fields.shot is not None:
        words = members.get(fields.shot.words)
        # Fields would give it back otherwise.
        if not isinstance(words, str) or words != without_line_breaks(words) or not words:
            return False
    return members.keys() == fields.members.keys() and all(
        find_violation(members[name], schema) is None and len(shown(members[name])) <= LONGEST_TEXT
        for name, schema in fields.members.items()
    )


def links_block(option: Option) -> str:
    """Return the block ID of the field for links beside a field for files."""
    return f"links:{option.name}"


class Widget(StrEnum):
    """The kind of field of an option."""

    SELECT = "select"
    CHECKBOX = "checkbox"
    NUMBER = "number"
    FILES = "files"
    TEXT = "text"


def widget_of(option: Option) -> Widget:
    """Return the kind of field of an option."""
    if 0 < len(option.choices) <= MOST_CHOICES and option.kind not in {Kind.ARRAY, Kind.OBJECT}:
        return Widget.SELECT
    match option.kind:
        case Kind.BOOLEAN:
            return Widget.CHECKBOX
        case Kind.INTEGER | Kind.NUMBER if not option.choices:
            return Widget.NUMBER
        case Kind.STRING | Kind.ARRAY if option.takes is not None:
            return Widget.FILES
        case _:
            return Widget.TEXT


def choice_key(position: int, choice: Json) -> str:
    """Return the value by which Slack reports a choice: its text if that fits, or its position."""
    text = shown(choice)
    return text if 0 < len(text) <= _OPTION_VALUE_LIMIT else f"#{position}"
