"""The checks that Slack makes on blocks and views before it shows them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from sandbox.slack.entities import Payload, RefusalError

MOST_IN_MESSAGE = 50
MOST_IN_VIEW = 100
"""https://docs.slack.dev/reference/block-kit/blocks"""

# https://docs.slack.dev/reference/block-kit, limits of each element: (type, field) → characters.
_LONGEST: Mapping[tuple[str, str], int] = {
    ("button", "text"): 75,
    ("button", "value"): 2000,
    ("header", "text"): 150,
    ("input", "label"): 2000,
    ("input", "hint"): 2000,
    ("image", "alt_text"): 2000,
    ("option", "text"): 75,
    ("option", "value"): 150,
    ("option", "description"): 75,
    ("confirm", "title"): 100,
    ("confirm", "text"): 300,
    ("confirm", "confirm"): 30,
    ("confirm", "deny"): 30,
    ("feedback_button", "text"): 75,
    ("feedback_button", "value"): 2000,
    ("any", "accessibility_label"): 75,
    ("any", "action_id"): 255,
    ("any", "block_id"): 255,
    ("any", "placeholder"): 150,
}

# How many items a list of an element may have: (type, field) → (fewest, most).
_ITEM_COUNTS: Mapping[tuple[str, str], tuple[int, int]] = {
    ("actions", "elements"): (1, 25),
    ("context", "elements"): (1, 10),
    ("context_actions", "elements"): (1, 5),
    ("static_select", "options"): (1, 100),
    ("multi_static_select", "options"): (1, 100),
    ("radio_buttons", "options"): (1, 10),
    ("checkboxes", "options"): (1, 10),
    ("overflow", "options"): (1, 5),
}

_CONTEXT_ACTIONS = frozenset({"feedback_buttons", "icon_button"})
"""The elements of `context_actions`, which stand nowhere else.

https://docs.slack.dev/reference/block-kit/blocks/context-actions-block
"""
_TIMESTAMP_DIGITS = 10


def checked_blocks(blocks: Sequence[Payload], *, most: int = MOST_IN_MESSAGE) -> list[Payload]:
    """Return the blocks, each with an ID. Raises `RefusalError` where Slack refuses them."""
    if len(blocks) > most:
        raise _invalid(f"no more than {most} items allowed")
    for block in blocks:
        _check_block(json.dumps(block))
    named = [{"block_id": f"b{place}", **block} for place, block in enumerate(blocks)]
    if len({str(block["block_id"]) for block in named}) < len(named):
        raise _invalid("block_id must be unique")
    return named


def checked_view(view: Payload) -> Payload:
    """Return a modal or Home tab, with an ID in each block.

    Raises `RefusalError` where Slack refuses it.
    """
    try:
        View(**view).validate_json()  # type: ignore[arg-type]  # the model checks them
    except (SlackObjectFormationError, TypeError, AttributeError) as error:
        raise RefusalError(
            "invalid_arguments", response_metadata={"messages": [str(error)]}
        ) from error
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        raise RefusalError("invalid_arguments")
    if any(block.get("type") == "context_actions" for block in blocks):
        raise _invalid("unsupported type: context_actions")
    if any(block.get("type") == "input" for block in blocks) and view["type"] == "modal":
        _require_submit(view)
    return {**view, "blocks": checked_blocks(blocks, most=MOST_IN_VIEW)}


def elements_of(value: object) -> Iterator[Payload]:
    """Yield every JSON object in `value`, itself first."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from elements_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from elements_of(part)


def check_pictures(value: object, may_show: Callable[[str], bool]) -> None:
    """Raise `RefusalError` if a block shows a file of Slack's that it may not show.

    https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object
    """
    for element in elements_of(value):
        file = element.get("slack_file")
        if file is not None and not (isinstance(file, dict) and may_show(str(file.get("id")))):
            raise _invalid("invalid slack file")


def _require_submit(view: Payload) -> None:
    if not view.get("submit"):
        raise RefusalError(
            "invalid_arguments",
            response_metadata={"messages": ["submit is required with input blocks"]},
        )


# A message is edited many times, and most of its blocks stay: each is checked once.
@lru_cache(maxsize=1024)
def _check_block(written: str) -> None:
    block = json.loads(written)
    _check_model(block)
    _check_context_actions(block)
    elements = block.get("elements")
    named = [_named(one) for one in elements] if isinstance(elements, list) else elements
    for element in elements_of({**block, "elements": named}):
        _check_limits(element)


def _check_model(block: Payload) -> None:
    try:
        model = Block.parse(block)
        if model is None:
            raise _invalid(f"unsupported type: {block.get('type')}")
        model.validate_json()
    except (SlackObjectFormationError, TypeError, ValueError, AttributeError) as error:
        raise _invalid(str(error)) from error


def _check_context_actions(block: Payload) -> None:
    """Check that these elements stand in their own block, and nothing else stands there."""
    if block["type"] != "context_actions":
        if any(element.get("type") in _CONTEXT_ACTIONS for element in elements_of(block)):
            raise _invalid(f"{block['type']}: unsupported element of context_actions")
        return
    elements = block.get("elements")
    inside = elements if isinstance(elements, list) else []
    if any(element.get("type") not in _CONTEXT_ACTIONS for element in inside):
        raise _invalid("context_actions: unsupported element")


def _named(element: Payload) -> Payload:
    """Return an element with the types of parts that Slack tells by their names."""
    if element.get("type") != "feedback_buttons":
        return element
    return {
        name: {"type": "feedback_button", **part} if isinstance(part, dict) else part
        for name, part in element.items()
    }


def _check_limits(element: Payload) -> None:
    # Neither has a type: a confirmation dialog has answers, an option has none.
    kind = str(element.get("type", "confirm" if "deny" in element else "option"))
    for name, value in element.items():
        longest = _LONGEST.get((kind, name)) or _LONGEST.get(("any", name))
        if longest is not None and len(_text_of(value)) > longest:
            raise _invalid(f"{kind}: {name} must be less than {longest + 1} characters")
        if name == "text" and kind in {"mrkdwn", "plain_text"} and not _text_of(value):
            raise _invalid(f"{kind}: text must be more than 0 characters")
        fewest, most = _ITEM_COUNTS.get((kind, name), (0, MOST_IN_VIEW))
        if isinstance(value, list) and not fewest <= len(value) <= most:
            raise _invalid(f"{kind}: {name} must hold {fewest} to {most} items")
    if kind == "datetimepicker" and not _is_ten_digits(element.get("initial_date_time")):
        raise _invalid("datetimepicker: initial_date_time must be an integer of 10 digits")
    accessory = element.get("accessory")
    if isinstance(accessory, dict) and accessory.get("type") == "datetimepicker":
        raise _invalid("datetimepicker: must be in an actions or an input block")
    if kind == "image" and not element.get("alt_text"):
        raise _invalid("image: missing required field: alt_text")


def _is_ten_digits(value: object) -> bool:
    """Tell whether Slack takes a value as the first one of a picker; none is taken, too.

    https://docs.slack.dev/reference/block-kit/block-elements/datetime-picker-element
    """
    return value is None or (type(value) is int and len(str(value)) == _TIMESTAMP_DIGITS)


def _text_of(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("text", ""))
    return str(value)


def _invalid(reason: str) -> RefusalError:
    return RefusalError("invalid_blocks", response_metadata={"messages": [f"[ERROR] {reason}"]})
