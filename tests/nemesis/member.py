"""One process of a formation, which is started again whenever it ends, as a platform does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.nemesis.proxy import Proxy, proxy_to
from tests.support.bot_process import STOP_SECONDS, BotProcess, start

WEBS = ("web.0", "web.1")
WORKERS = ("worker.0", "worker.1", "worker.2")

# After a process that ended by itself, because the database was away.
_PAUSE_SECONDS = 0.2


@dataclass(slots=True, kw_only=True)
class Member:
    """A process by its name: whoever runs under it at the moment, and all who did before."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    proxy: Proxy
    bots: list[BotProcess] = field(default_factory=list)
    is_leaving: bool = False

    @property
    def port(self) -> int | None:
        """Its port, if it listens, also while it is stopped."""
        if not self.bots or self.bots[-1].process.returncode is not None:
            return None
        ready = self.bots[-1].ready
        return ready.result() if ready.done() and ready.exception() is None else None

    @property
    def exit_codes(self) -> list[int]:
        """How all who ran under this name ended."""
        codes = (bot.process.returncode for bot in self.bots)
        return [code for code in codes if code is not None]

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless nobody runs."""
        if self.bots and self.bots[-1].process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.bots[-1].pid, number)

    def lines(self) -> list[str]:
        """Return the log of all who ran under this name."""
        return [line for bot in self.bots for line in bot.lines]

    async def supervise(self) -> None:
        """Start the process, and start it again when it ends."""
        while not self.is_leaving:
            bot = await start(self.environment, self.folder, self.arguments)
            bot.lines = deque()  # all of its log
            self.bots.append(bot)
            code = await bot.process.wait()
            if code != -signal.SIGKILL:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def leave(self) -> int:
        """Stop it in order; return its exit code."""
        self.is_leaving = True
        self.send(signal.SIGTERM)
        return await self.bots[-1].ended(STOP_SECONDS)


@asynccontextmanager
async def member(
    name: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    folder: Path,
    sockets: Path,
) -> AsyncIterator[Member]:
    """Run a process of this name while the context lasts, and leave none behind.

    It uses the database `nemesis` of the server whose socket is in `sockets`, as a role of its own.
    """
    async with proxy_to(sockets) as proxy:
        at = f"{name}@127.0.0.1:{proxy.port}"
        url = f"postgresql://{at}/nemesis?sslmode=disable&gssencmode=disable"
        one = Member(
            name=name,
            arguments=arguments,
            environment={**environment, "DATABASE_URL": url, "PROCESS_NAME": name},
            folder=folder,
            proxy=proxy,
        )
        supervising = asyncio.create_task(one.supervise())
        try:
            yield one
        finally:
            one.is_leaving = True
            one.send(signal.SIGKILL)
            await supervising
            for bot in one.bots:
                await bot.ended()
