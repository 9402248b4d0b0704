"""The simulated MindVideo's events, in each shape that the real ones may have."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sandbox.mindvideo.faults import Fault, FaultKind
from sandbox.values import Instant, Json


class Shape(StrEnum):
    """How `/events` answers."""

    TASK = "task"
    """The task object, as from `GET /tasks/{id}`; MindVideo's page shows this shape."""
    LIST = "list"
    EVENTS = "events"
    """An object with the list under this key; so for the next two."""
    DATA = "data"
    ITEMS = "items"
    STREAM = "stream"
    """Server-sent events."""
    OPEN_STREAM = "open_stream"
    """Server-sent events on a connection that stays open."""
    BARE = "bare"
    """A list whose events have a state and no other data of the task."""
    EMPTY = "empty"
    MISSING = "missing"
    """404."""
    NOT_ALLOWED = "not_allowed"
    """405."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An answer's text and its content type."""

    text: str
    content_type: str


_ESSENTIAL = frozenset({"task_id", "status"})


def render_events(
    shape: Shape,
    task: Mapping[str, Json],
    history: Sequence[tuple[Instant, str]],
    faults: Collection[FaultKind],
) -> Rendered:
    """Return the events of a task in a shape, altered by `faults`."""
    events = _events_with_faults(_events(shape, task, history), faults)
    match shape:
        case Shape.TASK:
            return _json(task)
        case Shape.EVENTS | Shape.DATA | Shape.ITEMS:
            return _json({shape.value: events, "has_more": False})
        case Shape.STREAM | Shape.OPEN_STREAM:
            text = ": hello\n\n" + "".join(map(_block, events))
            return Rendered(text=text, content_type="text/event-stream")
        case Shape.EMPTY:
            return _json([])
        case _:
            return _json(events)


def task_with_faults(task: dict[str, Json], faults: Mapping[FaultKind, Fault]) -> dict[str, Json]:
    """Return a task object altered by `faults`."""
    body = dict(task)
    if FaultKind.NULLS in faults:
        body = {key: value if key in _ESSENTIAL else None for key, value in body.items()}
    if FaultKind.NO_OUTPUT in faults:
        body = {key: body[key] for key in body if key not in {"output", "cost_actual"}}
    if FaultKind.COST in faults:
        value = faults[FaultKind.COST].value
        body["cost_actual"] = None if value is None else json.loads(value)
    if FaultKind.STATE in faults:
        body["status"] = faults[FaultKind.STATE].value
    return body


def to_json(value: Json) -> str:
    """Return JSON text; it may hold `NaN`, like that of some servers."""
    return json.dumps(value)


def _json(value: Json) -> Rendered:
    return Rendered(text=to_json(value), content_type="application/json")


def _events(
    shape: Shape, task: Mapping[str, Json], history: Sequence[tuple[Instant, str]]
) -> list[dict[str, Json]]:
    """Return an event for each state; the newest one holds the task object."""
    events: list[dict[str, Json]] = [
        {
            "type": f"task.{state}",
            "sequence": number,
            "created_at": at,
            "task_id": task["task_id"],
            "status": state,
        }
        for number, (at, state) in enumerate(history, start=1)
    ]
    events[-1]["status"] = task["status"]
    if shape is not Shape.BARE:
        events[-1]["data"] = task
    return events


def _events_with_faults(
    events: list[dict[str, Json]], faults: Collection[FaultKind]
) -> list[dict[str, Json]]:
    if FaultKind.GAPS in faults:
        events = events[-1:]
    if FaultKind.DUPLICATED in faults:
        events = [event for event in events for _ in range(2)]
    if FaultKind.STRANGE_EVENTS in faults:
        events = [{"type": "task.mood", "mood": "cheerful"}, *events, {"heartbeat": True}]
    if FaultKind.REORDERED in faults:
        events = events[::-1]
    return events


def _block(event: Mapping[str, Json]) -> str:
    """Return one server-sent event, its data over several lines with the line ends of HTTP."""
    data = "".join(f"data: {line}\r\n" for line in json.dumps(event, indent=1).splitlines())
    return f"event: {event.get('type', 'message')}\r\n{data}\r\n"
