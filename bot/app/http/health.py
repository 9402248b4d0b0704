"""`/healthz`, `/readyz` and `/metrics`, for a supervisor and a dashboard."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import web

from bot.base.metrics import Metrics
from bot.worker.scheduler import Scheduler
from storage.store import Store, StoreError

_UNAVAILABLE = 503
_STALLED = "the clock does not tick"


class Connection(Protocol):
    """The connection for Slack's requests, if the bot opens it (Socket Mode)."""

    async def is_connected(self) -> bool:
        """Return whether Slack's requests can arrive now."""


def register(
    site: web.Application,
    *,
    store: Store,
    scheduler: Scheduler,
    metrics: Metrics,
    connection: Connection | None,
    stopping: asyncio.Event,
) -> None:
    """Add the three routes to the site that also takes Slack's requests.

    `connection` is `None` if those come by HTTP.
    """

    async def alive(_: web.Request) -> web.Response:
        return _status(None if scheduler.is_alive() else _STALLED, healthy="alive")

    async def ready(_: web.Request) -> web.Response:
        return _status(await _obstacle(store, scheduler, connection, stopping), healthy="ready")

    async def metric_text(_: web.Request) -> web.Response:
        try:
            metrics.count_stages(await store.jobs.stage_counts())
        except StoreError as error:
            # Metrics without the jobs would look as if there were none.
            return web.Response(text=f"{error}\n", status=_UNAVAILABLE)
        return web.Response(body=metrics.render(), content_type="text/plain", charset="utf-8")

    site.router.add_get("/healthz", alive)
    site.router.add_get("/readyz", ready)
    site.router.add_get("/metrics", metric_text)


async def _obstacle(
    store: Store, scheduler: Scheduler, connection: Connection | None, stopping: asyncio.Event
) -> str | None:
    """Return why no request can be accepted now, or `None`."""
    if stopping.is_set():
        return "stopping"
    if not scheduler.is_alive():
        return _STALLED
    if connection is not None and not await connection.is_connected():
        return "not connected to Slack"
    try:
        await store.ping()
    except StoreError as error:
        return str(error)
    return None


def _status(obstacle: str | None, *, healthy: str) -> web.Response:
    if obstacle is None:
        return web.json_response({"status": healthy})
    return web.json_response({"status": obstacle}, status=_UNAVAILABLE)
