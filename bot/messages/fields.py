"""The elements by which a form asks for an option, each within Slack's limits."""

from __future__ import annotations

import json

from bot.messages.blocks import Block, shorten
from bot.options.form_fields import TICKED, choice_key
from bot.options.schema import Kind, Option
from bot.options.wording import shown
from storage.job import Json

# https://docs.slack.dev/reference/block-kit/composition-objects/option-object
_OPTION_TEXT = 75
LONGEST_TEXT = 3000
"""https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element"""
# https://docs.slack.dev/reference/block-kit/block-elements/file-input-element
_MOST_FILES = 10
# Of the types in `bot.options.attachments`; the content is looked at before a job is sent.
_EXTENSIONS = ("png", "jpg", "jpeg", "webp")


def as_text(value: Json) -> str:
    """Return a value as it stands in a field for text; a list has one item per line."""
    if not isinstance(value, list | tuple):
        return shown(value)
    lines = [shown(item) for item in value]
    if any("\n" in line or not line.strip() or line.lstrip().startswith("[") for line in lines):
        return json.dumps(value, ensure_ascii=False)
    return "\n".join(lines)


def select(option: Option, value: Json) -> Block:
    """Return a menu of the option's choices with `value` chosen; `None`: none of them."""
    choices = {
        shown(choice): choice_of(shown(choice), choice_key(position, choice))
        for position, choice in enumerate(option.choices)
    }
    element: dict[str, Json] = {"type": "static_select", "options": list(choices.values())}
    if value is not None:
        element["initial_option"] = choices[shown(value)]
    return element


def checkbox(label: str, *, is_ticked: bool) -> Block:
    """Return one box to tick."""
    box = choice_of(label, TICKED)
    element: dict[str, Json] = {"type": "checkboxes", "options": [box]}
    if is_ticked:
        element["initial_options"] = [box]
    return element


def number(option: Option, value: Json) -> Block:
    """Return a field for a number within the option's limits."""
    is_whole = option.kind is Kind.INTEGER
    element: dict[str, Json] = {"type": "number_input", "is_decimal_allowed": not is_whole}
    for ours, theirs, beyond, step in (
        ("minimum", "min_value", "exclusiveMinimum", 1),
        ("maximum", "max_value", "exclusiveMaximum", -1),
    ):
        limit = option.schema.get(ours)
        next_to = option.schema.get(beyond)
        if isinstance(limit, int | float):
            element[theirs] = shown(limit)
        elif isinstance(next_to, int) and is_whole:
            element[theirs] = shown(next_to + step)
    if value is not None:
        element["initial_value"] = shown(value)
    return element


def files(option: Option) -> Block:
    """Return a field for as many files as the option and Slack take."""
    limit = option.schema.get("maxItems") if option.kind is Kind.ARRAY else 1
    most = int(limit) if isinstance(limit, int | float) else _MOST_FILES
    return {
        "type": "file_input",
        "max_files": max(1, min(_MOST_FILES, most)),
        "filetypes": list(_EXTENSIONS),
    }


def choice_of(text: str, value: str) -> Block:
    """Return one entry of a menu or one box; `value` comes back when it is chosen."""
    return {"text": plain_text(shorten(text or "(empty)", _OPTION_TEXT)), "value": value}


def plain_text(text: str) -> Block:
    """Return text in which nothing is markup."""
    return {"type": "plain_text", "text": text}


def text(value: str, longest: int, *, is_multiline: bool) -> Block:
    """Return a field for text of at most `longest` characters."""
    element: dict[str, Json] = {
        "type": "plain_text_input",
        "multiline": is_multiline,
        "max_length": longest,
    }
    if value:
        element["initial_value"] = value
    return element
