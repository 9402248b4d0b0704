"""Kills the bot while one of its calls is under way: the other side heard it, or did it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
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
class CallKiller:
    """Kills the bot during a chosen call, once, or holds the call until it is let go."""

    call: str | None = None
    moment: Moment = Moment.ARRIVED
    kill: Callable[[], None] | None = None
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a chosen call has arrived."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: nobody is held."""

    def aim(self, call: str, moment: Moment, kill: Callable[[], None]) -> None:
        """Let the next call of this kind find `kill` at that moment."""
        self.call, self.moment, self.kill = call, moment, kill

    def hold(self, call: str) -> None:
        """Hold calls of this kind, from their arrival until `release`."""
        self.call, self.kill = call, None
        self.arrived.clear()
        self.let_go.clear()

    def release(self) -> None:
        """Let go of what is held, and hold nothing more."""
        self.call = None
        self.let_go.set()

    def middleware(self) -> Middleware:
        """Return what an aiohttp application needs to be watched."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self.call is None or not re.fullmatch(CALLS[self.call], request.path):
                return await handler(request)
            self.arrived.set()
            if self.kill is not None:
                return await self._strike(self.kill, request, handler)
            await self.let_go.wait()
            return await handler(request)

        return watch

    async def _strike(
        self, kill: Callable[[], None], request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        self.call = None
        if self.moment is Moment.ARRIVED:
            kill()
            return web.Response(status=503)
        answer = await handler(request)
        kill()
        return answer
