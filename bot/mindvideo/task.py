"""Reads a task object of MindVideo, tolerantly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from urllib.parse import urlsplit

from bot.base.json import Parsed, identifier
from bot.base.ports import Snapshot, TaskState
from bot.mindvideo.problems import clean, find_problem
from storage.job import Media, Output

NO_STATE = ""
"""The `state_text` of a snapshot that has data but no state."""

_STATES = {state.value: state for state in TaskState if state is not TaskState.UNKNOWN}
# MindVideo's page spells it "cancelled"; the American spelling is accepted too.
_STATES["canceled"] = TaskState.CANCELLED

_MEDIA = (("videos", Media.VIDEO), ("images", Media.IMAGE))
_STATE_KEYS = ("status", "state")
_KIND_KEYS = ("type", "event", "name")
_INNER_KEYS = ("data", "task", "payload")

_TASK_ID = re.compile(r"(?=.*[^.])[!-~]{1,200}")
"""An ID becomes a segment of a URL's path, where dots alone would change the path."""

_URL = re.compile(r"https?://[!-~]{1,8000}", re.IGNORECASE)


def read_task(body: dict[str, Parsed]) -> Snapshot | None:
    """Return a snapshot of a task object, or of an event about one; `None` if it has no data.

    The object may wrap the task's fields in `data`, `task` or `payload`; every field may be
    missing, null, or text instead of a number; unknown fields are ignored.
    """
    layers = layers_of(body)
    state_text = _state_text(layers)
    state = _STATES.get(state_text.lower(), TaskState.UNKNOWN)
    problem = find_problem(body)
    went_wrong = _went_wrong(state, layers)
    snapshot = Snapshot(
        state=state,
        state_text=state_text,
        task_id=_task_id(layers),
        request_id=next(_words(layers, "request_id"), None),
        cost_estimate=_amount(layers, "cost_estimate"),
        cost_actual=_amount(layers, "cost_actual"),
        outputs=next(filter(None, map(_outputs, _values(layers, "output"))), ()),
        problem=problem.message if went_wrong else None,
        problem_code=problem.code if went_wrong else None,
    )
    return None if snapshot == _NOTHING else snapshot


_NOTHING = Snapshot(state=TaskState.UNKNOWN, state_text=NO_STATE)


def layers_of(body: dict[str, Parsed]) -> Sequence[dict[str, Parsed]]:
    """Return the objects that may hold a field, the innermost first."""
    inner = (body.get(key) for key in _INNER_KEYS)
    return [*(layer for layer in inner if isinstance(layer, dict)), body]


def kind_of(body: dict[str, Parsed]) -> str | None:
    """Return an event's name for itself, such as `task.succeeded`."""
    return next((word for key in _KIND_KEYS for word in _words([body], key)), None)


def is_state(word: str) -> bool:
    """Return whether a word names one of MindVideo's states."""
    return word.lower() in _STATES


def _state_text(layers: Sequence[dict[str, Parsed]]) -> str:
    for key in _STATE_KEYS:
        for value in _values(layers, key):
            word = clean(str(value)) if isinstance(value, str | int) else None
            if word is not None:
                return word
    # An event may name the state only in its kind: `task.succeeded`.
    kind = kind_of(layers[-1]) or ""
    last = re.split(r"[.:/_-]", kind)[-1]
    return last if is_state(last) else NO_STATE


def _went_wrong(state: TaskState, layers: Sequence[dict[str, Parsed]]) -> bool:
    ended_badly = state.is_terminal and state is not TaskState.SUCCEEDED
    return ended_badly or any(_values(layers, "error"))


def _task_id(layers: Sequence[dict[str, Parsed]]) -> str | None:
    return next((word for word in _words(layers, "task_id") if _TASK_ID.fullmatch(word)), None)


def _values(layers: Sequence[dict[str, Parsed]], key: str) -> Iterator[Parsed]:
    return (layer[key] for layer in layers if layer.get(key) is not None)


def _words(layers: Sequence[dict[str, Parsed]], key: str) -> Iterator[str]:
    return (word for word in map(identifier, _values(layers, key)) if word is not None)


def _amount(layers: Sequence[dict[str, Parsed]], key: str) -> Decimal | None:
    amounts = map(read_amount, _values(layers, key))
    return next((amount for amount in amounts if amount is not None), None)


def _outputs(output: Parsed) -> tuple[Output, ...]:
    if not isinstance(output, dict):
        return ()
    found = (
        Output(media=media, url=url)
        for key, media in _MEDIA
        for item in _items(output.get(key))
        for url in _urls(item)
    )
    return tuple(dict.fromkeys(found))


def _items(value: Parsed) -> Sequence[Parsed]:
    return value if isinstance(value, list) else [value]


def _urls(item: Parsed) -> Iterator[str]:
    url = item.get("url") if isinstance(item, dict) else item
    if isinstance(url, str) and _URL.fullmatch(url.strip()) and _has_host(url.strip()):
        yield url.strip()


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


_AMOUNT = re.compile(r"\+?[0-9]{1,15}(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?")

_TOO_LARGE = Decimal(10) ** 9
"""From here on an amount is an error: no render costs that much, and a message has no room."""

_SMALLEST_EXPONENT = -20
"""More decimals are an error as well."""


def read_amount(value: Parsed) -> Decimal | None:
    """Return the exact amount, or `None` for a value that is none: unknown is not zero.

    Takes numbers and numbers as text; refuses negative, infinite and implausible ones.
    """
    match value:
        case str():
            text = value.strip()
            return _plausible(Decimal(text)) if _AMOUNT.fullmatch(text) else None
        case int() | Decimal() if not isinstance(value, bool):
            return _plausible(Decimal(value))
        case _:
            return None


def _plausible(amount: Decimal) -> Decimal | None:
    if not amount.is_finite() or not 0 <= amount < _TOO_LARGE:
        return None
    exponent = amount.as_tuple().exponent
    too_fine = isinstance(exponent, int) and exponent < _SMALLEST_EXPONENT
    return None if too_fine else abs(amount)
