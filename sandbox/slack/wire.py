"""How a call goes wrong on the wire, for every address of the simulated Slack."""

import asyncio

from aiohttp import web

from sandbox.slack.faults import Fault, FaultKind

POLL_SECONDS = 0.02
"""How often to look whether a caller who gets no answer has left."""


async def spoil(request: web.Request, fault: Fault) -> web.StreamResponse:
    """Answer as the fault says; what had to be done was done before."""
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            answer = {"ok": False, "error": "ratelimited"}
            return web.json_response(answer, status=429, headers=headers)
        case FaultKind.STATUS_BEFORE | FaultKind.STATUS_AFTER:
            return web.Response(
                status=fault.status, text=fault.body, content_type=fault.content_type
            )
        case FaultKind.GARBLED_AFTER:
            return web.Response(text=fault.body, content_type=fault.content_type)
        case FaultKind.SILENT_AFTER:
            while request.transport is not None:  # noqa: ASYNC110 - aiohttp has no such event
                await asyncio.sleep(POLL_SECONDS)
            return web.Response()
        case _:
            return lose(request)


def lose(request: web.Request) -> web.Response:
    """Close the connection; what is returned never arrives."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
