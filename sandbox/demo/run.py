"""The demo: the real bot between a simulated Slack and a simulated MindVideo."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import aiohttp
import anyio

from sandbox.both import Sandbox, running_sandbox
from sandbox.slack.app_manifest import Manifest
from sandbox.slack.entities import ANA, GENERAL, Said

# Renders in the demo take seconds, so that looking at them must not take longer.
PACE = {"POLL_MIN_SECONDS": "0.25", "POLL_MAX_SECONDS": "1"}
QUIET = {"LOG_LEVEL": "warning", "LOG_FORMAT": "console"}
START_SECONDS = 20.0
ONE_COMMAND_SECONDS = 120.0

Say = Callable[[str], None]


class DemoError(Exception):
    """The demo cannot go on; the message says why, in a sentence."""


StartBot: TypeAlias = Callable[[Mapping[str, str]], AbstractAsyncContextManager[int | None]]
"""Runs a bot with these variables while the context lasts; gives its port (Socket Mode: `None`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The bot that the demo surrounds."""

    manifest: Manifest
    models_dir: Path
    """The files of the models that MindVideo has."""
    socket_mode: bool
    start: StartBot


async def serve_page(bot: Bot, say: Say, *, port: int, render_seconds: float) -> None:
    """Serve the demo page until SIGINT or SIGTERM. Raises `OSError` for a port that is taken."""
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with (
        running_sandbox(
            bot.manifest, bot.models_dir, port=port, render_seconds=render_seconds
        ) as place,
        _running(bot, place),
    ):
        say(f"The demo is at {place.slack_url} (Ctrl-C ends it).")
        say("Type /video a red sports car at sunset --duration 10 --mode pro")
        await stopping.wait()


async def run_command(
    bot: Bot, line: str, say: Say, *, folder: Path, render_seconds: float
) -> None:
    """Type `line` as a person would, tell what happens, and save the files into `folder`.

    Raises `DemoError` when the command is refused or brings no file within two minutes.
    """
    command, _, text = line.strip().partition(" ")
    if command != "/video":
        raise DemoError(f"The demo knows the command /video; you typed {command or 'nothing'}.")
    async with (
        running_sandbox(bot.manifest, bot.models_dir, render_seconds=render_seconds) as place,
        _running(bot, place),
    ):
        say(f"#general  Ana: {line.strip()}")
        delivery = await place.slack.people.command(ANA, GENERAL, text)
        if delivery.shown is not None:
            raise DemoError(_words(delivery.shown))
        if delivery.error is not None:
            raise DemoError(delivery.error)
        try:
            async with asyncio.timeout(ONE_COMMAND_SECONDS):
                last = await _follow(place, say)
        except TimeoutError:
            raise DemoError("The demo brought no result within two minutes.") from None
        if not last.files:
            raise DemoError("The render brought no file.")
        for file_id in last.files:
            say(f"saved     {await _save(place, file_id, folder)}")


@asynccontextmanager
async def _running(bot: Bot, place: Sandbox) -> AsyncIterator[None]:
    """Run the bot between the two services, and let Slack reach it."""
    environment = place.environment(socket_mode=bot.socket_mode) | PACE | QUIET
    async with bot.start(environment) as port:
        if port is None:
            async with asyncio.timeout(START_SECONDS):
                await place.slack.sockets.connected()
        else:
            place.deliver_to_port(port)
        yield


async def _follow(place: Sandbox, say: Say) -> Said:
    """Tell each message as it is posted or edited; return the one that ends the job."""
    workspace = place.slack.world.workspace
    told: dict[str, str] = {}
    version = -1
    while True:
        version = await workspace.changed_since(version)
        messages = workspace.all_in(GENERAL)
        for said in messages:
            words = _words(said)
            if told.get(said.ts) != words:
                told[said.ts] = words
                say(f"{_where(said)}  Video: {words}")
        end = _end(messages)
        if end is not None:
            return end


def _where(said: Said) -> str:
    if said.ephemeral_for:
        return "private "
    return "  thread" if said.thread_ts else "#general"


def _end(messages: Sequence[Said]) -> Said | None:
    """Return the last word: a private one, or a reply after which the first message was edited."""
    edited = max((said.edited_ts or "" for said in messages), default="")
    for said in messages:
        if said.ephemeral_for or (said.thread_ts and edited > said.ts):
            return said
    return None


def _words(said: Said) -> str:
    """Return a message in a line: its text, or what its blocks say."""
    if said.text:
        return said.text
    texts = (block.get("text") for block in said.blocks or ())
    return " ".join(str(text.get("text", "")) for text in texts if isinstance(text, dict))


async def _save(place: Sandbox, file_id: str, folder: Path) -> Path:
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    path = folder / place.slack.world.files.file(file_id).name
    url = f"{place.slack_url}/demo/files/{file_id}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        await anyio.Path(path).write_bytes(await answer.read())
    return path
