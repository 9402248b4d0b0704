"""`/healthz`, `/readyz` and `/metrics`, for a supervisor and a dashboard.

They may be asked as often as somebody likes: what the store is asked for is kept for a while.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from aiohttp import web

from bot.app.http.slack_requests import SlackRequests
from bot.base.metrics import Metrics
from bot.worker.scheduler import Scheduler
from storage.budget import UncheckedRestore
from storage.job import Instant, Stage
from storage.store import Store, StoreError, Unreadable

KEPT_SECONDS = 1.0
"""How long the counts of jobs, and an error of the store, are kept."""
PROBE_SECONDS = 10.0
"""How long it is believed that the store can be written. To find out takes a write."""

WAITING_SECONDS = 60.0
"""A job that is due for longer is told of: perhaps no process works."""

_UNAVAILABLE = 503
_STALLED = "the clock does not tick"

T = TypeVar("T")


class Connection(Protocol):
    """The connection for Slack's requests, if the bot opens it (Socket Mode)."""

    async def is_connected(self) -> bool:
        """Return whether Slack's requests can arrive now."""


class Kept(Generic[T]):
    """The outcome of a call to the store, kept for some seconds; at most one call at once."""

    def __init__(
        self,
        call: Callable[[], Awaitable[T]],
        *,
        seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._call = call
        self._seconds = seconds
        self._now = now
        self._lock = asyncio.Lock()
        self._outcome: T | StoreError | None = None
        self._until = -1.0

    async def get(self) -> T | StoreError | None:
        """Return the outcome; an error is kept for `KEPT_SECONDS`."""
        async with self._lock:
            if self._now() >= self._until:
                seconds = self._seconds
                try:
                    self._outcome = await self._call()
                except StoreError as error:
                    self._outcome, seconds = error, min(seconds, KEPT_SECONDS)
                self._until = self._now() + seconds
            return self._outcome


def register(
    site: web.Application,
    *,
    store: Store,
    scheduler: Scheduler | None,
    metrics: Metrics,
    connection: Connection | None,
    slack: SlackRequests | None,
    stopping: asyncio.Event,
    now: Callable[[], Instant],
) -> None:
    """Add the three routes to the site that may also take Slack's requests.

    `connection` is `None` if those do not come over a websocket, and `slack` if they do not come
    by HTTP. `scheduler` is `None` in a process that leaves the work to others.
    """
    probe = Kept(store.ping, seconds=PROBE_SECONDS)
    counts = Kept(store.jobs.stage_counts, seconds=KEPT_SECONDS)
    oldest_due = Kept(lambda: store.jobs.oldest_due(now()), seconds=KEPT_SECONDS)
    unreadable = Kept(store.unreadable, seconds=KEPT_SECONDS)
    restored = Kept(store.budgets.unchecked_restores, seconds=KEPT_SECONDS)

    async def alive(_: web.Request) -> web.Response:
        return _status(_STALLED if _is_stalled(scheduler) else None, healthy="alive")

    async def ready(_: web.Request) -> web.Response:
        obstacle = await _obstacle(probe, scheduler, connection, stopping)
        # Anybody can send a wrong signature, so that alone takes no bot out of service; nor does a
        # row that is set aside, while all others go on; nor do budgets that count too little; nor
        # do jobs that wait, because to be asked is not to work.
        details = (
            slack.obstacle if slack else None,
            _unreadable_told(await unreadable.get()),
            _restored_told(await restored.get()),
            _waiting_told(await oldest_due.get(), now()),
        )
        return _status(obstacle, healthy="ready", detail="; ".join(filter(None, details)))

    async def metric_text(_: web.Request) -> web.Response:
        found = await counts.get()
        if isinstance(found, StoreError):
            # Metrics without the jobs would look as if there were none.
            return web.Response(text=f"{found}\n", status=_UNAVAILABLE)
        metrics.count_stages(found or {})
        oldest = await oldest_due.get()
        if isinstance(oldest, dict):
            metrics.age_of_due({stage: now() - due_at for stage, due_at in oldest.items()})
        broken = await unreadable.get()
        metrics.count_unreadable(len(broken) if isinstance(broken, list) else 0)
        return web.Response(body=metrics.render(), content_type="text/plain", charset="utf-8")

    site.router.add_get("/healthz", alive)
    site.router.add_get("/readyz", ready)
    site.router.add_get("/metrics", metric_text)


def _is_stalled(scheduler: Scheduler | None) -> bool:
    """Return whether the clock does not tick; that a process without one lives, its answer says."""
    return scheduler is not None and not scheduler.is_alive()


async def _obstacle(
    probe: Kept[None],
    scheduler: Scheduler | None,
    connection: Connection | None,
    stopping: asyncio.Event,
) -> str | None:
    """Return why no request can be accepted now, or `None`."""
    if stopping.is_set():
        return "stopping"
    if _is_stalled(scheduler):
        return _STALLED
    if connection is not None and not await connection.is_connected():
        return "not connected to Slack"
    failed = await probe.get()
    return None if failed is None else str(failed)


def _unreadable_told(rows: list[Unreadable] | StoreError | None) -> str | None:
    """Return how many rows cannot be read, or `None` if all can."""
    match rows:
        case [_]:
            return "1 row of the store cannot be read: see `jobs list`"
        case [_, *_]:
            return f"{len(rows)} rows of the store cannot be read: see `jobs list`"
        case _:
            return None


def _restored_told(restores: list[UncheckedRestore] | StoreError | None) -> str | None:
    """Return that budgets may count too little, or `None` if they do not."""
    if not isinstance(restores, list) or not restores:
        return None
    return "budgets may count too little since a backup was restored: see `/video budget`"


def _waiting_told(oldest: dict[Stage, Instant] | StoreError | None, now: Instant) -> str | None:
    """Return for how long the oldest due job has waited, or `None` if that is not long."""
    if not isinstance(oldest, dict) or not oldest:
        return None
    seconds = now - min(oldest.values())
    if seconds < WAITING_SECONDS:
        return None
    return f"a job has been due for {seconds:.0f} s: does a worker run?"


def _status(obstacle: str | None, *, healthy: str, detail: str | None = None) -> web.Response:
    told = {"detail": detail} if detail else {}
    if obstacle is None:
        return web.json_response({"status": healthy, **told})
    return web.json_response({"status": obstacle, **told}, status=_UNAVAILABLE)
