"""HTTP routes by which another process injects faults and reads the ledger of charges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from aiohttp import web

from sandbox.mindvideo.faults import Fault
from sandbox.mindvideo.tasks import Charge
from sandbox.mindvideo.wire import failure


def control_routes(
    fail: Callable[[Fault], None], clear: Callable[[], None], charges: Sequence[Charge]
) -> list[web.RouteDef]:
    """Return the routes below `/sandbox/`; they need no API key."""

    async def add_fault(request: web.Request) -> web.Response:
        try:
            fail(Fault.model_validate_json(await request.read()))
        except ValueError as error:
            return failure(400, "no_such_fault", str(error))
        return web.json_response({"ok": True})

    async def clear_faults(_request: web.Request) -> web.Response:
        clear()
        return web.json_response({"ok": True})

    async def ledger(_request: web.Request) -> web.Response:
        lines = [{**asdict(charge), "amount": str(charge.amount)} for charge in charges]
        return web.json_response({"charges": lines})

    return [
        web.post("/sandbox/faults", add_fault),
        web.delete("/sandbox/faults", clear_faults),
        web.get("/sandbox/ledger", ledger),
    ]
