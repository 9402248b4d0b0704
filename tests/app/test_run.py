"""Tests of the running bot: the stop during the start, the limit of a request body."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import Awaitable, Callable

import pysqlite3
import pytest
from aiohttp import ClientSession, web
from aiohttp.hdrs import CONTENT_ENCODING
from aiohttp.typedefs import Handler

from bot.app.run import running
from bot.base.settings import load_settings
from bot.slack.manifest import EVENTS_PATH
from bot.worker.scheduler import Scheduler
from tests.support.conversation import job_of, make_video
from tests.support.running_bot import running_bot
from tests.support.sandbox import running_sandbox


async def test_a_stop_ends_the_attempts_to_connect() -> None:
    """The attempts never end by themselves, so a supervisor would have to kill the bot."""
    stopping = asyncio.Event()

    @web.middleware
    async def refuse_sockets(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/socket":
            return await handler(request)
        asyncio.get_running_loop().call_later(0.05, stopping.set)
        return web.Response(status=503)

    async with running_sandbox(middlewares=[refuse_sockets]) as sandbox, asyncio.timeout(5):
        settings = load_settings(sandbox.environment(socket_mode=True))
        async with running(settings, stopping) as service:
            assert service.stopping.is_set()


async def test_the_bot_erases_what_is_not_kept_any_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a minute, by the ages that the operator has set."""
    minutely: list[Callable[[], Awaitable[object]]] = []

    def also(_: Scheduler, work: Callable[[], Awaitable[object]], crontab: str) -> None:
        assert crontab == "* * * * *"
        minutely.append(work)

    monkeypatch.setattr(Scheduler, "also", also)
    async with running_bot(RETENTION_DAYS="3", PROMPT_RETENTION_DAYS="2") as bot:
        message = await make_video(bot)
        job = await job_of(bot, message)
        path = str(bot.sandbox.folder / "video-bot.db")
        with pysqlite3.connect(path) as older:
            older.execute("UPDATE jobs SET created_at = created_at - 2 * 86400, due_at = NULL")
        for work in minutely:
            await work()
        row = await job_of(bot, message)
    assert (job.reply_to.response_url is None, row.reply_to.response_url) == (False, None)
    assert (row.input, row.erased_at is None) == ({"mode": "pro", "duration": 5}, False)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_request_body_above_the_limit_is_refused(encoding: str) -> None:
    """The body is read before its signature can be checked, so anybody could send it."""
    body = b"x" * 2**21
    sent = io.BytesIO(gzip.compress(body) if encoding == "gzip" else body)
    async with running_bot() as bot, ClientSession() as session:
        url = f"http://127.0.0.1:{bot.service.port}{EVENTS_PATH}"
        async with session.post(url, data=sent, headers={CONTENT_ENCODING: encoding}) as answer:
            assert answer.status == 413
