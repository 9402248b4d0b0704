"""Spans: how long each piece of work took, joined to the request that caused it.

What makes spans goes through `Tracer`; without one, nothing here does more than read one variable.
No span holds a prompt, a secret or a person: `Attribute` lists what it may say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Protocol


class Attribute(StrEnum):
    """What a span says, by the names that are exported. A value is a word of ours, or a number."""

    REQUEST = "video_bot.request"
    """The kind of a request of Slack's: `command`, or the type of its payload or event."""
    ROW = "video_bot.row"
    """The ID of a row that is no job."""
    JOB = "video_bot.job"
    MODEL = "video_bot.model"
    STEP = "video_bot.step"
    OUTCOME = "video_bot.outcome"
    """Of a step, as in the metrics."""
    CALL = "video_bot.call"
    """The method of Slack's Web API."""
    METHOD = "http.request.method"
    STATUS = "http.response.status_code"
    ERROR = "error.type"
    """The class of the error with which the work ended."""


class SpanName(StrEnum):
    """The kinds of work that spans are of."""

    ASK = "ask"
    """A request of Slack's, until its answer."""
    STEP = "step"
    COMMIT = "commit"
    """A write to the store, with the wait for it."""
    SLACK = "call slack"
    MINDVIDEO = "call mindvideo"
    FILE_HOST = "call file host"
    """A look at a finished file, or its download until its first byte."""


class TraceSpan(Protocol):
    """A piece of work that is under way."""

    @property
    def traceparent(self) -> str | None:
        """What another process needs to continue the trace; `None` if nothing is recorded.

        https://www.w3.org/TR/trace-context/#traceparent-header
        """

    def part(self, name: SpanName) -> TraceSpan:
        """Begin a part of this work, or what follows from it."""

    def note(self, name: Attribute, value: str | int) -> None:
        """Say something about the work."""

    def end(self, error: BaseException | None) -> None:
        """End the work; of an error the class is noted, and never its text."""


class Tracer(Protocol):
    """Begins the spans that have no other one around them."""

    is_on: bool
    """Whether there are spans at all."""

    def begin(self, name: SpanName, traceparent: str | None = None) -> TraceSpan:
        """Begin a span, which continues the trace of `traceparent` if it is given."""


class _NoSpan:
    """Records nothing."""

    traceparent = None

    def part(self, name: SpanName) -> TraceSpan:  # noqa: ARG002 - the port's
        return self

    def note(self, name: Attribute, value: str | int) -> None:
        """Do nothing."""

    def end(self, error: BaseException | None) -> None:
        """Do nothing."""


class NoTracer:
    """Makes no spans: the port `Tracer` of a bot that nobody traces."""

    is_on = False

    def begin(self, name: SpanName, traceparent: str | None = None) -> TraceSpan:  # noqa: ARG002
        """Return a span that records nothing."""
        return _NO_SPAN


_NO_SPAN = _NoSpan()
NO_TRACER = NoTracer()

_CURRENT: ContextVar[TraceSpan | None] = ContextVar("_CURRENT", default=None)
"""The span of the work that is under way, also in the tasks that it starts."""


def current_span() -> TraceSpan | None:
    """Return the span of the work that is under way."""
    return _CURRENT.get()


def current_traceparent() -> str | None:
    """Return what a row keeps, so that the steps of it continue the trace of the present work."""
    span = _CURRENT.get()
    return None if span is None else span.traceparent


def note(name: Attribute, value: str | int) -> None:
    """Say something about the work that is under way."""
    span = _CURRENT.get()
    if span is not None:
        span.note(name, value)


def leave_span() -> None:
    """Let what this task does from now on belong to no span.

    A timer keeps the variables of whoever set it: what a request wakes would belong to it for ever.
    """
    if _CURRENT.get() is not None:
        _CURRENT.set(None)


@contextmanager
def spanning(span: TraceSpan) -> Iterator[TraceSpan]:
    """Let what the context does belong to the span, which ends with it."""
    token = _CURRENT.set(span)
    problem: BaseException | None = None
    try:
        yield span
    except BaseException as error:
        problem = error
        raise
    finally:
        _CURRENT.reset(token)
        span.end(problem)


@contextmanager
def spanning_commit(tracer: Tracer) -> Iterator[None]:
    """Let the context be a commit: a part of the work that is under way, or for itself."""
    around = _CURRENT.get()
    commit = SpanName.COMMIT
    with spanning(tracer.begin(commit) if around is None else around.part(commit)):
        yield
