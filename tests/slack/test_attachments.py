"""The files of users at Slack, described and downloaded over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import (
    NotFoundError,
    OperatorMustActError,
    RefusedError,
    RetryLaterError,
)
from bot.base.ports import PersonFile
from bot.slack.attachments import SlackPersonFiles
from bot.slack.client import slack_client
from sandbox.server import serve
from sandbox.slack.entities import ANA
from sandbox.slack.faults import DOWNLOAD, Fault, FaultKind
from sandbox.slack.service import SlackSandbox
from tests.support.slack_sandbox import chunks_of, client_of, running_slack

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(500)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SlackSandbox]:
    """A simulated Slack."""
    async with running_slack(tmp_path) as slack:
        yield slack


@pytest.fixture
async def client(sandbox: SlackSandbox) -> AsyncIterator[AsyncWebClient]:
    """A client connected to it."""
    async with client_of(sandbox) as client:
        yield client


async def content_of(people: SlackPersonFiles, file: PersonFile) -> bytes:
    """Read a whole file."""
    async with people.open(file) as download:
        return b"".join([chunk async for chunk in download.chunks])


async def persons_file(sandbox: SlackSandbox, content: bytes = PICTURE) -> str:
    """Put a picture into Slack as Ana does."""
    file = await sandbox.world.files.put(name="dog.png", owner=ANA, chunks=chunks_of(content))
    return file.id


async def test_a_persons_file_is_described_and_read_with_the_token(
    client: AsyncWebClient, sandbox: SlackSandbox
) -> None:
    people = SlackPersonFiles(client)

    file = await people.describe(await persons_file(sandbox))

    assert (file.name, file.mimetype, file.size) == ("dog.png", "image/png", len(PICTURE))
    async with people.open(file) as download:
        assert (download.length, download.content_type) == (len(PICTURE), "image/png")
    assert await content_of(people, file) == PICTURE


async def test_slacks_login_page_is_not_taken_for_the_file(
    client: AsyncWebClient, sandbox: SlackSandbox
) -> None:
    people = SlackPersonFiles(client)
    file = await people.describe(await persons_file(sandbox))
    sandbox.withdraw_scope("files:read")

    with pytest.raises(OperatorMustActError):
        await content_of(people, file)


async def test_the_token_goes_to_no_other_host(
    client: AsyncWebClient, sandbox: SlackSandbox, unused_tcp_port: int
) -> None:
    people = SlackPersonFiles(client)
    url = f"http://127.0.0.1:{unused_tcp_port}/x"
    foreign = PersonFile(id="F1", name="x", mimetype="image/png", size=1, url=url)

    with pytest.raises(RefusedError):
        await content_of(people, foreign)
    assert sandbox.world.count(DOWNLOAD) == 0


@pytest.mark.parametrize(
    "kind",
    [FaultKind.LOST_BEFORE, FaultKind.RATE_LIMITED, FaultKind.STATUS_BEFORE, FaultKind.LOST_AFTER],
)
async def test_a_download_that_fails_or_breaks_off_is_to_be_repeated(
    client: AsyncWebClient, sandbox: SlackSandbox, kind: FaultKind
) -> None:
    people = SlackPersonFiles(client)
    file = await people.describe(await persons_file(sandbox))
    sandbox.faults.add(DOWNLOAD, Fault(kind=kind), times=2)

    with pytest.raises(RetryLaterError):
        await content_of(people, file)


async def test_a_persons_file_that_trickles_is_given_up() -> None:
    """It is never silent for long, and never ends."""

    async def trickle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        with suppress(ConnectionError):
            while True:
                await answer.write(b"x")
                await asyncio.sleep(0.01)
        return answer

    slow = web.Application()
    slow.router.add_get("/x", trickle)
    async with (
        serve(slow) as url,
        slack_client(token="t", base_url=url) as client,
        asyncio.timeout(10),
    ):
        people = SlackPersonFiles(client, file_seconds=0.1)
        file = PersonFile(id="F1", name="x", mimetype="image/png", size=1, url=f"{url}/x")
        with pytest.raises(RetryLaterError, match="broke off"):
            await content_of(people, file)


async def test_a_file_that_vanished_says_so(client: AsyncWebClient, sandbox: SlackSandbox) -> None:
    people = SlackPersonFiles(client)
    file = await people.describe(await persons_file(sandbox))
    sandbox.world.files.delete(file.id)

    with pytest.raises(NotFoundError):
        await people.describe(file.id)
    with pytest.raises(NotFoundError):
        await content_of(people, file)
