"""Clients that connect to a server while it stops."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def late_clients(port: int) -> AsyncIterator[None]:
    """Connect in each iteration of the loop from now on, until the port is closed.

    To be left after the server has stopped: each connection must be closed by then.
    """
    clients: list[socket.socket] = []
    connecting = asyncio.create_task(_connect(port, clients))
    await asyncio.sleep(0)
    yield
    await connecting
    assert clients
    for client in clients:
        with client:
            client.settimeout(1)
            assert _is_closed(client)
    # What the server forgot is told when it is collected, and fails the test.
    gc.collect()


async def _connect(port: int, clients: list[socket.socket]) -> None:
    while True:
        try:
            clients.append(socket.create_connection(("127.0.0.1", port)))
        except ConnectionRefusedError:
            return
        await asyncio.sleep(0)


def _is_closed(client: socket.socket) -> bool:
    """Return whether it ends at once, or was never accepted."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
