"""A database in fault under a bot in two processes: sentences, readiness, and nothing lost."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx
import psycopg
import pytest
from click.testing import CliRunner

from bot.app.http import health
from bot.app.roles import WEB, WORKER
from bot.cli.main import main
from bot.worker import context, engine
from sandbox.sandbox import Sandbox
from storage.postgres import connection
from storage.postgres.upgrade import upgrade
from tests.cli.test_main import WELL_FORMED
from tests.support.postgres import Server, emptied_database
from tests.support.running_bot import RENDER_SECONDS, RunningBot, process_in
from tests.support.sandbox import running_sandbox

POOLER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
NOWHERE = "postgres://bot:secret@127.0.0.1:1/jobs"
SECONDS = 20.0


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again soon, wait for a connection for a moment, and take over soon."""
    for module in (engine, context):
        monkeypatch.setattr(module, "LEASE_SECONDS", 2.0, raising=False)
    monkeypatch.setattr(health, "PROBE_SECONDS", 0.0)
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(connection, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(connection, "RECONNECT_SECONDS", 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A process that listens, and one that works."""

    web: RunningBot
    worker: RunningBot

    async def readiness(self) -> list[str]:
        """Return what both say of themselves."""
        told = []
        async with httpx.AsyncClient() as client:
            for bot in (self.web, self.worker):
                for path in ("/healthz", "/readyz"):
                    answer = await client.get(f"http://127.0.0.1:{bot.service.port}{path}")
                    told.append(f"{answer.status_code} {answer.json()['status']}")
        return told

    async def until_ready(self) -> None:
        """Wait until both can work again."""
        async with asyncio.timeout(SECONDS):
            # A process tells nobody here.
            while await self.readiness() != ["200 alive", "200 ready"] * 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@asynccontextmanager
async def apart(sandbox: Sandbox, url: str) -> AsyncIterator[Apart]:
    """Run both processes on the database at `url`."""
    await upgrade(url)
    async with (
        process_in(sandbox, WORKER, {"DATABASE_URL": url}) as worker,
        process_in(sandbox, WEB, {"DATABASE_URL": url}) as web,
    ):
        yield Apart(web=web, worker=worker)


@pytest.mark.parametrize("command", ["run", "web", "worker", "migrate", "jobs list"])
def test_a_database_that_is_not_there_ends_a_start_with_the_reason(command: str) -> None:
    """With 1: a supervisor tries again, until it is there."""
    env = {**WELL_FORMED, "DATABASE_URL": NOWHERE}
    result = CliRunner().invoke(main, command.split(), env=env)
    assert result.exit_code == 1
    assert "the database cannot be reached: " in result.stderr
    assert "secret" not in result.output
    assert "Traceback" not in result.output


@contextmanager
def gone(server: Server, _: str) -> Iterator[str]:
    """Stop the server."""
    server.stop()
    try:
        yield "cannot be reached"
    finally:
        server.start()


@contextmanager
def read_only(server: Server, url: str) -> Iterator[str]:
    """Let nobody write, as on a server that takes another one's place too early."""
    server.run("ALTER DATABASE contract SET default_transaction_read_only = on")
    end_connections(url)
    try:
        yield "cannot be written to"
    finally:
        server.run("ALTER DATABASE contract RESET default_transaction_read_only")
        end_connections(url)


@contextmanager
def full(_: Server, url: str) -> Iterator[str]:
    """Refuse what needs room, with the server's own error for a full disk."""
    with psycopg.connect(url) as operator:
        operator.execute(_FULL)
    try:
        yield "disk is full"
    finally:
        with psycopg.connect(url) as operator:
            operator.execute("DROP FUNCTION refuse_all() CASCADE")


_FULL = b"""
    CREATE FUNCTION refuse_all() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_jobs BEFORE INSERT OR UPDATE ON jobs
        FOR EACH ROW EXECUTE FUNCTION refuse_all();
"""


def end_connections(url: str) -> None:
    """End all connections of the bot's, so that new ones have the database's settings."""
    with psycopg.connect(url) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.proof
@pytest.mark.parametrize("fault", [gone, read_only, full], ids=lambda one: one.__name__)
async def test_what_was_asked_before_and_after_is_made_once_and_what_was_refused_is_told(
    postgres: Server, fault: Callable[[Server, str], AbstractContextManager[str]]
) -> None:
    url = emptied_database(postgres)
    async with (
        running_sandbox(render_seconds=0.5) as sandbox,
        apart(sandbox, url) as bots,
    ):
        web = bots.web
        await bots.until_ready()
        await web.type("a lake")
        await web.until(lambda: sandbox.video.charges)
        with fault(postgres, url) as problem:
            if fault is not full:
                # Nothing else is asked of a disk than a write of one row.
                told = await bots.readiness()
                assert [one for one in told if one.startswith("200")] == ["200 alive"] * 2
                assert all(problem in one for one in told if one.startswith("503"))
            refused = await web.type("a boat")
            assert refused.error is None
            assert refused.shown is not None
            assert "Nothing was started and nothing was charged" in refused.shown.text
        await bots.until_ready()
        await web.type("a kite")
        await web.until_delivered(2)
        assert len(sandbox.video.charges) == 2


@pytest.mark.parametrize("command", ["run", "web", "worker", "migrate", "jobs list"])
def test_a_database_that_cannot_be_written_to_ends_a_start_with_the_reason(
    command: str, postgres: Server
) -> None:
    """What only reads works."""
    url = emptied_database(postgres)
    asyncio.run(upgrade(url))
    with read_only(postgres, url) as problem:
        result = CliRunner().invoke(main, command.split(), env=WELL_FORMED | {"DATABASE_URL": url})
    if command in {"migrate", "jobs list"}:
        assert result.exit_code == 0
    else:
        assert result.exit_code == 1
        assert problem in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["run", "web", "worker", "migrate", "jobs list"])
def test_a_database_of_a_newer_version_ends_a_start_with_the_reason(
    command: str, postgres: Server
) -> None:
    url = emptied_database(postgres)
    asyncio.run(upgrade(url))
    with psycopg.connect(url) as newer:
        newer.execute("INSERT INTO schema_migrations (name) VALUES ('9999_later')")
    try:
        env = WELL_FORMED | {"DATABASE_URL": url}
        result = CliRunner().invoke(main, command.split(), env=env)
    finally:
        with psycopg.connect(url) as newer:
            newer.execute("DELETE FROM schema_migrations WHERE name = '9999_later'")
    assert result.exit_code == 1
    assert "the database was changed by a newer version of the program" in result.stderr


@contextmanager
def pooler(server: Server, database: str) -> Iterator[str]:
    """Run pgbouncer before the server, with fewer connections than the processes want."""
    assert POOLER is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    users, config = server.folder / "users.txt", server.folder / "pgbouncer.ini"
    users.write_text('"postgres" ""\n')
    config.write_text(
        f"[databases]\n* = host={server.folder} user=postgres\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {users}\n"
        "pool_mode = transaction\ndefault_pool_size = 6\n"
    )
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [POOLER, "-q", config], user=server.user, stderr=subprocess.DEVNULL
    )
    try:
        through = f"postgresql://postgres@127.0.0.1:{port}/{database}"
        until = time.monotonic() + SECONDS
        while True:
            try:
                psycopg.connect(through, connect_timeout=2).close()
            except psycopg.OperationalError:
                assert time.monotonic() < until
                time.sleep(0.02)
            else:
                break
        yield through
    finally:
        process.terminate()
        process.wait()


@pytest.mark.proof
@pytest.mark.skipif(POOLER is None, reason="pgbouncer is not installed")
async def test_behind_a_pooler_in_transaction_mode_everything_works(postgres: Server) -> None:
    url = emptied_database(postgres)
    with pooler(postgres, "contract") as through:
        async with (
            running_sandbox(render_seconds=RENDER_SECONDS) as sandbox,
            apart(sandbox, through) as bots,
        ):
            for number in range(5):
                await bots.web.type(f"a lake, take {number}")
            await bots.web.until_delivered(5)
            assert len(sandbox.video.charges) == 5
            await bots.until_ready()
        listed = await asyncio.to_thread(
            CliRunner().invoke, main, ["jobs", "list"], env={"DATABASE_URL": through}
        )
        assert listed.output.count("delivered") == 5
    with psycopg.connect(url) as operator:
        left = operator.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert left.fetchone() == (0,)
