"""Reads an answer of `/events` and merges its events into one snapshot.

MindVideo does not document the shape of its events, so each common one is understood: a task
object, a list, an object that holds the list, server-sent events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce

from bot.base.json import Parsed, parse_exact
from bot.base.patterns import lazy_compile
from bot.base.ports import Snapshot, TaskState
from bot.mindvideo.task import (
    NO_STATE,
    ended_by_files,
    is_state,
    kind_of,
    layers_of,
    read_task,
)

_LIST_KEYS = ("events", "data", "items")

_ORDER_KEYS = (
    "sequence",
    "seq",
    "index",
    "timestamp",
    "time",
    "at",
    "ts",
    "occurred_at",
    "updated_at",
    "created_at",
)
"""Fields that may order the events by time, the most reliable first."""

# The field names of https://html.spec.whatwg.org/multipage/server-sent-events.html
_STREAM_LINE = lazy_compile(r"(?:(?:data|event|id|retry)(?::|$)|:)", re.MULTILINE)
_LINE_END = lazy_compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The merged snapshot of the events, and the kinds of the events that were not understood."""

    snapshot: Snapshot | None
    """`None`: the events had no state that could be read."""
    strange: frozenset[str] = frozenset()


def read_events(content_type: str, text: str) -> Reading:
    """Merge the events of an answer. Never raises: content that cannot be read is ignored."""
    value = _parsed(content_type, text)
    known: list[tuple[dict[str, Parsed], Snapshot]] = []
    strange: set[str] = set()
    for event in _listed(value):
        snapshot = read_task(event)
        if snapshot is None:
            strange.add(kind_of(event) or "without a name")
        else:
            known.append((event, snapshot))
    folded = fold([*(snapshot for _, snapshot in _in_order(known)), *_enclosing(value)])
    if folded is not None and folded.state_text == NO_STATE:
        folded = None
    return Reading(snapshot=folded, strange=frozenset(strange))


def fold(snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """Merge snapshots, given oldest first.

    The newest value of each field wins; a field that a later snapshot lacks is kept; the first
    terminal state stays, whatever follows it.
    """
    if not snapshots:
        return None
    folded = ended_by_files(reduce(_merge, snapshots))
    if folded.state is not TaskState.SUCCEEDED:
        return folded
    return replace(folded, problem=None, problem_code=None)


def _merge(old: Snapshot, new: Snapshot) -> Snapshot:
    moved = not old.state.is_terminal and new.state_text != NO_STATE
    return replace(
        new,
        state=new.state if moved else old.state,
        state_text=new.state_text if moved else old.state_text,
        task_id=new.task_id or old.task_id,
        request_id=new.request_id or old.request_id,
        cost_estimate=old.cost_estimate if new.cost_estimate is None else new.cost_estimate,
        cost_actual=old.cost_actual if new.cost_actual is None else new.cost_actual,
        outputs=new.outputs or old.outputs,
        problem=new.problem or old.problem,
        problem_code=new.problem_code or old.problem_code,
    )


def _parsed(content_type: str, text: str) -> Parsed:
    if content_type.lower().startswith("text/event-stream"):
        return list(_stream(text))
    try:
        return parse_exact(text)
    except ValueError:
        # Some servers stream without saying so in the header.
        return list(_stream(text)) if _STREAM_LINE.match(text) else None


def _listed(value: Parsed) -> Iterator[dict[str, Parsed]]:
    """Yield the events in a JSON value: those of its list, or the value itself."""
    match value:
        case list():
            yield from (event for item in value for event in _item(item))
        case dict():
            key = _list_key(value)
            if key is None:
                yield value
            else:
                yield from _listed(value[key])
        case _:
            return


def _enclosing(value: Parsed) -> Iterator[Snapshot]:
    """Yield a snapshot of the object that holds the list of events: the task's present state."""
    if not isinstance(value, dict) or (key := _list_key(value)) is None:
        return
    snapshot = read_task({name: field for name, field in value.items() if name != key})
    if snapshot is not None and not is_state(snapshot.state_text):
        # Another word here, such as `"ok"`, is about the answer, not about the task.
        snapshot = replace(snapshot, state=TaskState.UNKNOWN, state_text=NO_STATE)
    if snapshot is not None:
        yield snapshot
    yield from _enclosing(value[key])


def _list_key(value: dict[str, Parsed]) -> str | None:
    """Return the key under which an object holds the events, itself or one level down."""
    for key in _LIST_KEYS:
        inner = value.get(key)
        if isinstance(inner, list):
            return key
        if isinstance(inner, dict) and any(isinstance(inner.get(k), list) for k in _LIST_KEYS):
            return key
    return None


def _item(value: Parsed) -> Iterator[dict[str, Parsed]]:
    if isinstance(value, dict):
        yield value
    elif isinstance(value, str) and is_state(value):
        yield {"status": value}


def _stream(text: str) -> Iterator[dict[str, Parsed]]:
    """Yield the events of a `text/event-stream`; a last one without its blank line counts too."""
    fields: dict[str, list[str]] = {}
    for line in [*_LINE_END.split(text), ""]:
        if not line:
            yield from _dispatch(fields)
            fields = {}
            continue
        name, _, value = line.partition(":")
        fields.setdefault(name, []).append(value.removeprefix(" "))


def _dispatch(fields: dict[str, list[str]]) -> Iterator[dict[str, Parsed]]:
    """Yield the events of one block of lines; a comment is a field with an empty name."""
    if "data" not in fields:
        return
    text = "\n".join(fields["data"])
    around: dict[str, Parsed] = {}
    if "event" in fields:
        around["event"] = fields["event"][-1]
    if "id" in fields:
        around["sequence"] = fields["id"][-1]
    try:
        value = parse_exact(text)
    except ValueError:
        value = text.strip()
    match value:
        case dict():
            yield {**around, **value}
        case list():
            yield from _listed(value)
        case str() if is_state(value):
            yield {**around, "status": value}
        case _:
            yield around


def _in_order(
    events: Sequence[tuple[dict[str, Parsed], Snapshot]],
) -> Sequence[tuple[dict[str, Parsed], Snapshot]]:
    """Return the events oldest first: by the first field that most have, else as received.

    An event that lacks it stays behind the one that it was received behind.
    """
    columns = ([_moment(event, key) for event, _ in events] for key in _ORDER_KEYS)
    best = max(columns, key=lambda moments: sum(moment is not None for moment in moments))
    filled = _filled(best)
    return [events[i] for i in sorted(range(len(events)), key=filled.__getitem__)]


def _filled(moments: Sequence[Decimal | None]) -> Sequence[Decimal]:
    """Return the moments with that of the nearest known one in place of each unknown one."""
    known = next((moment for moment in moments if moment is not None), Decimal(0))
    filled: list[Decimal] = []
    for moment in moments:
        known = known if moment is None else moment
        filled.append(known)
    return filled


def _moment(event: dict[str, Parsed], key: str) -> Decimal | None:
    """Return the value of a field as a number to order by; it may be an ISO 8601 date."""
    value = next((layer[key] for layer in reversed(layers_of(event)) if key in layer), None)
    match value:
        case bool():
            return None
        case int() | Decimal():
            number = Decimal(value)
            return number if number.is_finite() else None
        case str():
            return _number(value) if value.isdigit() else _date(value)
        case _:
            return None


def _number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"[0-9]{1,30}", text) else None


def _date(text: str) -> Decimal | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Decimal(str(aware.timestamp()))
