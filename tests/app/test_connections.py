"""Tests of the connections to the HTTP port: how many there are, and for how long."""

from __future__ import annotations

import asyncio
import gzip
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiohttp import web
from structlog.testing import capture_logs

from bot.app import services
from bot.app.http.connections import ClientConnection, Connections, Deadlines
from bot.app.http.refusals import Refusals
from bot.app.http.server import Address, http_server
from bot.base.metrics import Closed, Metrics
from bot.base.open_files import RESERVED, most_connections, open_file_limit, raise_file_limit
from tests.support.late_clients import late_clients
from tests.support.running_bot import running_bot

MOST = 3
DEADLINES = Deadlines(header=10, request=150, idle=75)
GET = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"
SOON = 5.0


@dataclass(slots=True)
class Counted:
    """Counts what `Metrics` counts."""

    open: int = 0
    closed: list[Closed] = field(default_factory=list)

    def connections_open(self, count: int) -> None:
        """See `ConnectionObserver`."""
        self.open = count

    def connection_closed(self, reason: Closed) -> None:
        """See `ConnectionObserver`."""
        self.closed.append(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def get(self, path: bytes) -> bytes:
        """Return the body of the answer."""
        self.writer.write(GET % path)
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return await self.reader.readexactly(2)

    async def is_closed(self) -> bool:
        """Wait for the end of the connection."""
        async with asyncio.timeout(SOON):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True


class ReceivingConnection(ClientConnection):
    """A connection that sets an event when bytes have arrived."""

    def __init__(
        self, handler: asyncio.Protocol, connections: Connections, received: asyncio.Event
    ) -> None:
        super().__init__(handler, connections)
        self._received = received

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        self._received.set()


class ReceivingConnections(Connections):
    """Connections that set `received` when bytes of any of them have arrived."""

    def __init__(self, observer: Counted, now: Callable[[], float]) -> None:
        super().__init__(MOST, observer, deadlines=DEADLINES, now=now)
        self.received = asyncio.Event()

    def protocol(self, handler: asyncio.Protocol) -> ClientConnection:
        """See `Connections`."""
        return ReceivingConnection(handler, self, self.received)


@dataclass(slots=True)
class Harness:
    """A server with at most `MOST` connections, and a clock that the test moves."""

    stack: AsyncExitStack
    counted: Counted = field(default_factory=Counted)
    now: float = 1000.0
    port: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    served: int = 0
    """How many requests have begun to wait for `release`."""
    connections: ReceivingConnections = field(init=False)

    def __post_init__(self) -> None:
        self.connections = ReceivingConnections(self.counted, lambda: self.now)

    async def connect(self) -> Client:
        """Open a connection that the server has taken."""
        before = self.counted.open, len(self.counted.closed)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.stack.callback(writer.close)
        await until(lambda: (self.counted.open, len(self.counted.closed)) != before)
        return Client(reader=reader, writer=writer)

    async def begin(self, client: Client, request: bytes) -> None:
        """Send a part of a request, and wait until the server has received it."""
        self.connections.received.clear()
        client.writer.write(request)
        await self.connections.received.wait()

    async def wait(self, *clients: Client) -> None:
        """Send requests that are answered after `release`, and wait until they are served."""
        for client in clients:
            client.writer.write(GET % b"wait")
        await until(lambda: self.served == len(clients))

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.connections.close_overdue()


async def until(condition: Callable[[], object]) -> None:
    """Wait until the loop has come so far."""
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    async with serving() as served:
        yield served


@asynccontextmanager
async def serving() -> AsyncIterator[Harness]:
    """Serve `/ok`, `/length`, `/signed`, and `/wait`, which is signed and waits."""
    async with AsyncExitStack() as stack:
        made = Harness(stack)

        async def answer(_: web.Request) -> web.Response:
            return web.Response(text="ok")

        async def signed(request: web.Request) -> web.Response:
            made.connections.prove(request)
            return web.Response(text="ok")

        async def wait(request: web.Request) -> web.Response:
            made.connections.prove(request)
            made.served += 1
            await made.release.wait()
            return web.Response(text="ok")

        async def length(request: web.Request) -> web.Response:
            return web.Response(text=str(len(await request.read())))

        site = web.Application()
        site.router.add_post("/length", length)
        for path, handler in (("/ok", answer), ("/signed", signed), ("/wait", wait)):
            site.router.add_get(path, handler)
        address = Address(host="127.0.0.1", port=0, remedy="")
        made.port = await stack.enter_async_context(
            http_server(site, address, made.connections, Refusals(Metrics()), grace_seconds=1)
        )
        yield made
        made.release.set()


async def test_a_silent_connection_is_closed_after_the_time_for_headers(harness: Harness) -> None:
    silent, slow = await harness.connect(), await harness.connect()
    harness.later(9)
    await harness.begin(slow, b"GET /ok HTTP/1.1\r\n")
    harness.later(2)
    assert await silent.is_closed()
    assert await slow.is_closed()
    assert harness.counted.closed == [Closed.OVERDUE] * 2
    assert harness.counted.open == 0


@pytest.mark.parametrize("iterations", range(5))
async def test_a_connection_of_the_last_moment_is_closed(iterations: int) -> None:
    """The loop may have accepted it, and the server not know of it yet."""
    async with AsyncExitStack() as stack, serving() as served:
        await stack.enter_async_context(late_clients(served.port, iterations))


async def test_a_connection_that_was_signed_may_be_idle_for_longer(harness: Harness) -> None:
    signed, other = await harness.connect(), await harness.connect()
    await signed.get(b"signed")
    await other.get(b"ok")
    harness.later(11)
    assert await other.is_closed()
    assert await signed.get(b"signed") == b"ok"
    harness.later(74)
    assert await signed.get(b"ok") == b"ok"
    harness.later(76)
    assert await signed.is_closed()


async def test_the_headers_of_a_later_request_have_their_time_from_the_first_byte(
    harness: Harness,
) -> None:
    client = await harness.connect()
    await client.get(b"signed")
    harness.later(70)
    await harness.begin(client, b"GET /ok")
    harness.later(9)
    client.writer.write(b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await client.reader.readuntil(b"ok")


async def test_a_request_has_a_time_as_a_whole(harness: Harness) -> None:
    client = await harness.connect()
    await harness.wait(client)
    harness.later(149)
    assert harness.counted.closed == []
    harness.later(2)
    assert await client.is_closed()


async def test_one_connection_more_displaces_the_oldest_that_brought_nothing_signed(
    harness: Harness,
) -> None:
    signed, oldest, other = [await harness.connect() for _ in range(3)]
    await signed.get(b"signed")
    newest = await harness.connect()
    assert await oldest.is_closed()
    assert harness.counted.closed == [Closed.DISPLACED]
    for client in (signed, other, newest):
        assert await client.get(b"ok") == b"ok"
    assert harness.counted.open == MOST


async def test_a_signed_request_is_not_cut_off_by_any_number_of_connections(
    harness: Harness,
) -> None:
    client = await harness.connect()
    await harness.wait(client)
    for _ in range(3 * MOST):
        await harness.connect()
    harness.release.set()
    assert await client.reader.readuntil(b"ok")
    assert set(harness.counted.closed) == {Closed.DISPLACED}


async def test_where_all_are_signed_only_an_idle_one_makes_room(
    harness: Harness,
) -> None:
    clients = [await harness.connect() for _ in range(MOST)]
    for client in clients:
        await client.get(b"signed")
    newer = await harness.connect()
    assert await clients[0].is_closed()
    await harness.wait(newer, *clients[1:])
    refused = await harness.connect()
    assert await refused.is_closed()
    assert harness.counted.closed == [Closed.DISPLACED, Closed.REFUSED]
    harness.release.set()
    for client in (newer, *clients[1:]):
        assert await client.reader.readuntil(b"ok")


async def test_a_packed_body_is_not_unpacked(harness: Harness) -> None:
    """A megabyte can unpack to a gigabyte, before it is known whose it is."""
    packed = gzip.compress(bytes(100_000))
    client = await harness.connect()
    head = (
        b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    )
    client.writer.write(head % len(packed) + packed)
    await client.reader.readuntil(b"\r\n\r\n")
    assert await client.reader.readexactly(3) == b"%d" % len(packed)


def test_connections_leave_room_for_the_files_of_the_bot() -> None:
    assert most_connections(1000, 4096) == 1000
    assert most_connections(1000, 1024) == 1024 - RESERVED
    assert most_connections(1000, 256) == 128
    assert most_connections(1000, RESERVED) == RESERVED // 2
    assert most_connections(10, 64) == 10
    assert most_connections(1000, resource.RLIM_INFINITY) == 1000


async def test_the_log_says_that_the_limit_of_open_files_leaves_less_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "open_file_limit", lambda: 1024)
    with capture_logs() as logs:
        async with running_bot():
            pass
    told = [each["most"] for each in logs if each["event"] == "fewer_connections"]
    assert told == [1024 - RESERVED]


def test_the_limit_of_open_files_is_raised_as_far_as_the_system_lets_it() -> None:
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
        raise_file_limit()
        assert open_file_limit() == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
