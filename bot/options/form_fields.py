"""How a form asks for an option: the kind of field, its block IDs, and what stands for a choice.

`bot.messages.modal` draws the fields, `bot.options.form` reads them back.
"""

from __future__ import annotations

from enum import StrEnum

from bot.options.schema import Kind, Option
from bot.options.wording import shown
from storage.job import Json

MODEL_BLOCK = "model"
"""Block and action of the choice of the model; a change must be answered with a redrawn form."""
MORE_BLOCK = "more"
"""Block and action of the toggle for the advanced fields; likewise."""
WORDS_BLOCK = "words"
"""The block with words that the drawn model cannot take."""
FIELD = "option:"
"""How the block ID of an option's field begins; the option's name follows."""

TICKED = "on"
"""What comes back for a box that is ticked."""
MOST_CHOICES = 100
"""https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element"""
# https://docs.slack.dev/reference/block-kit/composition-objects/option-object
_OPTION_VALUE = 150


def field_block(option: Option) -> str:
    """Return the block ID of an option's field, where errors are shown."""
    return f"{FIELD}{option.name}"


def links_block(option: Option) -> str:
    """Return the block ID of the field for links beside a field for files."""
    return f"links:{option.name}"


class Widget(StrEnum):
    """What kind of field an option gets."""

    SELECT = "select"
    CHECKBOX = "checkbox"
    NUMBER = "number"
    FILES = "files"
    TEXT = "text"


def widget_of(option: Option) -> Widget:
    """Return the kind of field by which an option is asked for."""
    if 0 < len(option.choices) <= MOST_CHOICES and option.kind not in {Kind.ARRAY, Kind.OBJECT}:
        return Widget.SELECT
    match option.kind:
        case Kind.BOOLEAN:
            return Widget.CHECKBOX
        case Kind.INTEGER | Kind.NUMBER if not option.choices:
            return Widget.NUMBER
        case Kind.STRING | Kind.ARRAY if option.takes_images:
            return Widget.FILES
        case _:
            return Widget.TEXT


def choice_key(position: int, choice: Json) -> str:
    """Return what stands for a choice in Slack's answer."""
    text = shown(choice)
    return text if 0 < len(text) <= _OPTION_VALUE else f"#{position}"
