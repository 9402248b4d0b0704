"""Faults on request: what goes wrong at the simulated MindVideo, at which call, how often."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, PositiveInt, model_validator


class Call(StrEnum):
    """The calls of the simulated MindVideo."""

    SUBMIT = "submit"
    TASK = "task"
    EVENTS = "events"
    FILE = "file"


class FaultKind(StrEnum):
    """What goes wrong. `BEFORE`: nothing was done; `AFTER`: done, then it goes wrong."""

    LOST_BEFORE = "lost_before"
    """The connection closes; a submit is not charged."""
    LOST_AFTER = "lost_after"
    """The connection closes; a submit is charged."""
    ANSWER_BEFORE = "answer_before"
    """`status`, `retry_after` and `code` with `message`, or `body` with `content_type`."""
    ANSWER_AFTER = "answer_after"
    """The same, after it was done: a 500 with a charge, a 200 with HTML."""
    TRUNCATED_AFTER = "truncated_after"
    """The first half of the JSON, as if that were all."""
    HUGE_AFTER = "huge_after"
    """The right JSON, with 10 MB of padding."""
    SLOW = "slow"
    """`seconds` pass before anything is done."""

    TASK_FAILS = "task_fails"
    """The task that this submit starts fails, with `message`; it costs nothing."""
    TASK_CANCELLED = "task_cancelled"
    """The task that this submit starts is cancelled halfway; it costs nothing."""
    TASK_NEVER_ENDS = "task_never_ends"
    """The task that this submit starts renders for ever."""

    STATE = "state"
    """`value` is told as the state: one that goes back, one that nobody knows."""
    COST = "cost"
    """`value`, a JSON text such as `NaN` or `"0.5"`, is told as `cost_actual`; none: no cost."""
    NULLS = "nulls"
    """Every field but the task's ID and state is null."""
    NO_OUTPUT = "no_output"
    """Neither files nor the actual cost are told."""

    SHAPE = "shape"
    """`value` is the shape of the events, one of `Shape`."""
    REORDERED = "reordered"
    """The events come newest first."""
    DUPLICATED = "duplicated"
    """Every event comes twice."""
    GAPS = "gaps"
    """Only the newest event comes."""
    STRANGE_EVENTS = "strange_events"
    """Events that nobody knows come in between."""

    FILE_EMPTY = "file_empty"
    """A file of 0 bytes."""
    FILE_CUT = "file_cut"
    """The connection closes after 99 % of the promised bytes."""
    FILE_TOO_LONG = "file_too_long"
    """More bytes come than were promised."""
    FILE_ENDLESS = "file_endless"
    """Bytes come without end, and without a promise of how many."""
    FILE_HUGE = "file_huge"
    """5 GB are promised."""
    FILE_UNSIZED = "file_unsized"
    """The right bytes, without a promise of how many."""
    FILE_REDIRECT = "file_redirect"
    """A redirect to the URL in `value`."""


WIRE = frozenset(
    {
        FaultKind.LOST_BEFORE,
        FaultKind.LOST_AFTER,
        FaultKind.ANSWER_BEFORE,
        FaultKind.ANSWER_AFTER,
        FaultKind.TRUNCATED_AFTER,
        FaultKind.HUGE_AFTER,
    },
)
"""One of these at most strikes a call, in the order in which they were asked for."""

FATES = frozenset(
    {FaultKind.TASK_FAILS, FaultKind.TASK_CANCELLED, FaultKind.TASK_NEVER_ENDS},
)
ANSWER_FAULTS = frozenset(
    {FaultKind.STATE, FaultKind.COST, FaultKind.NULLS, FaultKind.NO_OUTPUT},
)
EVENTS = frozenset(
    {
        FaultKind.SHAPE,
        FaultKind.REORDERED,
        FaultKind.DUPLICATED,
        FaultKind.GAPS,
        FaultKind.STRANGE_EVENTS,
    },
)
FILES = frozenset(kind for kind in FaultKind if kind.name.startswith("FILE_"))

_POSSIBLE = {
    Call.SUBMIT: WIRE | {FaultKind.SLOW} | FATES,
    Call.TASK: WIRE | {FaultKind.SLOW} | ANSWER_FAULTS,
    Call.EVENTS: WIRE | {FaultKind.SLOW} | ANSWER_FAULTS | EVENTS,
    Call.FILE: {FaultKind.LOST_BEFORE, FaultKind.ANSWER_BEFORE, FaultKind.SLOW} | FILES,
}


class Fault(BaseModel):
    """One thing that goes wrong; as JSON it is the body of `POST /sandbox/faults`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: Call
    kind: FaultKind
    times: PositiveInt | None = 1
    """How many calls it strikes; `None`: every one, until the faults are cleared."""
    status: int = 500
    code: str = "internal_error"
    message: str = "Something went wrong."
    body: str | None = None
    """Instead of the JSON with `code` and `message`."""
    content_type: str = "application/json"
    retry_after: str | None = None
    seconds: float = 0.0
    value: str | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.kind not in _POSSIBLE[self.call]:
            raise ValueError(f"{self.kind} cannot happen at {self.call}")
        return self


@dataclass(slots=True)
class _Waiting:
    fault: Fault
    left: int | None


class Faults:
    """What still has to go wrong, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    def add(self, fault: Fault) -> None:
        """Let the next calls of its kind meet this fault."""
        self._waiting.append(_Waiting(fault, fault.times))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._waiting.clear()

    def take(self, call: Call, kinds: Collection[FaultKind]) -> Fault | None:
        """Return the fault that strikes this call now, and count it."""
        for waiting in self._waiting:
            if waiting.fault.call is call and waiting.fault.kind in kinds:
                self._count(waiting)
                return waiting.fault
        return None

    def take_all(self, call: Call, kinds: Collection[FaultKind]) -> dict[FaultKind, Fault]:
        """Return at most one fault of each of these kinds, and count them."""
        taken = ((kind, self.take(call, {kind})) for kind in kinds)
        return {kind: fault for kind, fault in taken if fault is not None}

    def _count(self, waiting: _Waiting) -> None:
        if waiting.left is None:
            return
        waiting.left -= 1
        if waiting.left == 0:
            self._waiting.remove(waiting)
