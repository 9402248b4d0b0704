"""Block Kit elements for the fields of a form, each within Slack's limits.

Slack keeps the value entered in an element as long as its `action_id` stays the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from slack_sdk.models.blocks import (
    CheckboxesElement,
    NumberInputElement,
    PlainTextInputElement,
    PlainTextObject,
    StaticMultiSelectElement,
    StaticSelectElement,
)
from slack_sdk.models.blocks import (
    Option as Choice,
)
from slack_sdk.models.blocks.basic_components import DispatchActionConfig
from slack_sdk.models.blocks.block_elements import DateTimePickerElement, FileInputElement

from bot.messages.blocks import shorten
from bot.options.file_words import words_for
from bot.options.form_fields import TICKED, choice_key
from bot.options.form_start import EARLIEST, LATEST
from bot.options.schema import Kind, Option
from bot.options.wording import shown
from storage.job import Instant, Json

# https://docs.slack.dev/reference/block-kit/composition-objects/option-object
_CHOICE_TEXT_LIMIT = 75
# https://docs.slack.dev/reference/block-kit/block-elements/file-input-element
_MOST_FILES = 10


def as_text(value: Json) -> str:
    """Return a value as a text field shows it: a list has one item per line, or is JSON."""
    if not isinstance(value, list | tuple):
        return shown(value)
    lines = [shown(item) for item in value]
    if any("\n" in line or not line.strip() or line.lstrip().startswith("[") for line in lines):
        return json.dumps(value, ensure_ascii=False)
    return "\n".join(lines)


def select(option: Option, value: Json, action_id: str) -> StaticSelectElement:
    """Return a menu of the option's choices with `value` chosen; `None`: none of them."""
    choices = {
        shown(choice): choice_of(shown(choice), choice_key(position, choice))
        for position, choice in enumerate(option.choices)
    }
    return StaticSelectElement(
        action_id=action_id,
        options=list(choices.values()),
        initial_option=None if value is None else choices[shown(value)],
    )


def kept_files(named: Sequence[tuple[str, str]], action_id: str) -> StaticMultiSelectElement:
    """Return a menu in which files are chosen already, given as value and name."""
    choices = [choice_of(name, value) for value, name in named]
    return StaticMultiSelectElement(action_id=action_id, options=choices, initial_options=choices)


def checkbox(label: str, action_id: str, *, is_ticked: bool) -> CheckboxesElement:
    """Return a checkbox."""
    box = choice_of(label, TICKED)
    return CheckboxesElement(
        action_id=action_id, options=[box], initial_options=[box] if is_ticked else None
    )


def number(
    option: Option, value: Json, action_id: str, *, is_told: bool = False
) -> NumberInputElement:
    """Return a field for a number within the option's limits.

    `is_told`: the bot is told of each character, and not only of Enter.
    """
    return NumberInputElement(
        action_id=action_id,
        is_decimal_allowed=option.kind is not Kind.INTEGER,
        min_value=_limit(option, "minimum", "exclusiveMinimum", 1),
        max_value=_limit(option, "maximum", "exclusiveMaximum", -1),
        initial_value=None if value is None else shown(value),
        dispatch_action_config=(
            DispatchActionConfig(trigger_actions_on=["on_character_entered"]) if is_told else None
        ),
    )


def _limit(option: Option, inclusive: str, exclusive: str, step: int) -> str | None:
    """Return an inclusive limit; the exclusive limit of an integer is moved by `step`."""
    limit, beyond = option.schema.get(inclusive), option.schema.get(exclusive)
    if isinstance(limit, int | float):
        return shown(limit)
    if isinstance(beyond, int) and option.kind is Kind.INTEGER:
        return shown(beyond + step)
    return None


def moment(at: Instant | None, action_id: str) -> DateTimePickerElement:
    """Return a field for a day and a time, which Slack shows by the clocks of its user.

    Slack takes no first value of other than ten digits: the nearest such moment stands in for it.
    """
    initial = None if at is None else min(max(int(at), EARLIEST), LATEST)
    return DateTimePickerElement(action_id=action_id, initial_date_time=initial)


def files(option: Option, action_id: str) -> FileInputElement:
    """Return a field for as many files as the option and Slack take."""
    limit = option.schema.get("maxItems") if option.kind is Kind.ARRAY else 1
    most = int(limit) if isinstance(limit, int | float) else _MOST_FILES
    return FileInputElement(
        action_id=action_id,
        max_files=max(1, min(_MOST_FILES, most)),
        filetypes=list(words_for(option).extensions),
    )


def choice_of(text: str, value: str) -> Choice:
    """Return one entry of a menu or one box; `value` comes back when it is chosen."""
    return Choice(text=plain_text(shorten(text or "(empty)", _CHOICE_TEXT_LIMIT)), value=value)


def plain_text(text: str) -> PlainTextObject:
    """Return a text object without markup."""
    return PlainTextObject(text=text)


def text(value: str, longest: int, action_id: str, *, is_multiline: bool) -> PlainTextInputElement:
    """Return a field for text of at most `longest` characters."""
    return PlainTextInputElement(
        action_id=action_id,
        multiline=is_multiline,
        max_length=longest,
        initial_value=value or None,
    )
