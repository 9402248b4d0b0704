"""Clients that connect to a server while it stops."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def late_clients(port: int, iterations: int) -> AsyncIterator[None]:
    """Connect in each iteration of the loop from now on, until the port is closed.

    Yields after so many iterations, to let the server stop in each moment of the first connection.
    To be left after the server has stopped: each connection must be closed by then.
    """
    clients: list[socket.socket] = []
    with warnings.catch_warnings(record=True) as told:
        # What the server forgot is told when it is collected.
        warnings.simplefilter("always", ResourceWarning)
        connecting = asyncio.create_task(_connect(port, clients))
        for _ in range(iterations):
            await asyncio.sleep(0)
        yield
        await connecting
        gc.collect()
    assert clients
    for client in clients:
        with client:
            client.settimeout(1)
            assert _is_closed(client)
    assert [str(one.message) for one in told] == []


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
