"""`python -m bot demo`: the real bot between a simulated Slack and a simulated MindVideo."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.app.http.server import Address, check_free
from bot.app.postgres_checks import NOT_INSTALLED
from bot.app.run import running
from bot.base.errors import BotError
from bot.base.extras import needing_packages
from bot.base.logs import configure_logs
from bot.base.settings import load_settings
from bot.options.catalog import PACKAGED, Catalog
from bot.slack.manifest import build_manifest

if TYPE_CHECKING:
    from sandbox.demo.formation import Formation

# Unused: the simulated Slack delivers to the port that the bot listens on.
ANY_URL = "https://video-bot.example"


@click.command("demo")
@click.argument("command", required=False, metavar="['/video …']")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--separate", is_flag=True, help="Give the bot a process of its own (Socket Mode).")
@click.option(
    "--postgres",
    is_flag=True,
    help="Run it on a PostgreSQL of the demo's own, as one process that answers and two that work.",
)
@click.option("--render-seconds", type=click.FloatRange(0), default=6.0, show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Where the video of a single command is saved.",
)
def command(
    command: str | None,
    port: int,
    *,
    separate: bool,
    postgres: bool,
    render_seconds: float,
    out: Path,
) -> None:
    """Try the bot with a simulated Slack and a simulated MindVideo. Needs no configuration.

    Without a command it serves a page that looks like a channel; with one, such as
    "/video a red car --duration 5", it runs that and prints the thread as it happens.
    """
    # A process that serves a real workspace must not load the simulated services.
    from sandbox.demo.run import Bot, DemoError, run_command, serve_page  # noqa: PLC0415 - see above

    configure_logs(
        log_format="console", log_level="warning", secrets=(), log_prompts=False, stream=sys.stderr
    )
    bot = Bot(
        manifest=build_manifest(Catalog.load().default, ANY_URL),
        models_dir=PACKAGED,
        socket_mode=separate or postgres,
        start=_own_process if separate else _same_process,
    )
    if postgres:
        formation = _formation()
        bot = replace(bot, start=partial(_on_postgres, formation), formation=formation)

    async def serve() -> None:
        await check_free(Address(host="127.0.0.1", port=port, remedy="Choose another with --port."))
        await serve_page(bot, click.echo, port=port, render_seconds=render_seconds)

    async def run(line: str) -> None:
        task = asyncio.current_task()
        if task is not None:
            # The bot's own process ends with the demo.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await run_command(bot, line, click.echo, folder=out, render_seconds=render_seconds)

    try:
        asyncio.run(serve() if command is None else run(command))
    except DemoError as error:
        raise BotError(str(error)) from error
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)


@asynccontextmanager
async def _same_process(environment: Mapping[str, str]) -> AsyncIterator[int | None]:
    async with running(load_settings(environment)) as service:
        yield service.port


@asynccontextmanager
async def _own_process(environment: Mapping[str, str]) -> AsyncIterator[int | None]:
    """Run the bot in a process of its own, which connects by Socket Mode."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", env=os.environ | environment
    )
    try:
        yield None
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _formation() -> Formation:
    """Return the processes of a bot on PostgreSQL: they find each other in the database alone."""
    from sandbox.demo.formation import Formation  # noqa: PLC0415 - as above

    bot = (sys.executable, "-m", "bot")
    return Formation(
        commands={
            "web": (*bot, "web"),
            "worker.1": (*bot, "worker"),
            "worker.2": (*bot, "worker"),
        },
        release=(*bot, "migrate"),
    )


@asynccontextmanager
async def _on_postgres(
    formation: Formation, environment: Mapping[str, str]
) -> AsyncIterator[int | None]:
    """Run the processes on a server of the demo's own; one connects by Socket Mode."""
    with needing_packages(NOT_INSTALLED):
        from sandbox.postgres import PostgresMissingError, running_server  # noqa: PLC0415 - as above
    try:
        with running_server() as server:
            server.run("CREATE DATABASE demo")
            async with formation.running({**environment, "DATABASE_URL": server.url("demo")}):
                yield None
    except (PostgresMissingError, ChildProcessError) as error:
        raise BotError(str(error)) from error
