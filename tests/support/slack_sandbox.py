"""A simulated Slack and the bot's adapters connected to it."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bot.base.ports import Message, Place
from bot.slack.client import slack_client
from sandbox.server import serve
from sandbox.slack.entities import GENERAL
from sandbox.slack.service import SlackSandbox
from tests.support.sandbox import MANIFEST

HERE = Place(channel=GENERAL)
HELLO = Message(
    text="Hello",
    blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}],
)


@asynccontextmanager
async def running_slack(
    folder: Path, *, now: Callable[[], float] = time.time, ack_seconds: float = 3.0
) -> AsyncIterator[SlackSandbox]:
    """Run a simulated Slack that retries events without a pause."""
    sandbox = SlackSandbox(
        folder, MANIFEST, now=now, ack_seconds=ack_seconds, retry_pauses=(0, 0, 0)
    )
    async with serve(sandbox.app) as base_url:
        sandbox.set_base_url(base_url)
        yield sandbox


@asynccontextmanager
async def client_of(
    sandbox: SlackSandbox, *, call_seconds: float = 5.0
) -> AsyncIterator[AsyncWebClient]:
    """Open a client with the sandbox's bot token."""
    token = sandbox.credentials.bot_token or ""
    async with slack_client(
        token=token, base_url=sandbox.api_url, call_seconds=call_seconds
    ) as client:
        yield client


async def chunks_of(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield the parts of a file."""
    for part in parts:
        yield part
