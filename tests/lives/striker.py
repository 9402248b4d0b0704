"""Kills the bot while one of its calls is under way: the other side heard it, or did it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


class Moment(StrEnum):
    """How far the call has come."""

    ARRIVED = "arrived"
    """The other side has the request and has done nothing yet."""
    DONE = "done"
    """The other side has done it and has not answered yet."""


CALLS = {
    "post": "/api/chat.postMessage",
    "update": "/api/chat.update",
    "reserve": "/api/files.getUploadURLExternal",
    "upload": "/upload/v1/.*",
    "share": "/api/files.completeUploadExternal",
    "look at file": "/api/files.info",
    "submit": "/api/v1/tasks",
    "events": "/api/v1/tasks/.*/events",
    "download": "/files/.*",
}
"""The paths of what the bot calls, as patterns."""


@dataclass(slots=True)
class Striker:
    """Calls `kill` at the chosen moment of the next call of the chosen kind, once."""

    call: str | None = None
    moment: Moment = Moment.ARRIVED
    kill: Callable[[], None] | None = None
    held: asyncio.Event | None = None
    """Set: calls of the chosen kind wait for it instead, and nothing is killed."""
    arrived: asyncio.Event | None = None
    """Set as soon as a call of the chosen kind has arrived."""

    def aim(self, call: str, moment: Moment, kill: Callable[[], None]) -> None:
        """Choose the call, the moment and how to kill."""
        self.call, self.moment, self.kill = call, moment, kill

    def hold(self, call: str) -> tuple[asyncio.Event, asyncio.Event]:
        """Let calls of this kind wait; return what tells that one came, and what lets them go."""
        self.call, self.arrived, self.held = call, asyncio.Event(), asyncio.Event()
        return self.arrived, self.held

    def middleware(self) -> Middleware:
        """Return what an aiohttp application needs to be watched."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self.call is None or not re.fullmatch(CALLS[self.call], request.path):
                return await handler(request)
            if self.arrived is not None and self.held is not None:
                self.arrived.set()
                await self.held.wait()
                return await handler(request)
            return await self._strike(request, handler)

        return watch

    async def _strike(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        kill, self.call, self.kill = self.kill, None, None
        assert kill is not None
        if self.moment is Moment.ARRIVED:
            kill()
            return web.Response(status=503)
        answer = await handler(request)
        kill()
        return answer
