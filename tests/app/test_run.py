"""Tests of the running bot: the stop during the start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import MethodType

import pysqlite3
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.app.run import StoppedError, running
from bot.base.settings import load_settings
from bot.worker.chores import Chore
from bot.worker.scheduler import Scheduler
from tests.support.conversation import job_of, make_video, until_over
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


async def test_a_stop_ends_the_checks_of_the_start() -> None:
    """A service that does not answer would keep them for longer than a supervisor waits.

    The store, which is opened meanwhile, is closed: the same process can open it again.
    """
    stopping = asyncio.Event()

    @web.middleware
    async def never_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not stopping.is_set():
            asyncio.get_running_loop().call_later(0.05, stopping.set)
            await asyncio.sleep(60)
        return await handler(request)

    async with running_sandbox(middlewares=[never_answer]) as sandbox, asyncio.timeout(5):
        settings = load_settings(sandbox.environment(socket_mode=False))
        with pytest.raises(StoppedError):
            async with running(settings, stopping):
                pass
        async with running(settings):
            pass


async def test_the_bot_erases_what_is_not_kept_any_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a minute, by the ages that the operator has set. Budgets are looked at less often."""
    minutely: list[Callable[[], Awaitable[object]]] = []
    others: list[tuple[str, str]] = []

    def also(_: Scheduler, work: Callable[[], Awaitable[object]], crontab: str) -> None:
        if crontab == "* * * * *":
            minutely.append(work)
        else:
            assert isinstance(work, MethodType)
            chore = work.__self__
            assert isinstance(chore, Chore)
            others.append((chore.name, crontab))

    monkeypatch.setattr(Scheduler, "also", also)
    async with running_bot(RETENTION_DAYS="3", PROMPT_RETENTION_DAYS="2") as bot:
        message = await make_video(bot)
        job = await until_over(bot, message)
        path = str(bot.sandbox.folder / "video-bot.db")
        with pysqlite3.connect(path) as older:
            older.execute("UPDATE jobs SET created_at = created_at - 2 * 86400, due_at = NULL")
        for work in minutely:
            await work()
        row = await job_of(bot, message)
    assert others == [("counts", "*/10 * * * *"), ("budgets", "*/10 * * * *")]
    assert (job.reply_to.response_url is None, row.reply_to.response_url) == (False, None)
    assert (row.input, row.erased_at is None) == ({"mode": "pro", "duration": 5}, False)
