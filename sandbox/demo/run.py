"""The demo: runs the bot with a simulated Slack and a simulated MindVideo."""

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

from sandbox.demo.formation import Formation
from sandbox.demo.plain import as_plain
from sandbox.sandbox import Sandbox, running_sandbox
from sandbox.slack.app_manifest import Manifest
from sandbox.slack.entities import ANA, GENERAL, MIA, OPEN, PARTNER, StoredMessage, User
from sandbox.slack.service import SlackSandbox

# Renders in the demo take seconds, so the bot must poll them more often.
PACE = {"POLL_MIN_SECONDS": "0.25", "POLL_MAX_SECONDS": "1"}
# Mia is the administrator of the simulated workspace, and the bot's.
PEOPLE = {"ADMINS": MIA}
PIA = "U0PIA"
"""A person of a partner's workspace, in the channel that is shared with it."""
QUIET = {"LOG_LEVEL": "warning", "LOG_FORMAT": "console"}
START_SECONDS = 20.0
ONE_COMMAND_SECONDS = 120.0

PROCESSING_SECONDS = 1.0
"""How long the Slack of the page takes to find out what a file is, as the real one does."""

Write = Callable[[str], None]
"""Writes a line to the terminal."""


class DemoError(Exception):
    """The demo failed; the message is a sentence to print."""


StartBot: TypeAlias = Callable[[Mapping[str, str]], AbstractAsyncContextManager[int | None]]
"""Runs a bot with this environment during the context; yields its port (Socket Mode: `None`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The bot to run in the demo."""

    manifest: Manifest
    models_dir: Path
    """Folder with the files of MindVideo's models."""
    socket_mode: bool
    start: StartBot
    formation: Formation | None = None
    """Its processes, if the page is to show them."""


async def serve_page(bot: Bot, write: Write, *, port: int, render_seconds: float) -> None:
    """Serve the demo page until SIGINT or SIGTERM. Raises `OSError` for a port that is taken."""
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with (
        running_sandbox(
            bot.manifest, bot.models_dir, port=port, render_seconds=render_seconds
        ) as sandbox,
        _running(bot, sandbox),
    ):
        share_with_partner(sandbox.slack)
        sandbox.slack.world.files.processing_seconds = PROCESSING_SECONDS
        write(f"The demo is at {sandbox.slack_url} (Ctrl-C ends it).")
        write("Type /video a red sports car at sunset --duration 10 --mode pro")
        if bot.formation is not None:
            write("Then kill one of the bot's processes, on the left: nothing is lost.")
        await stopping.wait()


def share_with_partner(slack: SlackSandbox) -> None:
    """Share a channel with another workspace, of which one person comes along."""
    pia = User(id=PIA, name="pia", real_name="Pia Novak", team=PARTNER)
    slack.share(OPEN, PARTNER, pia)


async def run_command(
    bot: Bot, line: str, write: Write, *, folder: Path, render_seconds: float
) -> None:
    """Send `line` as a person's command, print the messages, and save the files into `folder`.

    It ends at once when the command makes no job. Raises `DemoError` when the command fails, or
    when its job brings no file within two minutes.
    """
    command, _, text = line.strip().partition(" ")
    if command != "/video":
        raise DemoError(f"The demo knows the command /video; you typed {command or 'nothing'}.")
    async with (
        running_sandbox(bot.manifest, bot.models_dir, render_seconds=render_seconds) as sandbox,
        _running(bot, sandbox),
    ):
        write(f"#general  Ana: {line.strip()}")
        delivery = await sandbox.slack.people.command(ANA, GENERAL, text)
        if delivery.error is not None:
            raise DemoError(delivery.error)
        if delivery.shown is not None:
            write(f"private   Video: {_text_of(sandbox, delivery.shown)}")
            return
        if sandbox.slack.world.views.top(ANA) is not None:
            write("private   Video opens a form. `make demo` has a page on which to fill it in.")
            return
        try:
            async with asyncio.timeout(ONE_COMMAND_SECONDS):
                last = await _follow(sandbox, write)
        except TimeoutError:
            raise DemoError("The demo brought no result within two minutes.") from None
        if not last.files:
            raise DemoError("The render brought no file.")
        for file_id in last.files:
            write(f"saved     {await _save(sandbox, file_id, folder)}")


@asynccontextmanager
async def _running(bot: Bot, sandbox: Sandbox) -> AsyncIterator[None]:
    """Run the bot with the two services, and connect Slack to it."""
    environment = sandbox.environment(socket_mode=bot.socket_mode) | PACE | PEOPLE | QUIET
    if bot.formation is not None:
        sandbox.demo.show_processes(bot.formation)
    async with bot.start(environment) as port:
        if port is None:
            async with asyncio.timeout(START_SECONDS):
                await sandbox.slack.sockets.connected()
        else:
            sandbox.deliver_to_port(port)
        yield


async def _follow(sandbox: Sandbox, write: Write) -> StoredMessage:
    """Print each message as it is posted or edited; return the one that ends the job."""
    workspace = sandbox.slack.world.workspace
    printed: dict[str, str] = {}
    version = -1
    while True:
        version = await workspace.changed_since(version)
        messages = workspace.all_in(GENERAL)
        for message in messages:
            text = _text_of(sandbox, message)
            if printed.get(message.ts) != text:
                printed[message.ts] = text
                write(f"{_where(message)}  Video: {text}")
        end = _end(messages)
        if end is not None:
            return end


def _where(message: StoredMessage) -> str:
    if message.ephemeral_for:
        return "private "
    return "  thread" if message.thread_ts else "#general"


def _end(messages: Sequence[StoredMessage]) -> StoredMessage | None:
    """Return the last message: an ephemeral one, or a reply with a later edit of the first."""
    edited = max((message.edited_ts or "" for message in messages), default="")
    for message in messages:
        if message.ephemeral_for or (message.thread_ts and edited > message.ts):
            return message
    return None


def _text_of(sandbox: Sandbox, message: StoredMessage) -> str:
    """Return a message's text as a person reads it, or the text of its blocks, in a line."""
    text = message.text
    if not text:
        parts = (block.get("text") for block in message.blocks or ())
        text = " ".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))
    return as_plain(sandbox.slack.world.workspace, text)


async def _save(sandbox: Sandbox, file_id: str, folder: Path) -> Path:
    await anyio.Path(folder).mkdir(parents=True, exist_ok=True)
    path = folder / sandbox.slack.world.files.file(file_id).name
    url = f"{sandbox.slack_url}/demo/files/{file_id}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        await anyio.Path(path).write_bytes(await answer.read())
    return path
