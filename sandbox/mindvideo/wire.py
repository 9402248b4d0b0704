"""Faults of HTTP and of the connection at the simulated MindVideo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

from sandbox.mindvideo.events import to_json
from sandbox.mindvideo.faults import RESPONSE_FAULTS, Call, Fault, FaultKind, Faults
from sandbox.values import Json

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PADDING = 10 * 2**20
_POLL_SECONDS = 0.02


def failure(status: int, code: str, message: str) -> web.Response:
    """Return an error answer of the simulated MindVideo."""
    body: Json = {"error": {"code": code, "message": message}, "request_id": "req_sandbox_error"}
    return web.Response(status=status, text=to_json(body), content_type="application/json")


async def answer(
    request: web.Request, call: Call, faults: Faults, respond: Handler
) -> web.StreamResponse:
    """Return the answer of `respond`, or the next fault's answer for this call."""
    slow = faults.take(call, {FaultKind.SLOW})
    if slow is not None:
        await asyncio.sleep(slow.seconds)
    fault = faults.take(call, RESPONSE_FAULTS)
    if fault is None:
        return await respond(request)
    match fault.kind:
        case FaultKind.LOST_BEFORE:
            return _drop_connection(request)
        case FaultKind.ANSWER_BEFORE:
            return _answer(fault)
        case _:
            return _alter(request, fault, await respond(request))


def _alter(request: web.Request, fault: Fault, answer: web.StreamResponse) -> web.StreamResponse:
    match fault.kind:
        case FaultKind.LOST_AFTER:
            return _drop_connection(request)
        case FaultKind.ANSWER_AFTER:
            return _answer(fault)
        case FaultKind.TRUNCATED_AFTER:
            text = _text(answer)
            return _json(text[: len(text) // 2])
        case _:
            return _json(json.dumps({**json.loads(_text(answer)), "padding": "x" * _PADDING}))


async def keep_open(request: web.Request, text: str, content_type: str) -> web.StreamResponse:
    """Send the text, and keep the connection open until the client disconnects."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(request)
    await response.write(text.encode())
    while request.transport is not None:  # noqa: ASYNC110 - aiohttp has no event for it
        await asyncio.sleep(_POLL_SECONDS)
    return response


def _drop_connection(request: web.Request) -> web.Response:
    """Close the connection; the response that is returned is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _answer(fault: Fault) -> web.Response:
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    if fault.body is None:
        response = failure(fault.status, fault.code, fault.message)
        response.headers.update(headers)
        return response
    headers["Content-Type"] = fault.content_type
    return web.Response(status=fault.status, body=fault.body.encode(), headers=headers)


def _text(response: web.StreamResponse) -> str:
    return (response.text or "") if isinstance(response, web.Response) else ""


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")
