"""The spans of OpenTelemetry, sent to a collector by OTLP over HTTP: the extra `otel`.

The variables OTEL_… that this module does not read, its library reads from the environment:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import MappingProxyType

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace import Tracer as OtelTracer
from opentelemetry.trace.propagation import set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bot.app.roles import Role
from bot.base.traces import Attribute, SpanName, Tracer, TraceSpan

SERVICE = "slack-video-bot"
ROLE = "video_bot.role"

CLOSE_SECONDS = 2.0
"""How long the end of the bot waits for the last spans; a collector that hangs loses them."""

_TRACES_PATH = "v1/traces"
_HEADER = "traceparent"
_PROPAGATOR = TraceContextTextMapPropagator()

_WORD = re.compile(r"[\w.:+/-]{1,100}", re.ASCII)
_OTHER = "other"


def word(value: str) -> str:
    """Return a value as it may be exported: a word stays, and a text, whatever it is, does not."""
    return value if _WORD.fullmatch(value) else _OTHER


class _Recorded:
    """A span that is exported; the port `TraceSpan`."""

    def __init__(self, tracer: OtelTracer, span: OtelSpan) -> None:
        self._tracer = tracer
        self._span = span

    @property
    def traceparent(self) -> str | None:
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, set_span_in_context(self._span, Context()))
        return carrier.get(_HEADER)

    def part(self, name: SpanName) -> TraceSpan:
        return _begin(self._tracer, name, set_span_in_context(self._span, Context()))

    def note(self, name: Attribute, value: str | int) -> None:
        self._span.set_attribute(name.value, value if isinstance(value, int) else word(value))

    def end(self, error: BaseException | None) -> None:
        if error is not None:
            self.note(Attribute.ERROR, type(error).__name__)
            # Without a description: an error's text may quote a prompt or an address.
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class _Recording:
    """Makes spans that are exported; the port `Tracer`."""

    is_on = True

    def __init__(self, tracer: OtelTracer) -> None:
        self._tracer = tracer

    def begin(self, name: SpanName, traceparent: str | None = None) -> TraceSpan:
        carrier = {} if traceparent is None else {_HEADER: traceparent}
        return _begin(self._tracer, name, _PROPAGATOR.extract(carrier, Context()))


def _begin(tracer: OtelTracer, name: SpanName, context: Context) -> _Recorded:
    span = tracer.start_span(
        name.value,
        context,
        kind=_KINDS.get(name, SpanKind.CLIENT),
        record_exception=False,
        set_status_on_exception=False,
    )
    return _Recorded(tracer, span)


_KINDS = MappingProxyType(
    {
        SpanName.ASK: SpanKind.SERVER,
        SpanName.STEP: SpanKind.CONSUMER,
        SpanName.COMMIT: SpanKind.INTERNAL,
    }
)
"""The kinds of spans; all others are calls of other services."""


@asynccontextmanager
async def exporting(endpoint: str, role: Role) -> AsyncIterator[Tracer]:
    """Make a tracer whose spans a thread sends to the collector at `endpoint`, in batches.

    A collector that does not answer delays nothing and loses its spans.
    """
    told = OTELResourceDetector().detect().attributes
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: SERVICE, ROLE: role.name, **told}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/{_TRACES_PATH}")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield _Recording(provider.get_tracer(SERVICE))
    finally:
        # A daemon: the process does not wait for it at its end.
        closing = threading.Thread(target=provider.shutdown, daemon=True, name="last spans")
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_SECONDS)
