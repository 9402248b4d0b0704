"""The parts of the service in processes of their own: what one hears, another one does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle

import httpx
import pytest
from click.testing import CliRunner

from bot.app.roles import ALL, WEB, WORKER, Role, role_on
from bot.base.errors import ConfigurationError
from bot.base.setting_groups import StoreSettings
from bot.cli.main import main
from bot.media.links import MEDIA_PATH
from bot.slack.manifest import EVENTS_PATH
from sandbox.sandbox import Sandbox
from sandbox.slack.entities import ANA
from storage.postgres.upgrade import upgrade
from storage.store import StoreError
from tests.cli.test_main import WELL_FORMED
from tests.support.conversation import (
    last_input,
    mention,
    press,
    until_ephemeral,
    until_reply_done,
)
from tests.support.images import image_bytes, put_file
from tests.support.postgres import Server, emptied_database
from tests.support.running_bot import RENDER_SECONDS, TICK_SECONDS, RunningBot, process_in
from tests.support.sandbox import running_sandbox

SOON = 30.0
PUBLIC = "https://videos.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A process that listens, and one that works."""

    web: RunningBot
    worker: RunningBot


@asynccontextmanager
async def apart(postgres: Server, sandbox: Sandbox, **more: str) -> AsyncIterator[Apart]:
    """Run both on an empty database, whose tables were made before."""
    url = emptied_database(postgres)
    await upgrade(url)
    common = {"DATABASE_URL": url, **more}
    async with (
        process_in(sandbox, WORKER, common) as worker,
        process_in(sandbox, WEB, common) as web,
    ):
        yield Apart(web=web, worker=worker)


PATIENCE = 200
"""How often a process is asked whether it is ready."""


async def get(bot: RunningBot, path: str) -> httpx.Response:
    """Request a path of one process."""
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{bot.service.port}{path}")


async def until_ready(bot: RunningBot) -> None:
    """Wait until a process says so: ten pauses of a test may pass in its first tick on a server."""
    for _ in range(PATIENCE):
        if (await get(bot, "/readyz")).json() == {"status": "ready"}:
            return
        await asyncio.sleep(TICK_SECONDS)
    pytest.fail("it is not ready")


def test_what_listens_to_a_file_also_works() -> None:
    assert [role_on(StoreSettings(), role) for role in (ALL, WEB)] == [ALL, ALL]


def test_a_worker_beside_the_owner_of_a_file_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="There can be one process only"):
        role_on(StoreSettings(), WORKER)
    result = CliRunner().invoke(main, ["worker"], env=WELL_FORMED)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "`python -m bot web`" in result.stderr


def test_on_postgresql_each_does_its_own_part() -> None:
    settings = StoreSettings.model_validate({"DATABASE_URL": "postgres://bot@127.0.0.1/jobs"})
    assert [role_on(settings, role) for role in (ALL, WEB, WORKER)] == [ALL, WEB, WORKER]


async def test_what_one_hears_another_one_makes_delivers_and_draws(postgres: Server) -> None:
    async with (
        running_sandbox(render_seconds=RENDER_SECONDS) as sandbox,
        apart(postgres, sandbox) as bots,
    ):
        web, homes = bots.web, sandbox.slack.world.views.homes
        await web.type("a lake at dawn")
        await web.until_delivered()
        await sandbox.slack.people.open_home(ANA)
        await web.until(lambda: ANA in homes)
        assert "a lake at dawn" in json.dumps(homes[ANA].data)
        # What is pressed stands under a message that the other process has posted.
        await press(web, web.messages()[0], "job_again")
        await web.until_delivered(2)
        assert len(sandbox.video.charges) == 2


async def test_each_serves_its_own_paths_and_tells_a_supervisor_how_it_is(postgres: Server) -> None:
    async with running_sandbox() as sandbox, apart(postgres, sandbox) as bots:
        for bot in (bots.web, bots.worker):
            # A machine that stands still for seconds keeps the clock from ticking.
            async with asyncio.timeout(SOON):
                while (await get(bot, "/healthz")).json() != {"status": "alive"}:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0)
            await until_ready(bot)
            assert 'video_bot_jobs{stage="parked"} 0.0' in (await get(bot, "/metrics")).text
        # There it is posted to, and here is no such path.
        assert (await get(bots.web, EVENTS_PATH)).status_code == 405
        assert (await get(bots.worker, EVENTS_PATH)).status_code == 404


async def test_an_image_whose_link_one_has_made_is_served_by_the_other(postgres: Server) -> None:
    data = image_bytes()
    async with (
        running_sandbox(render_seconds=RENDER_SECONDS) as sandbox,
        apart(postgres, sandbox, PUBLIC_URL=PUBLIC) as bots,
    ):
        await mention(bots.web, "a lake --first 1", await put_file(bots.web, data))
        await until_reply_done(bots.web)
        link = str(last_input(bots.web)["first_frame_image"])
        path = link.removeprefix(PUBLIC)
        assert path.startswith(MEDIA_PATH)
        assert (await get(bots.web, path)).content == data
        assert (await get(bots.worker, path)).status_code == 404


@pytest.mark.parametrize("role", [WEB, WORKER], ids=lambda role: role.name)
async def test_without_tables_a_process_says_what_makes_them(postgres: Server, role: Role) -> None:
    postgres.run("CREATE DATABASE without_tables")
    url = postgres.url("without_tables")
    try:
        async with running_sandbox() as sandbox:
            with pytest.raises(StoreError, match="Run: python -m bot migrate"):
                async with process_in(sandbox, role, {"DATABASE_URL": url}):
                    pass
    finally:
        postgres.run("DROP DATABASE without_tables WITH (FORCE)")


async def test_by_socket_mode_only_what_listens_connects(postgres: Server) -> None:
    url = emptied_database(postgres)
    await upgrade(url)
    async with (
        running_sandbox(render_seconds=RENDER_SECONDS) as sandbox,
        process_in(sandbox, WORKER, {"DATABASE_URL": url}, socket_mode=True),
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sandbox.slack.sockets.connected(), 0.05)
        async with process_in(sandbox, WEB, {"DATABASE_URL": url}, socket_mode=True) as web:
            await web.type("a lake")
            await web.until_delivered()


async def test_a_mention_that_two_processes_hear_is_answered_once(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack delivers it as two events, and each may come to another process."""
    async with running_sandbox() as sandbox:
        async with apart(postgres, sandbox) as bots:
            url = postgres.url("contract")
            async with process_in(sandbox, WEB, {"DATABASE_URL": url}) as second:
                heard = spread_over(sandbox, (bots.web, second), monkeypatch)
                await mention(second, "hello")
                await until_ephemeral(second)
                assert len(heard) == 2
        # All that was under way has ended with them.
        assert len(second.ephemerals()) == 1


def spread_over(
    sandbox: Sandbox, bots: Sequence[RunningBot], monkeypatch: pytest.MonkeyPatch
) -> set[str]:
    """Deliver to the bots in turn; return the addresses of those who heard something."""
    dispatcher, heard = sandbox.slack.dispatcher, set[str]()
    ports = cycle(bot.service.port for bot in bots)
    deliver = dispatcher._by_http  # noqa: SLF001 - what goes out

    async def to_the_next(_: str, *rest: object) -> object:
        url = f"http://127.0.0.1:{next(ports)}{EVENTS_PATH}"
        heard.add(url)
        return await deliver(url, *rest)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(dispatcher, "_by_http", to_the_next)
    return heard
