"""The bot's metrics for Prometheus; no label holds a user or a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from bot.base.log_stream import LOST, Loss
from storage.job import Stage

# From a fast acknowledgement to Slack's limit of three seconds.
_ACK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
# From one write to the store up to a large upload on a slow connection.
_STEP_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)


class Closed(StrEnum):
    """Why a connection was closed before its client wanted that."""

    DISPLACED = "displaced"
    """It made room for a new one."""
    OVERDUE = "overdue"
    REFUSED = "refused"
    """There was no room for it."""


class Metrics:
    """The metrics of one bot, in a registry of their own; the port `Observer`."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._jobs = Gauge(
            "video_bot_jobs", "Jobs that stand in a stage.", ["stage"], registry=registry
        )
        self._oldest_due = Gauge(
            "video_bot_oldest_due_seconds",
            "How long the oldest due job of a stage waits for its step; 0 if none is due.",
            ["stage"],
            registry=registry,
        )
        self._rows_unreadable = Gauge(
            "video_bot_rows_unreadable",
            "Rows of the store that cannot be read and are set aside.",
            registry=registry,
        )
        self._database_offset = Gauge(
            "video_bot_database_offset_seconds",
            "By how much this machine's clock is ahead of the database's; 0 for a file.",
            registry=registry,
        )
        self._asks = Counter(
            "video_bot_asks",
            "Asks by surface and answer.",
            ["surface", "answer"],
            registry=registry,
        )
        self._ack_seconds = Histogram(
            "video_bot_ack_seconds",
            "Time that a listener took to answer an ask, the commit included.",
            registry=registry,
            buckets=_ACK_SECONDS,
        )
        self._unserved = Counter(
            "video_bot_requests_unserved",
            "Requests of Slack's that no listener knows, or that lack what is needed.",
            ["request", "reason"],
            registry=registry,
        )
        self._refused = Counter(
            "video_bot_requests_refused",
            "HTTP requests in Slack's name that were refused, by the reason.",
            ["reason"],
            registry=registry,
        )
        self._connections = Gauge(
            "video_bot_connections", "Open connections to the HTTP port.", registry=registry
        )
        self._closed = Counter(
            "video_bot_connections_closed",
            "Connections that the bot closed to keep to its limits, by the reason.",
            ["reason"],
            registry=registry,
        )
        # Its counts also give the polls of MindVideo (rendering) and the deliveries (finished).
        self._step_seconds = Histogram(
            "video_bot_step_seconds",
            "Time that a step took, by the stage it starts from and its result.",
            ["stage", "result"],
            registry=registry,
            buckets=_STEP_SECONDS,
        )

        registry.register(_LostLines())

    def ask_answered(self, surface: str, answer: str, seconds: float) -> None:
        """Count an answer; `bot.base.ports.Observer` lists the values of `answer`."""
        self._asks.labels(surface, answer).inc()
        self._ack_seconds.observe(seconds)

    def request_unserved(self, kind: str, reason: str) -> None:
        """Count a request; `bot.base.ports.Observer` lists the values."""
        self._unserved.labels(kind, reason).inc()

    def request_refused(self, reason: str) -> None:
        """Count an HTTP request that is not Slack's, or that makes no sense."""
        self._refused.labels(reason).inc()

    def connections_open(self, count: int) -> None:
        """Set how many connections are open."""
        self._connections.set(count)

    def connection_closed(self, reason: Closed) -> None:
        """Count a connection that was closed before its client wanted that."""
        self._closed.labels(reason.value).inc()

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """Count a step; `bot.base.ports.Observer` describes `result`."""
        self._step_seconds.labels(step, result).observe(seconds)

    def count_stages(self, counts: Mapping[Stage, int]) -> None:
        """Set the number of jobs in each stage; a stage that is not in `counts` has none."""
        for stage in Stage:
            self._jobs.labels(stage.value).set(counts.get(stage, 0))

    def age_of_due(self, ages: Mapping[Stage, float]) -> None:
        """Set how many seconds the oldest due job of each stage has waited."""
        for stage in Stage:
            self._oldest_due.labels(stage.value).set(max(ages.get(stage, 0.0), 0.0))

    def count_unreadable(self, rows: int) -> None:
        """Set how many rows of the store cannot be read."""
        self._rows_unreadable.set(rows)

    def database_offset(self, seconds: float) -> None:
        """Set by how many seconds this machine's clock is ahead of the database's."""
        self._database_offset.set(seconds)

    def render(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry)


class _LostLines(Collector):
    """Reads the count that the log's stream keeps."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the lost lines of the log, by reason."""
        lines = CounterMetricFamily(
            "video_bot_log_lines_lost",
            "Lines of the log that could not be written.",
            labels=["reason"],
        )
        for loss in Loss:
            lines.add_metric([loss.value], LOST[loss])
        yield lines
