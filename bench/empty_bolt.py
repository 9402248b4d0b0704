"""The baseline: Bolt with the same signature check and a listener that only acknowledges."""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.slack.manifest import COMMAND, EVENTS_PATH
from sandbox.slack.entities import BOT, TEAM


async def authorize() -> AuthorizeResult:
    """Authorize every request without a call to Slack, as the bot does."""
    return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_user_id=BOT, bot_token="xoxb-0")


async def acknowledge(ack: AsyncAck) -> None:
    """Acknowledge."""
    await ack()


async def serve(secret: str) -> None:
    """Serve until killed; write the port to standard error, as the bot does."""
    bolt = AsyncApp(
        authorize=authorize,
        signing_secret=secret,
        process_before_response=True,  # as in the bot
    )
    bolt.command(COMMAND)(acknowledge)
    runner = web.AppRunner(bolt.web_app(EVENTS_PATH), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready = {"event": "ready", "port": runner.addresses[0][1]}
    print(json.dumps(ready), file=sys.stderr, flush=True)  # noqa: T201 - this is its log
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
