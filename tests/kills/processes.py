"""Lives of the bot, one after the other, from a launcher that starts them in no time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.kills.points import LOG
from tests.support.bot_process import ROOT, START_SECONDS, STOP_SECONDS

LAUNCHER = ("-m", "tests.kills.launcher")
POLL_SECONDS = 0.01


@dataclass(slots=True, kw_only=True)
class BotLife:
    """One process of the bot, from its start to its end."""

    pid: int
    log: Path
    ended: asyncio.Task[int]
    """Its exit code, negative for the signal that killed it."""

    @property
    def is_over(self) -> bool:
        """Whether the process has ended."""
        return self.ended.done()

    async def listens(self) -> int | None:
        """Return its port once it listens, or `None` if it dies before."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                over = self.is_over
                for line in self.lines():
                    if '"ready"' in line:
                        return int(json.loads(line)["port"])
                if over:
                    return None
                await asyncio.sleep(POLL_SECONDS)

    async def end(self, seconds: float = STOP_SECONDS) -> int:
        """Wait until it has ended, and return its exit code."""
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self.ended)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it is over."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def lines(self) -> list[str]:
        """Return the finished lines of its log."""
        with suppress(FileNotFoundError):
            return self.log.read_text(encoding="utf-8").split("\n")[:-1]
        return []


@dataclass(slots=True, kw_only=True)
class Launcher:
    """Starts one life at a time; what each logs is in a file of `folder`."""

    process: asyncio.subprocess.Process
    folder: Path
    lives: list[BotLife] = field(default_factory=list)

    async def start(self, environment: Mapping[str, str]) -> BotLife:
        """Start a life; the one before must be over."""
        assert all(life.is_over for life in self.lives)
        stdin = self.process.stdin
        assert stdin is not None
        log = self.folder / f"life-{len(self.lives)}.log"
        variables = {**environment, "LOG_FORMAT": "json", LOG: str(log)}
        stdin.write(json.dumps(variables).encode() + b"\n")
        await stdin.drain()
        pid = await self._number()
        life = BotLife(pid=pid, log=log, ended=asyncio.create_task(self._number()))
        self.lives.append(life)
        return life

    async def close(self) -> None:
        """Kill the life that goes on, and end the launcher."""
        stdin = self.process.stdin
        assert stdin is not None
        for life in self.lives:
            if not life.is_over:
                life.send(signal.SIGKILL)
                await life.end()
        stdin.close()
        await self.process.wait()

    async def _number(self) -> int:
        stdout = self.process.stdout
        assert stdout is not None
        return int(await stdout.readline())


@asynccontextmanager
async def launcher(folder: Path) -> AsyncIterator[Launcher]:
    """Keep a launcher while the context lasts, and leave no process behind."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *LAUNCHER,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    made = Launcher(process=process, folder=folder)
    try:
        yield made
    finally:
        await made.close()
