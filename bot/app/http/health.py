"""`/healthz`, `/readyz` and `/metrics`: what a supervisor and a dashboard ask."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import web

from bot.base.metrics import Metrics
from bot.worker.scheduler import Scheduler
from storage.store import Store, StoreError

_UNAVAILABLE = 503
_CLOCK = "the clock does not tick"


class Connection(Protocol):
    """What Slack's requests come over, where the bot connects and not Slack."""

    async def is_connected(self) -> bool:
        """Tell whether Slack can reach us now."""


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

    `connection` is `None` where these come by HTTP.
    """

    async def alive(_: web.Request) -> web.Response:
        return _status(None if scheduler.is_alive() else _CLOCK, well="alive")

    async def ready(_: web.Request) -> web.Response:
        return _status(await _obstacle(store, scheduler, connection, stopping), well="ready")

    async def metric_text(_: web.Request) -> web.Response:
        try:
            metrics.count_stages(await store.jobs.stage_counts())
        except StoreError as error:
            # Figures without the jobs would read as if there were none.
            return web.Response(text=f"{error}\n", status=_UNAVAILABLE)
        return web.Response(body=metrics.render(), content_type="text/plain", charset="utf-8")

    site.router.add_get("/healthz", alive)
    site.router.add_get("/readyz", ready)
    site.router.add_get("/metrics", metric_text)


async def _obstacle(
    store: Store, scheduler: Scheduler, connection: Connection | None, stopping: asyncio.Event
) -> str | None:
    """Return why an ask could not be taken now, or `None`."""
    if stopping.is_set():
        return "stopping"
    if not scheduler.is_alive():
        return _CLOCK
    if connection is not None and not await connection.is_connected():
        return "not connected to Slack"
    try:
        await store.ping()
    except StoreError as error:
        return str(error)
    return None


def _status(obstacle: str | None, *, well: str) -> web.Response:
    if obstacle is None:
        return web.json_response({"status": well})
    return web.json_response({"status": obstacle}, status=_UNAVAILABLE)
