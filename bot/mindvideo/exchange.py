"""One call to MindVideo and its answer, as plain values; and which call tells how a task goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Literal

from storage.job import Json


class TaskCall(StrEnum):
    """Which of MindVideo's two calls tells how a task goes; the one to use is kept in its memo."""

    EVENTS = "events"
    TASK = "task"


MEMO_KEY = "look_by"
"""Where a memo has the call's name; it is in stores and never changed."""


def memo_of(call: TaskCall) -> Mapping[str, Json]:
    """Return the memo that says to use this call."""
    return {MEMO_KEY: call.value}


def call_of(memo: Mapping[str, Json]) -> TaskCall:
    """Return the call that a memo says to use; the first time, the events."""
    return TaskCall.TASK if memo.get(MEMO_KEY) == TaskCall.TASK else TaskCall.EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call to make: `path` starts with a slash and is ready for the wire."""

    method: Literal["GET", "POST"]
    path: str
    headers: Mapping[str, str]
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `headers` have names in small letters."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    ended: bool = True
    """`False`: a stream of events that was left while it was still open."""

    @property
    def is_success(self) -> bool:
        """Whether the status says that it was done."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES
