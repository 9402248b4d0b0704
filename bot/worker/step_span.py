"""The span of a step, which continues the trace of the request that its row comes from."""

from __future__ import annotations

from typing import assert_never

from bot.base.traces import Attribute, SpanName, Tracer, TraceSpan
from storage.home import HomeView
from storage.job import Job
from storage.notification import Notification
from storage.store import Row


def begin_step_span(tracer: Tracer, label: str, row: Row) -> TraceSpan:
    """Begin the span of a row's step, which has this label in the metrics."""
    match row:
        case Job():
            span = tracer.begin(SpanName.STEP, row.traceparent)
            span.note(Attribute.JOB, row.id)
            span.note(Attribute.MODEL, row.model)
        case Notification():
            span = tracer.begin(SpanName.STEP, row.traceparent)
            span.note(Attribute.ROW, row.id)
            if row.job_id is not None:
                span.note(Attribute.JOB, row.job_id)
        case HomeView():
            # Its ID names a person.
            span = tracer.begin(SpanName.STEP)
        case _:
            assert_never(row)
    span.note(Attribute.STEP, label)
    return span
