"""A call to MindVideo and its answer as plain values, and the choice of call to read a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Literal

from storage.job import Json


class TaskCall(StrEnum):
    """MindVideo's two calls that return a task's state; the task's memo names the one to use."""

    EVENTS = "events"
    TASK = "task"


MEMO_KEY = "look_by"
"""Key of the call's name in a memo. Databases hold it, so it must not change."""


def memo_of(call: TaskCall) -> Mapping[str, Json]:
    """Return the memo that says to use this call."""
    return {MEMO_KEY: call.value}


def call_of(memo: Mapping[str, Json]) -> TaskCall:
    """Return the call that a memo says to use; an empty memo says the events."""
    return TaskCall.TASK if memo.get(MEMO_KEY) == TaskCall.TASK else TaskCall.EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call to make. `path` starts with a slash and is percent-encoded."""

    method: Literal["GET", "POST"]
    path: str
    headers: Mapping[str, str]
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer. The names of `headers` are lower-case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    ended: bool = True
    """`False`: the body was cut, as that of a stream of events that stays open."""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES
