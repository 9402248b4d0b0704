"""A collector of spans on this machine: what the bot exports, as it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from bot.base.traces import Attribute, SpanName
from sandbox.server import serve

_PATH = "/v1/traces"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSpan:
    """A span as it was sent."""

    name: str
    trace: str
    id: str
    parent: str
    """Empty if there is none."""
    role: str
    """Of the process that made it."""
    said: Mapping[str, str]
    """Its attributes."""
    is_error: bool

    def value(self, name: Attribute) -> str:
        """Return what it says of this; empty if it says nothing."""
        return self.said.get(name.value, "")


@dataclass
class SpanCollector:
    """What came so far."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    """The bytes of each batch."""

    @property
    def spans(self) -> list[SentSpan]:
        """All spans, in the order in which they ended."""
        return [span for body in self.bodies for span in _spans(body)]

    @property
    def text(self) -> str:
        """All that was sent but the IDs of spans, which are made of chance."""
        return "".join(_without_ids(body) for body in self.bodies)

    def named(self, name: SpanName) -> list[SentSpan]:
        """Return the spans of one kind of work."""
        return [span for span in self.spans if span.name == name]

    async def take(self, request: web.Request) -> web.Response:
        """Keep what an exporter sends."""
        self.bodies.append(await request.read())
        return web.Response()


@asynccontextmanager
async def span_collector() -> AsyncIterator[SpanCollector]:
    """Serve a collector while the context lasts."""
    collector = SpanCollector()
    app = web.Application(client_max_size=2**26)
    app.router.add_post(_PATH, collector.take)
    async with serve(app) as url:
        collector.url = url
        yield collector


def _spans(body: bytes) -> list[SentSpan]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        SentSpan(
            name=span.name,
            trace=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            role=_texts(batch.resource.attributes).get("video_bot.role", ""),
            said=_texts(span.attributes),
            is_error=span.status.code == span.status.STATUS_CODE_ERROR,
        )
        for batch in request.resource_spans
        for scope in batch.scope_spans
        for span in scope.spans
    ]


def _without_ids(body: bytes) -> str:
    request = ExportTraceServiceRequest.FromString(body)
    for batch in request.resource_spans:
        for scope in batch.scope_spans:
            for span in scope.spans:
                for name in ("trace_id", "span_id", "parent_span_id"):
                    span.ClearField(name)
    return str(request)


def _texts(pairs: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: pair.value.string_value or str(pair.value.int_value) for pair in pairs}
