"""A simulated Slack that runs for one test, and the bot's adapters connected to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Message, Place
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.slack_entities import GENERAL
from bot.slack.web import slack_client

HERE = Place(channel=GENERAL)
HELLO = Message(
    text="Hello",
    blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}],
)


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve `app` on a free port of loopback and hand out its address."""
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    try:
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running_slack(folder: Path, *, ack_seconds: float = 3.0) -> AsyncIterator[SlackSandbox]:
    """Run a simulated Slack that repeats events at once."""
    sandbox = SlackSandbox(folder, ack_seconds=ack_seconds, retry_pauses=(0, 0, 0))
    async with serving(sandbox.app) as base_url:
        sandbox.listens_at(base_url)
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
