"""Tests of what goes over the wire to Slack, and through a proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import OutcomeUnknownError, RetryLaterError
from bot.base.ports import PersonFile
from bot.slack.attachments import SlackPersonFiles
from bot.slack.chat import SlackChat
from bot.slack.client import slack_address, slack_client
from tests.support.slack_sandbox import HELLO, HERE, chunks_of
from tests.support.wire import FILE, Wire, raw_server

SIGNED = "/v1/%7e%2F;v=1?token=%2B+%2f==&&k='x'"

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@asynccontextmanager
async def chat_with(address: str) -> AsyncIterator[SlackChat]:
    """Open the adapter, with the Web API at an address."""
    async with slack_client(token="xoxb-1", base_url=f"{address}/api/") as client:
        yield SlackChat(client)


async def upload(client: AsyncWebClient, wire: Wire) -> None:
    """Send a file to a signed address."""
    await SlackChat(client).send_upload(wire.address + SIGNED, 0, chunks_of(b""))


async def answer(client: AsyncWebClient, wire: Wire) -> None:
    """Answer by a `response_url`."""
    await SlackChat(client).send_ephemeral(HERE, "U1", HELLO, wire.address + SIGNED)


async def read(client: AsyncWebClient, wire: Wire) -> None:
    """Read a person's file."""
    url = wire.address + SIGNED
    file = PersonFile(id="F1", name="x", mimetype="video/mp4", size=3, url=url)
    async with SlackPersonFiles(client).open(file) as download:
        assert [chunk async for chunk in download.chunks]


@pytest.mark.parametrize(("use", "said"), [(upload, OK), (answer, OK), (read, FILE)])
async def test_an_address_of_slacks_is_sent_byte_for_byte(
    use: Callable[[AsyncWebClient, Wire], Awaitable[None]], said: bytes
) -> None:
    async with (
        raw_server(said) as wire,
        slack_client(token="xoxb-1", base_url=f"{wire.address}/api/") as client,
    ):
        await use(client, wire)
    assert wire.targets == [SIGNED]


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 407 No\r\n\r\n", b"HTTP/1.1 502 No\r\n\r\n", b"nonsense\r\n\r\n", b""],
    ids=["407", "502", "nonsense", "closed"],
)
async def test_a_post_that_a_proxy_did_not_connect_was_never_sent(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    async with raw_server(answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hush@127.0.0.1:{proxy.port}")
        async with chat_with("https://slack.com") as chat:
            with pytest.raises(RetryLaterError, match=r"^Slack cannot be reached\.$") as caught:
                await chat.post(HERE, HELLO, "j1")
            with pytest.raises(RetryLaterError):
                await chat.send_upload("https://files.slack.com/upload/v1/x", 0, chunks_of(b""))
    assert caught.value.code == "no_connection"
    assert "the proxy 127.0.0.1" in caught.value.in_full
    assert "hush" not in caught.value.in_full


async def test_a_post_that_reached_a_proxy_and_got_no_answer_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with raw_server(b"") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        async with chat_with("http://slack.example") as chat:
            with pytest.raises(OutcomeUnknownError, match="broke") as caught:
                await chat.post(HERE, HELLO, "j1")
    assert caught.value.in_full == "The connection to Slack broke: the connection was closed."
    assert proxy.targets == ["http://slack.example/api/chat.postMessage"]


async def test_a_post_by_a_silent_proxy_was_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.client.ALL_CONNECT_SECONDS", 0.1)
    async with raw_server(None) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        async with chat_with("https://slack.com") as chat:
            with pytest.raises(RetryLaterError) as caught:
                await chat.post(HERE, HELLO, "j1")
    assert "does not connect to slack.com in time" in caught.value.in_full


async def test_ipv6_alone_is_enough() -> None:
    async with raw_server(OK, host="::1") as wire:
        address = f"http://[::1]:{wire.port}"
        async with chat_with(address) as chat:
            await chat.send_upload(f"{address}{SIGNED}", 0, chunks_of(b""))
    assert wire.targets == [SIGNED]


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.slack.com/commands/T1/2/x",
        "https://files.slack.com/files-pri/T1-F1/a.png",
        "https://slack-files.com/T1-F1",
        "https://hooks.slack-gov.com/commands/T1/2/x",
        "https://files.slack-gov.com/upload/v1/x",
        "https://slack-files-gov.com/T1-F1",
    ],
)
def test_slack_and_govslack_are_slacks(address: str) -> None:
    for api in ("https://slack.com/api/", "https://slack-gov.com/api/"):
        assert slack_address(address, api) is not None


@pytest.mark.parametrize(
    "address",
    [
        "http://files.slack.com/x",
        "https://files.slack.com:8443/x",
        "https://files.slack.com.example/x",
        "https://example.com/files.slack.com",
        "https://files.slack.com@example.com/x",
        "https://me:pw@files.slack.com/x",
        "https://files.slack.com\\@example.com/x",
        "file:///etc/passwd",
        "https://[",
        "",
    ],
)
def test_other_addresses_are_not_slacks(address: str) -> None:
    assert slack_address(address, "https://slack.com/api/") is None


def test_a_sandbox_has_its_own_host_alone() -> None:
    api = "http://127.0.0.1:8001/api/"
    assert slack_address("http://127.0.0.1:8001/files/x", api) is not None
    assert slack_address("http://127.0.0.1:8002/files/x", api) is None
    assert slack_address("http://[::1]:8002/files/x", api, has_secret=False) is not None
    assert slack_address("http://10.0.0.1/files/x", api, has_secret=False) is None
    assert slack_address("https://files.slack.com/x", api) is None
