"""Tests of the server under the simulated services."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from sandbox.server import serve
from tests.support.late_clients import late_clients


@pytest.mark.parametrize("iterations", range(5))
async def test_a_connection_of_the_last_moment_is_closed(iterations: int) -> None:
    """The loop may have accepted it, and the server not know of it yet."""
    async with AsyncExitStack() as stack, serve(web.Application()) as url:
        await stack.enter_async_context(late_clients(int(url.rpartition(":")[2]), iterations))
