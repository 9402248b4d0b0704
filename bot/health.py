"""`/healthz`, `/readyz` and `/metrics`: what a supervisor and a dashboard ask."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.clock import Clock
from bot.metrics import Metrics
from storage.store import Store, StoreError


def register(
    site: web.Application, *, store: Store, clock: Clock, metrics: Metrics, stopping: asyncio.Event
) -> None:
    """Add the three routes to the site that also takes Slack's requests."""

    async def alive(_: web.Request) -> web.Response:
        if clock.is_alive():
            return web.json_response({"status": "alive"})
        return web.json_response({"status": "the clock does not tick"}, status=503)

    async def ready(_: web.Request) -> web.Response:
        if stopping.is_set():
            return web.json_response({"status": "stopping"}, status=503)
        if not clock.is_alive():
            return web.json_response({"status": "the clock does not tick"}, status=503)
        try:
            await store.ping()
        except StoreError as error:
            return web.json_response({"status": str(error)}, status=503)
        return web.json_response({"status": "ready"})

    async def figures(_: web.Request) -> web.Response:
        metrics.count_stages(await store.stage_counts())
        return web.Response(body=metrics.render(), content_type="text/plain", charset="utf-8")

    site.router.add_get("/healthz", alive)
    site.router.add_get("/readyz", ready)
    site.router.add_get("/metrics", figures)
