"""Tests of the route for Slack's requests: what is refused, how, and what is logged of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote_plus

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from slack_bolt.response import BoltResponse
from structlog.testing import capture_logs

from bot.app.http import slack_requests
from bot.app.http.connections import Connections
from bot.app.http.refusals import Refusals
from bot.app.http.server import Address, http_server
from bot.app.http.slack_requests import MOST_BYTES, SMALL_BYTES, SlackRequests
from bot.base.metrics import Metrics
from bot.listeners.request_body import LONGEST_FIELD, LONGEST_NAME, MOST_FIELDS, MOST_LEVELS
from bot.slack.manifest import EVENTS_PATH
from tests.support.running_bot import RunningBot, running_bot
from tests.support.signed import FORM, JSON, signature, signed

SECRET = "5" * 32
NOW = 1_800_000_000.0
COMMAND = b"command=%2Fvideo&text=a+lake"
HEADERS = {"Content-Type": FORM}


@dataclass(slots=True)
class Counted:
    """Counts what `Metrics` counts."""

    refused: list[str] = field(default_factory=list)

    def request_refused(self, reason: str) -> None:
        """See `RefusalObserver`."""
        self.refused.append(reason)


@dataclass(slots=True, kw_only=True)
class Harness:
    """The route over real HTTP, and what reached the listeners."""

    requests: SlackRequests
    url: str
    counted: Counted
    session: ClientSession
    received: list[Mapping[str, object]]

    async def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Return the status of a request."""
        async with self.session.post(self.url, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status

    async def refused(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Return the status and the reason of a request that must not reach the listeners."""
        status = await self.post(body, headers)
        assert self.received == []
        return status, self.counted.refused.pop()


@asynccontextmanager
async def route() -> AsyncIterator[Harness]:
    """Serve the route."""
    received: list[Mapping[str, object]] = []

    async def dispatch(body: Mapping[str, object]) -> BoltResponse:
        received.append(body)
        return BoltResponse(status=200, body="heard")

    counted, site = Counted(), web.Application(client_max_size=MOST_BYTES)
    connections, refusals = Connections(100, Metrics()), Refusals(counted)
    requests = SlackRequests(SECRET, dispatch, refusals, prove=connections.prove, now=lambda: NOW)
    site.router.add_post(EVENTS_PATH, requests.serve)
    address = Address(host="127.0.0.1", port=0, remedy="")
    async with (
        http_server(site, address, connections, refusals, grace_seconds=1) as port,
        ClientSession() as session,
    ):
        yield Harness(
            requests=requests,
            url=f"http://127.0.0.1:{port}{EVENTS_PATH}",
            counted=counted,
            session=session,
            received=received,
        )


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    async with route() as served:
        yield served


def raw_signature(body: bytes) -> dict[str, str]:
    """Return a signature over bytes that are no UTF-8, which Slack's library cannot sign."""
    made = hmac.new(SECRET.encode(), b"v0:%d:" % NOW + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(int(NOW)), "X-Slack-Signature": f"v0={made}"}


def now_signed(body: bytes, content_type: str = FORM) -> dict[str, str]:
    """Return the headers of a request that was signed just now."""
    return {"Content-Type": content_type, **signature(SECRET, body, at=NOW)}


async def test_a_signed_request_reaches_the_listeners(harness: Harness) -> None:
    assert await harness.post(COMMAND, now_signed(COMMAND)) == 200
    assert harness.received == [{"command": "/video", "text": "a lake"}]
    assert harness.counted.refused == []


async def test_a_payload_in_a_form_is_read(harness: Harness) -> None:
    body = b"payload=" + quote_plus(json.dumps({"type": "x", "text": "sée"})).encode()
    assert await harness.post(body, now_signed(body)) == 200
    assert harness.received == [{"type": "x", "text": "sée"}]


@pytest.mark.parametrize(
    "change",
    [
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=é"},
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": "1_8"},
        {"X-Slack-Request-Timestamp": "9" * 5000},
    ],
    ids=str,
)
async def test_a_request_without_a_signature_is_refused_unread(
    harness: Harness, change: Mapping[str, str]
) -> None:
    headers = now_signed(COMMAND) | dict(change)
    assert await harness.refused(COMMAND, headers) == (401, "unsigned")


async def test_another_signature_is_refused_and_told_by_readiness(harness: Harness) -> None:
    for headers in (signature("6" * 32, COMMAND, at=NOW), now_signed(b"command=%2Fvideos")):
        assert await harness.refused(COMMAND, HEADERS | headers) == (401, "signature")
        assert "SLACK_SIGNING_SECRET" in (harness.requests.obstacle or "")
    await harness.post(COMMAND, now_signed(COMMAND))
    assert harness.requests.obstacle is None


@pytest.mark.parametrize(("off", "side"), [(-301, "301 s ahead of"), (400, "400 s behind")])
async def test_a_clock_that_is_off_is_told_as_such(harness: Harness, off: int, side: str) -> None:
    headers = HEADERS | signature(SECRET, COMMAND, at=NOW + off)
    assert await harness.refused(COMMAND, headers) == (401, "clock")
    assert side in (harness.requests.obstacle or "")
    assert await harness.post(COMMAND, HEADERS | signature(SECRET, COMMAND, at=NOW - 299)) == 200
    assert harness.requests.obstacle is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "identity, br"},
        {"Content-Type": f"{FORM}; charset=utf-16"},
        {"Content-Type": f"{JSON}; charset=idna"},
    ],
    ids=str,
)
async def test_what_would_have_to_be_decoded_is_refused(
    harness: Harness, headers: Mapping[str, str]
) -> None:
    """Python's codec `idna` takes a minute for a megabyte."""
    assert await harness.refused(COMMAND, now_signed(COMMAND) | dict(headers)) == (400, "encoding")


async def test_utf_8_may_be_named(harness: Harness) -> None:
    headers = now_signed(COMMAND, f"{FORM}; charset=UTF-8") | {"Content-Encoding": "identity"}
    assert await harness.post(COMMAND, headers) == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b"no JSON"),
        (JSON, b""),
        (JSON, b"[]"),
        (JSON, b'"text"'),
        (JSON, b'{"a": "\xff"}'),
        (JSON, b'{"a":' + b"[" * 100_000),
        (JSON, b'{"a":' + b"[" * (MOST_LEVELS + 1) + b"]" * (MOST_LEVELS + 1) + b"}"),
        (FORM, b"payload={"),
        (FORM, b"payload=7"),
        (FORM, b"text=\xc3\x28"),
        (FORM, b"text=%ff"),
        (FORM, b"&".join(b"a=1" for _ in range(MOST_FIELDS + 1))),
        (FORM, b"a" * (LONGEST_NAME + 1) + b"=1"),
        (FORM, b"text=" + b"a" * (LONGEST_FIELD + 1)),
        ("text/plain", COMMAND),
    ],
    ids=lambda value: str(value[:30]),
)
async def test_what_is_signed_and_makes_no_sense_is_refused(
    harness: Harness, content_type: str, body: bytes
) -> None:
    headers = {"Content-Type": content_type, **raw_signature(body)}
    assert await harness.refused(body, headers) == (400, "unreadable")


@pytest.mark.parametrize(
    "number", [b"NaN", b"1e999", b"9" * 5000], ids=lambda value: str(value[:5])
)
async def test_a_number_that_makes_no_sense_is_absent(harness: Harness, number: bytes) -> None:
    """One odd field never makes the rest of a request unreadable."""
    body = b'{"type": "event_callback", "odd": ' + number + b"}"
    assert await harness.post(body, {"Content-Type": JSON, **raw_signature(body)}) == 200
    assert harness.received == [{"type": "event_callback", "odd": None}]


async def test_a_body_above_the_limit_is_refused_before_it_is_read(harness: Harness) -> None:
    """Its length says so; a body that does not tell its length is cut off at the limit."""
    body = bytes(MOST_BYTES + 1)
    assert await harness.refused(body, now_signed(body)) == (413, "too_large")

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    headers = now_signed(body)
    async with harness.session.post(harness.url, data=chunks(), headers=headers) as answer:
        assert answer.status == 413
    assert harness.counted.refused == ["too_large"]


@pytest.fixture
def impatient() -> Iterator[None]:
    """Make the deadline of a body short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slack_requests, "BODY_SECONDS", 0.02)
        yield


def head(length: int) -> bytes:
    """Return the headers of a request whose signature has the right shape."""
    lines = [f"POST {EVENTS_PATH} HTTP/1.1", "Host: x", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in now_signed(b"").items()]
    return "\r\n".join([*lines, "", ""]).encode()


async def opened(harness: Harness) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to the port."""
    port = int(harness.url.split(":")[2].partition("/")[0])
    return await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.usefixtures("impatient")
async def test_a_body_that_does_not_arrive_in_time_is_refused(harness: Harness) -> None:
    reader, writer = await opened(harness)
    writer.write(head(10) + b"abc")
    assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()
    assert harness.counted.refused == ["slow"]


async def test_only_some_large_bodies_arrive_at_once_and_small_ones_always(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand connections could otherwise bring a gigabyte."""
    monkeypatch.setattr(harness.requests, "_large", asyncio.Semaphore(0))
    large = b"text=" + b"a" * SMALL_BYTES
    assert await harness.refused(large, now_signed(large)) == (503, "busy")
    assert await harness.post(COMMAND, now_signed(COMMAND)) == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n",
        head(10).replace(b"Content-Length: 10", b"Transfer-Encoding: chunked") + b"zz\r\n",
    ],
    ids=["TLS", "bad header", "long line", "bad chunk"],
)
async def test_what_is_no_http_is_counted_and_leaves_no_traceback(
    harness: Harness, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await opened(harness)
    writer.write(sent)
    assert (await reader.readline()).startswith(b"HTTP/1.")
    writer.close()
    assert harness.counted.refused == ["http"]
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_flood_of_one_kind_is_one_line_of_log(harness: Harness) -> None:
    with capture_logs() as logs:
        for _ in range(5):
            await harness.post(COMMAND, HEADERS)
            await harness.post(COMMAND, HEADERS | signature("6" * 32, COMMAND, at=NOW))
    refused = [each for each in logs if each["event"] == "request_refused"]
    assert [each["reason"] for each in refused] == ["unsigned", "signature"]
    assert len(harness.counted.refused) == 10
    assert not any("lake" in str(each) for each in logs)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot() -> AsyncIterator[RunningBot]:
    async with running_bot() as running:
        yield running


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"type": 7}, 400),
        ({"authorizations": [None]}, 400),
        ({"type": "block_actions", "actions": []}, 400),
        ({"type": "block_actions", "actions": [None, 7]}, 400),
        ({"type": "block_actions", "actions": [{"action_id": 7, "type": {}}]}, 200),
        ({"type": "view_submission", "view": {"callback_id": 7}}, 400),
        ({"type": "view_submission", "view": {"type": "modal", "callback_id": 7}}, 200),
        ({"type": "event_callback", "authorizations": [None], "event": {"type": "x"}}, 200),
        ({"type": "event_callback", "event": 7, "team": [], "user": True}, 200),
        ({"type": "event_callback", "event": {"type": ["message"]}}, 200),
        ({"type": "event_callback", "event": {"type": "message", "item": 7, "user": []}}, 200),
        ({"type": "shortcut", "response_urls": 7, "channel": False}, 200),
        ({"type": "x", "response_urls": [7], "enterprise": 1, "view": []}, 200),
        ({"command": "/video", "enterprise": ["x"]}, 200),
    ],
    ids=str,
)
async def test_signed_nonsense_is_no_failure_of_the_bot(
    bot: RunningBot, body: object, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    data = json.dumps(body).encode()
    headers = signed(bot.sandbox.slack.credentials.signing_secret, data)
    url = f"http://127.0.0.1:{bot.service.port}{EVENTS_PATH}"
    with capture_logs() as logs:
        async with ClientSession() as session, session.post(url, data=data, headers=headers) as one:
            assert one.status == status
    assert [each for each in logs if "exc_info" in each or each["log_level"] == "error"] == []
    assert [each for each in caplog.records if each.exc_info or each.levelname == "ERROR"] == []
