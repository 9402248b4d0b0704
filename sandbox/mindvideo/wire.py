"""How the simulated MindVideo answers when a call is struck by a fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

from sandbox.mindvideo.events import to_json
from sandbox.mindvideo.faults import WIRE, Call, Fault, FaultKind, Faults
from sandbox.values import Json

Respond: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PADDING = 10 * 2**20
_POLL_SECONDS = 0.02


def failure(status: int, code: str, message: str) -> web.Response:
    """Return an error as the simulated MindVideo writes it."""
    body: Json = {"error": {"code": code, "message": message}, "request_id": "req_sandbox_error"}
    return web.Response(status=status, text=to_json(body), content_type="application/json")


async def answer(
    request: web.Request, call: Call, faults: Faults, respond: Respond
) -> web.StreamResponse:
    """Let `respond` do its work, unless a fault comes before it, and spoil what it answers."""
    slow = faults.take(call, {FaultKind.SLOW})
    if slow is not None:
        await asyncio.sleep(slow.seconds)
    fault = faults.take(call, WIRE)
    if fault is None:
        return await respond(request)
    match fault.kind:
        case FaultKind.LOST_BEFORE:
            return _lose(request)
        case FaultKind.ANSWER_BEFORE:
            return _answer(fault)
        case _:
            return _spoil(request, fault, await respond(request))


def _spoil(request: web.Request, fault: Fault, right: web.StreamResponse) -> web.StreamResponse:
    match fault.kind:
        case FaultKind.LOST_AFTER:
            return _lose(request)
        case FaultKind.ANSWER_AFTER:
            return _answer(fault)
        case FaultKind.TRUNCATED_AFTER:
            text = _text(right)
            return _json(text[: len(text) // 2])
        case _:
            return _json(json.dumps({**json.loads(_text(right)), "padding": "x" * _PADDING}))


async def keep_open(request: web.Request, text: str, content_type: str) -> web.StreamResponse:
    """Send the text, and then nothing, until the other side has enough."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(request)
    await response.write(text.encode())
    while request.transport is not None:  # noqa: ASYNC110 - aiohttp has no event for it
        await asyncio.sleep(_POLL_SECONDS)
    return response


def _lose(request: web.Request) -> web.Response:
    """Close the connection; what is returned never arrives."""
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
