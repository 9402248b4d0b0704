"""Faults that a test injects into calls of the simulated MindVideo."""

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
    """The kind of a fault. `BEFORE`: the call has no effect; `AFTER`: it takes effect first."""

    LOST_BEFORE = "lost_before"
    """The connection closes; a submit is not charged."""
    LOST_AFTER = "lost_after"
    """The connection closes; a submit is charged."""
    ANSWER_BEFORE = "answer_before"
    """`status`, `retry_after` and `code` with `message`, or `body` with `content_type`."""
    ANSWER_AFTER = "answer_after"
    """The same, after the call took effect: a 500 with a charge, a 200 with HTML."""
    TRUNCATED_AFTER = "truncated_after"
    """The first half of the JSON, in an answer that is otherwise complete."""
    HUGE_AFTER = "huge_after"
    """The right JSON, with 10 MB of padding."""
    SLOW = "slow"
    """The call starts after `seconds`."""

    TASK_FAILS = "task_fails"
    """The task that this submit starts fails, with `message`; it costs nothing."""
    TASK_CANCELLED = "task_cancelled"
    """The task that this submit starts is cancelled halfway; it costs nothing."""
    TASK_NEVER_ENDS = "task_never_ends"
    """The task that this submit starts renders for ever."""
    COST_LATE = "cost_late"
    """The actual cost of the task that this submit starts is named `seconds` after its end."""
    COST_CHANGES = "cost_changes"
    """It is replaced by `value`, a decimal number, `seconds` after the task's end."""
    COST_ABSENT = "cost_absent"
    """It is never named, whatever becomes of the task."""

    STATE = "state"
    """`value` replaces the state, for example by an earlier or an unknown one."""
    COST = "cost"
    """`value`, a JSON text such as `NaN` or `"0.5"`, replaces `cost_actual`; no `value`: null."""
    NULLS = "nulls"
    """Every field but the task's ID and state is null."""
    NO_OUTPUT = "no_output"
    """The files and the actual cost are missing."""

    SHAPE = "shape"
    """`value` is the shape of the events, one of `Shape`."""
    REORDERED = "reordered"
    """The events come newest first."""
    DUPLICATED = "duplicated"
    """Every event comes twice."""
    GAPS = "gaps"
    """Only the newest event comes."""
    STRANGE_EVENTS = "strange_events"
    """Unknown events come in between."""

    FILE_EMPTY = "file_empty"
    """A file of 0 bytes."""
    FILE_CUT = "file_cut"
    """The connection closes after 99 % of `Content-Length`."""
    FILE_TOO_LONG = "file_too_long"
    """More bytes come than `Content-Length` says."""
    FILE_ENDLESS = "file_endless"
    """Bytes come without end and without `Content-Length`."""
    FILE_HUGE = "file_huge"
    """`Content-Length` is 5 GB."""
    FILE_UNSIZED = "file_unsized"
    """The right bytes, without `Content-Length`."""
    FILE_REDIRECT = "file_redirect"
    """A redirect to the URL in `value`."""


RESPONSE_FAULTS = frozenset(
    {
        FaultKind.LOST_BEFORE,
        FaultKind.LOST_AFTER,
        FaultKind.ANSWER_BEFORE,
        FaultKind.ANSWER_AFTER,
        FaultKind.TRUNCATED_AFTER,
        FaultKind.HUGE_AFTER,
    },
)
"""Faults of the answer. A call gets at most one of them, in the order in which they were added."""

OUTCOME_FAULTS = frozenset(
    {FaultKind.TASK_FAILS, FaultKind.TASK_CANCELLED, FaultKind.TASK_NEVER_ENDS},
)
"""How the task of a submit ends."""
AMOUNT_FAULTS = frozenset(
    {FaultKind.COST_LATE, FaultKind.COST_CHANGES, FaultKind.COST_ABSENT},
)
"""When the actual cost of the task of a submit is named."""
TASK_FAULTS = frozenset(
    {FaultKind.STATE, FaultKind.COST, FaultKind.NULLS, FaultKind.NO_OUTPUT},
)
"""Faults of a task object."""
EVENT_FAULTS = frozenset(
    {
        FaultKind.SHAPE,
        FaultKind.REORDERED,
        FaultKind.DUPLICATED,
        FaultKind.GAPS,
        FaultKind.STRANGE_EVENTS,
    },
)
FILE_FAULTS = frozenset(kind for kind in FaultKind if kind.name.startswith("FILE_"))

_POSSIBLE = {
    Call.SUBMIT: RESPONSE_FAULTS | {FaultKind.SLOW} | OUTCOME_FAULTS | AMOUNT_FAULTS,
    Call.TASK: RESPONSE_FAULTS | {FaultKind.SLOW} | TASK_FAULTS,
    Call.EVENTS: RESPONSE_FAULTS | {FaultKind.SLOW} | TASK_FAULTS | EVENT_FAULTS,
    Call.FILE: {FaultKind.LOST_BEFORE, FaultKind.ANSWER_BEFORE, FaultKind.SLOW} | FILE_FAULTS,
}


class Fault(BaseModel):
    """A fault to inject; as JSON it is the body of `POST /sandbox/faults`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: Call
    kind: FaultKind
    times: PositiveInt | None = 1
    """How many calls it affects; `None`: every one, until the faults are cleared."""
    status: int = 500
    code: str = "internal_error"
    message: str = "Something went wrong."
    body: str | None = None
    """Replaces the JSON with `code` and `message`."""
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
    """The faults to inject, in the order in which they were added."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    def add(self, fault: Fault) -> None:
        """Inject a fault into the next calls of `fault.call`."""
        self._waiting.append(_Waiting(fault, fault.times))

    def clear(self) -> None:
        """Remove all faults."""
        self._waiting.clear()

    def take(self, call: Call, kinds: Collection[FaultKind]) -> Fault | None:
        """Return the next fault of these kinds for a call, or `None`, and count its use."""
        for waiting in self._waiting:
            if waiting.fault.call is call and waiting.fault.kind in kinds:
                self._count(waiting)
                return waiting.fault
        return None

    def take_all(self, call: Call, kinds: Collection[FaultKind]) -> dict[FaultKind, Fault]:
        """Return the next fault of each of these kinds for a call, and count their uses."""
        taken = ((kind, self.take(call, {kind})) for kind in kinds)
        return {kind: fault for kind, fault in taken if fault is not None}

    def _count(self, waiting: _Waiting) -> None:
        if waiting.left is None:
            return
        waiting.left -= 1
        if waiting.left == 0:
            self._waiting.remove(waiting)
