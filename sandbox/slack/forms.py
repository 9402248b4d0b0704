"""Slack's `state` of the fields that a person filled in, and Slack's own validation of them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from sandbox.slack.blocks import elements_of
from sandbox.slack.entities import Payload, RefusalError
from sandbox.slack.payloads import file_json
from sandbox.slack.world import World

Values = Mapping[str, Mapping[str, object]]
"""Values of fields: block ID → action ID → plain value, as the demo page sends it."""

_TEXTS = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})
_BUTTONS = frozenset({"button", "feedback_buttons", "icon_button"})
"""Elements without a state."""
_ONE_OF = frozenset({"static_select", "radio_buttons", "overflow"})
_SOME_OF = frozenset({"multi_static_select", "checkboxes"})

# Type of element → the names of the fields with its value and with its initial value.
_PICKERS: Mapping[str, tuple[str, str]] = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
}

REQUIRED = "Please complete this required field."


def state_of(world: World, blocks: object, values: Values) -> Payload:
    """Return the `state.values` of a view or message; an untouched field has its initial value."""
    state: dict[str, Payload] = {}
    for block, element in _inputs(blocks):
        block_id, action_id = str(block["block_id"]), str(element.get("action_id"))
        given = values.get(block_id, {}).get(action_id)
        state.setdefault(block_id, {})[action_id] = element_state(world, element, given)
    return dict(state)


def element_state(world: World, element: Payload, given: object) -> Payload:
    """Return an element's state with a plain value; `None` means that it was not touched."""
    kind = str(element["type"])
    if kind in _TEXTS:
        text = element.get("initial_value") if given is None else str(given)
        return {"type": kind, "value": text or None}
    if kind in _ONE_OF:
        chosen = element.get("initial_option") if given is None else _option(element, given)
        return {"type": kind, "selected_option": chosen}
    if kind in _SOME_OF:
        many = element.get("initial_options", []) if given is None else _options(element, given)
        return {"type": kind, "selected_options": many}
    if kind == "file_input":
        files = given if isinstance(given, list) else []
        shown = [file_json(world, world.files.file(str(file_id))) for file_id in files]
        return {"type": kind, "files": shown}
    if kind in _PICKERS:
        name, initial = _PICKERS[kind]
        return {"type": kind, name: element.get(initial) if given is None else _picked(kind, given)}
    return {"type": kind}


def pressed_button(element: Payload, value: object) -> Payload:
    """Return text and value of the feedback button that has this value. Raises `RefusalError`."""
    pair = (element["positive_button"], element["negative_button"])
    for button in pair:
        if isinstance(button, dict) and button["value"] == value:
            return {"text": button["text"], "value": value}
    raise RefusalError("no_such_option", value=str(value))


def validation_errors(blocks: object, state: Payload) -> dict[str, str]:
    """Return the errors by block ID for which Slack does not send a form to the bot."""
    found: dict[str, str] = {}
    for block, element in _inputs(blocks):
        block_id = str(block["block_id"])
        fields = state.get(block_id)
        value = fields.get(str(element.get("action_id"))) if isinstance(fields, dict) else None
        if isinstance(value, dict) and block.get("type") == "input":
            error = _validation_error(block, element, value)
            if error is not None:
                found[block_id] = error
    return found


def find_element(blocks: object, action_id: str, block_id: str | None) -> tuple[str, Payload]:
    """Return an element and its block's ID, the ID first. Raises `RefusalError`."""
    for block in blocks if isinstance(blocks, list) else []:
        if block_id is None or block.get("block_id") == block_id:
            for element in elements_of(block):
                if element.get("action_id") == action_id:
                    return str(block["block_id"]), element
    raise RefusalError("no_such_element", action_id=action_id)


def _inputs(blocks: object) -> Iterator[tuple[Payload, Payload]]:
    for block in blocks if isinstance(blocks, list) else []:
        for element in elements_of(block):
            if "action_id" in element and element.get("type") not in _BUTTONS:
                yield block, element


def _validation_error(block: Payload, element: Payload, value: Payload) -> str | None:
    content = next((part for name, part in value.items() if name != "type"), None)
    if not content:
        return None if block.get("optional") else REQUIRED
    if element["type"] == "number_input":
        return _number_error(element, str(content))
    if element["type"] == "plain_text_input":
        return _length_error(element, str(content))
    return None


def _number_error(element: Payload, text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and number != number.to_integral_value():
        return "Please enter a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and number < Decimal(str(low)):
        return f"Please enter a number of at least {low}."
    if high is not None and number > Decimal(str(high)):
        return f"Please enter a number of at most {high}."
    return None


def _length_error(element: Payload, text: str) -> str | None:
    longest = element.get("max_length")
    if isinstance(longest, int) and len(text) > longest:
        return f"Please use at most {longest} characters."
    shortest = element.get("min_length")
    if isinstance(shortest, int) and len(text) < shortest:
        return f"Please use at least {shortest} characters."
    return None


def _picked(kind: str, given: object) -> object:
    """Return what was picked; a day with a time is in seconds, and may be taken away again."""
    if kind != "datetimepicker":
        return str(given)
    return None if given == "" else int(str(given))


def _option(element: Payload, value: object) -> Payload:
    for option in elements_of([element.get("options", []), element.get("option_groups", [])]):
        if option.get("value") == value:
            return option
    raise RefusalError("no_such_option", value=str(value))


def _options(element: Payload, values: object) -> list[Payload]:
    return [_option(element, value) for value in (values if isinstance(values, list) else [])]
