"""Faults of HTTP and of the connection, for every route of the simulated Slack."""

import asyncio

from aiohttp import web

from sandbox.slack.faults import Fault, FaultKind

POLL_SECONDS = 0.02
"""Pause between checks whether a client that gets no answer has disconnected."""


async def answer_with_fault(request: web.Request, fault: Fault) -> web.StreamResponse:
    """Answer as the fault says. The caller has applied any effect of the call before."""
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
            return drop_connection(request)


def drop_connection(request: web.Request) -> web.Response:
    """Close the connection; the response that is returned is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
