"""The demo: the real bot between a simulated Slack and a simulated MindVideo."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import anyio

from bot.app import running
from bot.errors import BotError
from bot.sandbox.slack.entities import ANA, GENERAL, Said
from bot.sandbox.town import Town, town
from bot.settings import load_settings

# Renders in the demo take seconds, so that looking at them must not take longer.
PACE = {"POLL_MIN_SECONDS": "0.25", "POLL_MAX_SECONDS": "1"}
QUIET = {"LOG_LEVEL": "warning", "LOG_FORMAT": "console"}
START_SECONDS = 20.0
ONE_COMMAND_SECONDS = 120.0

Say = Callable[[str], None]


async def serve_page(say: Say, *, port: int, separate: bool, render_seconds: float) -> None:
    """Serve the demo page until SIGINT or SIGTERM; `separate` gives the bot its own process."""
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with (
        town(port=port, render_seconds=render_seconds) as place,
        _bot(place, separate=separate),
    ):
        say(f"The demo is at {place.slack_url} (Ctrl-C ends it).")
        say("Type /video a red sports car at sunset --duration 10 --mode pro")
        await stopping.wait()


async def run_command(
    line: str, say: Say, *, folder: Path, separate: bool, render_seconds: float
) -> None:
    """Type `line` as a person would, tell what happens, and save the files into `folder`.

    Raises `BotError` when the command is refused or brings no file within two minutes.
    """
    command, _, text = line.strip().partition(" ")
    if command != "/video":
        raise BotError(f"The demo knows the command /video; you typed {command or 'nothing'}.")
    async with town(render_seconds=render_seconds) as place, _bot(place, separate=separate):
        say(f"#general  Ana: {line.strip()}")
        delivery = await place.slack.people.command(ANA, GENERAL, text)
        if delivery.shown is not None:
            raise BotError(_words(delivery.shown))
        if delivery.error is not None:
            raise BotError(delivery.error)
        try:
            async with asyncio.timeout(ONE_COMMAND_SECONDS):
                last = await _follow(place, say)
        except TimeoutError:
            raise BotError("The demo brought no result within two minutes.") from None
        if not last.files:
            raise BotError("The render brought no file.")
        for file_id in last.files:
            say(f"saved     {await _save(place, file_id, folder)}")


@asynccontextmanager
async def _bot(place: Town, *, separate: bool) -> AsyncIterator[None]:
    environment = place.environment(socket_mode=separate) | PACE | QUIET
    async with AsyncExitStack() as stack:
        if separate:
            await stack.enter_async_context(_process(place, environment))
        else:
            service = await stack.enter_async_context(running(load_settings(environment)))
            place.deliver_to_port(service.port)
        yield


@asynccontextmanager
async def _process(place: Town, environment: dict[str, str]) -> AsyncIterator[None]:
    """Run the bot as a process of its own, connected by Socket Mode."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", env=os.environ | environment
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await place.slack.sockets.connected()
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _follow(place: Town, say: Say) -> Said:
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


async def _save(place: Town, file_id: str, folder: Path) -> Path:
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    path = folder / place.slack.world.files.file(file_id).name
    url = f"{place.slack_url}/demo/files/{file_id}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        await anyio.Path(path).write_bytes(await answer.read())
    return path
