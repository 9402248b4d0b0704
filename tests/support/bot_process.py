"""The real bot as a child process, for measurements and for tests that kill it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
USUAL = {"LOG_FORMAT": "json", "SUBMIT_DELAY_SECONDS": "0", "POSTERS": "no"}
RUN = ("-m", "bot", "run")
# A cold start takes seconds on a busy machine.
START_SECONDS = 60.0
# Longer than the bot may take to stop by itself.
STOP_SECONDS = 40.0
LINES_KEPT = 200


class NotStartedError(AssertionError):
    """The process ended before it was ready; the message is the end of its log."""


@dataclass(slots=True, kw_only=True)
class BotProcess:
    """A started bot. `lines` is the end of its log, `log_bytes` how long all of it is."""

    process: asyncio.subprocess.Process
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    ready: asyncio.Future[int]
    """Its port, once it listens."""
    reading: asyncio.Task[None] | None = None
    log_bytes: int = 0

    @property
    def pid(self) -> int:
        """The process's ID."""
        return self.process.pid

    async def port(self) -> int:
        """Return the port once the bot listens; raises `NotStartedError`."""
        async with asyncio.timeout(START_SECONDS):
            return await asyncio.shield(self.ready)

    async def ended(self, seconds: float = STOP_SECONDS) -> int:
        """Wait until the process has ended by itself; return its exit code."""
        async with asyncio.timeout(seconds):
            code = await self.process.wait()
            if self.reading is not None:
                await self.reading
        return code

    async def read(self) -> None:
        """Keep the pipe empty, and read the port from the log line `ready`."""
        stream = self.process.stderr
        assert stream is not None
        async for raw in stream:
            self.log_bytes += len(raw)
            line = raw.decode(errors="replace").rstrip()
            self.lines.append(line)
            if '"ready"' in line and not self.ready.done():
                self.ready.set_result(int(json.loads(line)["port"]))
        if not self.ready.done():
            self.ready.set_exception(NotStartedError("\n".join(self.lines)))
            self.ready.exception()  # retrieved here, in case no caller waits for the port


async def start(
    environment: Mapping[str, str], folder: Path, arguments: Sequence[str] = RUN
) -> BotProcess:
    """Start Python with `arguments` in `folder`; `environment` overrides this process's own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **USUAL, **environment},
        stderr=asyncio.subprocess.PIPE,
    )
    bot = BotProcess(process=process, ready=asyncio.get_running_loop().create_future())
    bot.reading = asyncio.create_task(bot.read())
    return bot


@asynccontextmanager
async def bot_process(
    environment: Mapping[str, str], folder: Path, arguments: Sequence[str] = RUN
) -> AsyncIterator[BotProcess]:
    """Run the bot while the context lasts; stop it at the end."""
    bot = await start(environment, folder, arguments)
    try:
        yield bot
    finally:
        await stop(bot)


async def stop(bot: BotProcess) -> None:
    """End the process by SIGTERM, and by SIGKILL if it does not stop in time."""
    if bot.process.returncode is None:
        bot.process.terminate()
        try:
            await bot.ended()
        except TimeoutError:
            bot.process.kill()
    await bot.ended()
