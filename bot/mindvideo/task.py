"""Reads a task object of MindVideo, tolerantly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from types import MappingProxyType

from bot.base.addresses import InvalidAddressError, encoded
from bot.base.json import Parsed, identifier
from bot.base.patterns import lazy_compile
from bot.base.ports import MOST_OUTPUTS, Snapshot, TaskState
from bot.mindvideo.problems import clean, find_problem
from storage.job import Media, Output

NO_STATE = ""
"""The `state_text` of a snapshot that has data but no state."""

_STATES: Mapping[str, TaskState] = MappingProxyType(
    {state.value: state for state in TaskState if state is not TaskState.UNKNOWN}
)
"""The words of MindVideo's page."""

_SYNONYMS: Mapping[str, TaskState] = MappingProxyType(
    {
        word: state
        for state, words in {
            TaskState.QUEUED: "pending waiting submitted created accepted scheduled in_queue",
            TaskState.PROCESSING: "in_progress inprogress running started starting rendering"
            " generating working",
            TaskState.SUCCEEDED: "success succeed successful completed complete finished done",
            TaskState.FAILED: "failure fail error errored",
            TaskState.CANCELLED: "canceled cancel aborted",
        }.items()
        for word in words.split()
    }
)
"""The words of other services for the same states, behind which MindVideo's own may be."""

_TASK_FIELDS = ("task_id", "output", "cost_actual", "cost_estimate")
"""An object with one of these is about a task, and not about the call that returned it."""

_MEDIA = (("videos", Media.VIDEO), ("images", Media.IMAGE))
_STATE_KEYS = ("status", "state")
_KIND_KEYS = ("type", "event", "name")
_INNER_KEYS = ("data", "task", "payload")

_KIND_OF_TASK = lazy_compile(r"task[.:/_-](.+)", re.IGNORECASE)

_TASK_ID = lazy_compile(r"(?=.*[^.])[!-~]{1,200}")
"""An ID becomes a segment of a URL's path, where dots alone would change the path."""

_LONGEST_URL = 8000

_MOST_ITEMS = 1000
"""Outputs that are looked at; the same one may be listed more than once."""


def read_task(body: dict[str, Parsed]) -> Snapshot | None:
    """Return a snapshot of a task object, or of an event about one; `None` if it has no data.

    The object may wrap the task's fields in `data`, `task` or `payload`; every field may be
    missing, null, or text instead of a number; unknown fields are ignored.
    """
    layers = layers_of(body)
    state_text, state = _find_state(layers)
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
    return None if snapshot == _NOTHING else ended_by_files(snapshot)


def ended_by_files(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot as a success if it has files and a cost, whatever its state's name."""
    if (
        snapshot.state is TaskState.UNKNOWN
        and snapshot.outputs
        and snapshot.cost_actual is not None
    ):
        return replace(snapshot, state=TaskState.SUCCEEDED)
    return snapshot


_NOTHING = Snapshot(state=TaskState.UNKNOWN, state_text=NO_STATE)


def layers_of(body: dict[str, Parsed]) -> Sequence[dict[str, Parsed]]:
    """Return the objects that may hold a field, the innermost first."""
    inner = (body.get(key) for key in _INNER_KEYS)
    return [*(layer for layer in inner if isinstance(layer, dict)), body]


def kind_of(body: dict[str, Parsed]) -> str | None:
    """Return an event's name for itself, such as `task.succeeded`."""
    return next((word for key in _KIND_KEYS for word in _words([body], key)), None)


def is_state(word: str) -> bool:
    """Return whether a word that stands alone names a state.

    Of other services' words none does: `error` and `done` are events of a stream as well.
    """
    return _word(word) in _STATES or _word(word) == "canceled"


def _find_state(layers: Sequence[dict[str, Parsed]]) -> tuple[str, TaskState]:
    """Return the word for the state, and what it means."""
    for key in _STATE_KEYS:
        for layer in layers:
            value = layer.get(key)
            word = clean(str(value)) if isinstance(value, str | int) else None
            if word is not None:
                return word, _meaning(word, layer, layers)
    return _state_of_kind(kind_of(layers[-1]) or "")


def _meaning(word: str, layer: dict[str, Parsed], layers: Sequence[dict[str, Parsed]]) -> TaskState:
    """Return what a word in a layer means; a call has words for its own success as well."""
    if is_state(word):
        return _state_of(word)
    state = _state_of(word)
    is_wrapper = layer is not layers[0]
    is_of_call = state is TaskState.FAILED and not any(key in layer for key in _TASK_FIELDS)
    return TaskState.UNKNOWN if is_wrapper or is_of_call else state


def _state_of_kind(kind: str) -> tuple[str, TaskState]:
    """Return the state that an event names in its kind alone, such as `task.succeeded`."""
    named = _KIND_OF_TASK.fullmatch(kind)
    if named is not None and _state_of(named[1]) is not TaskState.UNKNOWN:
        return named[1], _state_of(named[1])
    last = re.split(r"[.:/_-]", kind)[-1]
    return (last, _state_of(last)) if is_state(last) else (NO_STATE, TaskState.UNKNOWN)


def _state_of(word: str) -> TaskState:
    known = _word(word)
    return _STATES.get(known) or _SYNONYMS.get(known, TaskState.UNKNOWN)


def _word(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip()).lower()


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
    """Return the first outputs of a task, each once."""
    if not isinstance(output, dict):
        return ()
    found = (
        Output(media=media, url=url)
        for key, media in _MEDIA
        for item in _items(output.get(key))
        for url in _urls(item)
    )
    first = dict.fromkeys(islice(found, _MOST_ITEMS))
    return tuple(islice(first, MOST_OUTPUTS))


def _items(value: Parsed) -> Sequence[Parsed]:
    return value if isinstance(value, list) else [value]


def _urls(item: Parsed) -> Iterator[str]:
    """Yield the item's address, which is signed: only what no URI may hold is encoded."""
    url = item.get("url") if isinstance(item, dict) else item
    if not isinstance(url, str) or len(url) > _LONGEST_URL:
        return
    with suppress(InvalidAddressError):
        address = encoded(url)
        if address.startswith(("http://", "https://")) and len(address) <= _LONGEST_URL:
            yield address


_AMOUNT = lazy_compile(r"\+?[0-9]{1,15}(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?")

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
