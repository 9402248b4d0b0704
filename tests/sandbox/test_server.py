"""Tests of the server under the simulated services."""

from __future__ import annotations

import asyncio
import gc
import socket

import pytest
from aiohttp import web

from sandbox.server import serve


@pytest.mark.parametrize("iterations", range(5))
async def test_a_connection_of_the_last_moment_is_closed(iterations: int) -> None:
    """The loop may have accepted it, and the server not know of it yet."""
    async with serve(web.Application()) as url:
        client = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        for _ in range(iterations):
            await asyncio.sleep(0)
    with client:
        client.settimeout(1)
        assert client.recv(1) == b""
    # What is not closed is told when it is collected, and fails the test.
    gc.collect()
