"""Tests of the policy for connections: certificates, proxies, sizes, and why one failed."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import certifi
import pytest
import trustme

from bot.base.addresses import exact
from bot.base.errors import ConfigurationError
from bot.base.hosts import is_public, may_be_public
from bot.base.network import HEADER_BYTES, Reach, open_session
from bot.base.network_errors import NotConnectedError, Why, reason, was_never_sent
from tests.support.wire import FILE, raw_server, tunnelling

LONG = aiohttp.ClientTimeout(total=None, connect=20, sock_connect=10)
SHORT = aiohttp.ClientTimeout(total=None, connect=0.3, sock_connect=0.2)
PASSWORD = "hush-hush"


async def get(
    url: str, *, reach: Reach = Reach.ANYWHERE, limits: aiohttp.ClientTimeout = LONG
) -> bytes:
    """Return the body at an address, by a session of its own."""
    async with (
        open_session(timeout=limits, reach=reach) as session,
        session.get(exact(url), allow_redirects=False) as answer,
    ):
        return await answer.read()


async def failure(
    url: str, *, reach: Reach = Reach.ANYWHERE, limits: aiohttp.ClientTimeout = LONG
) -> NotConnectedError:
    """Return the reason why an address cannot be reached, which has no secret."""
    with pytest.raises(NotConnectedError) as caught:
        await get(url, reach=reach, limits=limits)
    assert was_never_sent(caught.value)
    assert caught.value.__cause__ is None
    assert PASSWORD not in f"{caught.value!r}"
    assert "signature" not in f"{caught.value!r}"
    return caught.value


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that only those who name it trust."""
    return trustme.CA()


@asynccontextmanager
async def secure_server(authority: trustme.CA, *names: str) -> AsyncIterator[int]:
    """Serve a file by TLS, with a certificate for these names; yield the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    async with raw_server(FILE, tls=context) as wire:
        yield wire.port


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The authority, named by SSL_CERT_FILE."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return authority


async def test_an_authority_that_ssl_cert_file_names_is_trusted(trusted: trustme.CA) -> None:
    async with secure_server(trusted, "127.0.0.1") as port:
        assert await get(f"https://127.0.0.1:{port}/") == b"abc"


async def test_the_public_authorities_are_trusted_beside_it(
    trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    public, file = trustme.CA(), tmp_path / "public.pem"
    public.cert_pem.write_to_path(str(file))
    monkeypatch.setattr(certifi, "where", lambda: str(file))
    for each in (trusted, public):
        async with secure_server(each, "127.0.0.1") as port:
            assert await get(f"https://127.0.0.1:{port}/") == b"abc"


async def test_an_unknown_authority_is_the_reason(authority: trustme.CA) -> None:
    async with secure_server(authority, "127.0.0.1") as port:
        error = await failure(f"https://127.0.0.1:{port}/?signature=1")
    assert error.why is Why.CERTIFICATE
    assert str(error).startswith(f"the certificate of 127.0.0.1:{port} is not trusted (")
    assert "certificate" in str(error).rpartition("(")[2]


async def test_a_certificate_for_another_host_is_the_reason(trusted: trustme.CA) -> None:
    async with secure_server(trusted, "other.example") as port:
        error = await failure(f"https://127.0.0.1:{port}/")
    assert error.why is Why.CERTIFICATE
    assert "IP address mismatch" in str(error)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SSL_CERT_FILE", "no/such/hush.pem"), ("SSL_CERT_DIR", "no/such/hush")],
)
async def test_certificates_that_cannot_be_read_are_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=f"^{variable} names no ") as caught:
        await get("https://127.0.0.1:9/")
    assert "hush" not in str(caught.value)


async def test_a_server_without_tls_is_the_reason() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(f"https://127.0.0.1:{port}/")
    assert error.why is Why.TLS


async def test_a_refused_connection_is_the_reason() -> None:
    port = closed_port()
    error = await failure(f"http://127.0.0.1:{port}/?signature=1")
    assert (error.why, str(error)) == (Why.REFUSED, f"127.0.0.1:{port} refuses the connection")


async def test_a_name_that_is_not_found_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    error = await failure("http://nowhere.example/?signature=1")
    assert error.why is Why.NAME
    assert str(error) == "the name nowhere.example is not found (Name or service not known)"


async def test_a_network_without_a_way_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> socket.socket:
        raise OSError(errno.ENETUNREACH, "unreachable")

    monkeypatch.setattr("bot.base.network.socket.socket", refuse)
    error = await failure("http://127.0.0.1:9/")
    assert error.why is Why.NO_WAY
    assert str(error) == "no way to 127.0.0.1:9 (Network is unreachable)"


async def test_a_handshake_without_end_is_given_up_in_time() -> None:
    async with raw_server(None) as wire:
        error = await failure(f"https://127.0.0.1:{wire.port}/", limits=SHORT)
    assert error.why is Why.TIME
    assert str(error) == f"127.0.0.1:{wire.port} does not answer in time"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "no answer in time"),
        (aiohttp.ServerDisconnectedError(), "the connection was closed"),
        (aiohttp.ClientPayloadError(), "the answer broke off"),
    ],
)
def test_a_request_that_was_sent_fails_for_a_reason_as_well(error: Exception, words: str) -> None:
    assert reason(error) == words
    assert not was_never_sent(error)


async def test_a_head_of_64_kib_is_read() -> None:
    long = b"x" * (HEADER_BYTES - 100)
    async with raw_server(FILE.replace(b"\r\n\r\n", b"\r\nX-Long: " + long + b"\r\n\r\n")) as wire:
        assert await get(wire.address) == b"abc"


async def test_ipv6_alone_is_enough() -> None:
    async with raw_server(FILE, host="::1") as wire:
        assert await get(f"http://[::1]:{wire.port}/") == b"abc"


async def test_no_cookie_goes_along_with_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a host with a name, because from an IP address aiohttp takes no cookie anyway."""
    answer = FILE.replace(b"\r\n\r\n", b"\r\nSet-Cookie: id=1; Path=/\r\n\r\n")
    async with raw_server(answer) as wire:
        monkeypatch.setenv("HTTP_PROXY", wire.address)
        async with open_session(timeout=LONG) as session:
            for _ in range(2):
                async with session.get("http://cdn.example/") as response:
                    await response.read()
    assert len(wire.heads) == 2
    assert b"cookie" not in b"".join(wire.heads).lower()


class TestThroughAProxy:
    """With HTTP_PROXY or HTTPS_PROXY set."""

    async def test_http_is_asked_for_by_the_exact_address(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with raw_server(FILE) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}")
            url = "http://cdn.example/a%2Fb/%7e?signature=%2b+%2F"
            assert await get(url) == b"abc"
        assert proxy.targets == [url]
        assert b"Proxy-Authorization: Basic bWU6aHVzaC1odXNo\r\n" in proxy.heads[0]

    async def test_https_goes_through_a_tunnel(
        self, trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with (
            secure_server(trusted, "api.example") as port,
            tunnelling(port) as proxy,
        ):
            address = f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}"
            monkeypatch.setenv("HTTPS_PROXY", address)
            assert await get("https://api.example/v1") == b"abc"
        assert proxy.heads[0].startswith(b"CONNECT api.example:443 HTTP/1.1\r\n")
        assert b"Proxy-Authorization: Basic bWU6aHVzaC1odXNo\r\n" in proxy.heads[0]

    async def test_a_certificate_behind_a_tunnel_is_checked(
        self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with (
            secure_server(authority, "api.example") as port,
            tunnelling(port) as proxy,
        ):
            monkeypatch.setenv("HTTPS_PROXY", proxy.address)
            error = await failure("https://api.example/v1?signature=1")
        assert error.why is Why.CERTIFICATE

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (b"HTTP/1.1 407 Auth\r\n\r\n", "status 407: it wants a user and a password"),
            (b"HTTP/1.1 403 No\r\n\r\n", "status 403: it does not allow this"),
            (b"HTTP/1.1 502 Bad\r\n\r\n", "(status 502)"),
            (b"nonsense\r\n\r\n", "broke off"),
            (b"", "broke off"),
            (None, "does not connect to api.example in time"),
        ],
        ids=["407", "403", "502", "nonsense", "closed", "silent"],
    )
    async def test_a_tunnel_that_is_not_opened_is_the_reason(
        self, monkeypatch: pytest.MonkeyPatch, answer: bytes | None, words: str
    ) -> None:
        limits = SHORT if answer is None else LONG
        async with raw_server(answer) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}")
            error = await failure("https://api.example/?signature=1", limits=limits)
        assert error.why is (Why.TIME if answer is None else Why.PROXY)
        assert words in str(error)
        assert f"the proxy 127.0.0.1:{proxy.port}" in str(error)

    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_a_proxy_that_is_not_there_is_the_reason(
        self, monkeypatch: pytest.MonkeyPatch, scheme: str
    ) -> None:
        port = closed_port()
        monkeypatch.setenv("ALL_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{port}")
        error = await failure(f"{scheme}://api.example/?signature=1")
        assert error.why is Why.PROXY
        assert str(error) == f"the proxy 127.0.0.1:{port} refuses the connection"

    async def test_a_proxy_whose_name_is_not_found_is_the_reason(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        monkeypatch.setenv("ALL_PROXY", "http://proxy.corp:3128")
        error = await failure("https://api.example/")
        assert error.why is Why.PROXY
        assert str(error).startswith("the name of the proxy proxy.corp:3128 is not found")

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data/",
            "http://[fd00:ec2::254]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[::7f00:1]/",
            "http://metadata.google.internal/",
            "http://nas/",
            "http://wiki.corp/",
            "http://2130706433/",
            "https://10.0.0.1/",
        ],
    )
    async def test_an_inner_host_is_refused_although_the_proxy_could_reach_it(
        self, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        async with raw_server(FILE) as proxy:
            monkeypatch.setenv("ALL_PROXY", proxy.address)
            error = await failure(url, reach=Reach.PUBLIC_AND_LOOPBACK)
        assert error.why is Why.NOT_PUBLIC
        assert proxy.heads == []

    async def test_a_public_host_is_reached_by_an_inner_proxy(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with raw_server(FILE) as proxy:
            monkeypatch.setenv("ALL_PROXY", proxy.address)
            assert await get("http://cdn.example/a", reach=Reach.PUBLIC) == b"abc"

    async def test_the_proxy_itself_is_no_target(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with raw_server(FILE) as proxy:
            monkeypatch.setenv("ALL_PROXY", proxy.address)
            error = await failure(proxy.address, reach=Reach.PUBLIC)
        assert error.why is Why.NOT_PUBLIC
        assert proxy.heads == []


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "::1", "64:ff9b::a00:1"])
async def test_no_connection_is_made_to_a_resolved_address_that_is_not_public(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """A name may resolve to a public address first and to a private one later."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    async def resolve(_host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        target = (address, port, 0, 0) if family is socket.AF_INET6 else (address, port)
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", target)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    error = await failure("http://rebound.example.com/", reach=Reach.PUBLIC)
    assert error.why is Why.NOT_PUBLIC


def test_an_address_behind_nat64_counts_by_its_name_alone() -> None:
    """Where a machine has IPv6 alone, the name of an IPv4 host leads to its network's gateway."""
    assert is_public("64:ff9b::808:808")
    assert not may_be_public("64:ff9b::808:808")
