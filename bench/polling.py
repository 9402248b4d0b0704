"""How much processor time a look at a render takes."""

from __future__ import annotations

import asyncio
import time

from bench.measurement import Measurement
from bench.process import processor_seconds, samples
from storage.job import Stage
from tests.support.bot_process import bot_process
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

JOBS = 200
PAUSE_SECONDS = 5.0
SECONDS = 20.0
RENDER_SECONDS = 3600.0
START_SECONDS = 120.0
AT_ONCE = 8


async def measure() -> list[Measurement]:
    """Return the processor time per poll, and how many there were."""
    pace = {"POLL_MIN_SECONDS": str(PAUSE_SECONDS), "POLL_MAX_SECONDS": str(PAUSE_SECONDS)}
    async with running_sandbox(render_seconds=RENDER_SECONDS, echo=False) as sandbox:
        variables = sandbox.environment(socket_mode=False) | pace
        async with bot_process(variables, sandbox.folder) as bot:
            port = await bot.port()
            sandbox.deliver_to_port(port)
            await _ask(SlackUser(sandbox=sandbox))
            await _all_rendering(port)
            polls, used, began = await _polls(port), processor_seconds(bot.pid), time.monotonic()
            await asyncio.sleep(SECONDS)
            used = processor_seconds(bot.pid) - used
            took = time.monotonic() - began
            polls = await _polls(port) - polls
    return [
        Measurement(
            what=f"processor time per poll, {JOBS} renders, {polls / took:.0f} polls/s",
            value=f"{used / polls * 1e6:,.0f} µs",
        ),
        Measurement(what="share of one core while so many are polled", value=f"{used / took:.0%}"),
    ]


async def _ask(onlooker: SlackUser) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def ask(number: int) -> None:
        async with room:
            await onlooker.type(f"a lake, take {number}")

    await asyncio.gather(*(ask(number) for number in range(JOBS)))


async def _all_rendering(port: int) -> None:
    async with asyncio.timeout(START_SECONDS):
        while (await samples(port))["video_bot_jobs", Stage.RENDERING] < JOBS:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.5)


async def _polls(port: int) -> float:
    return sum(
        value
        for name, value in (await samples(port)).items()
        if name[0] == "video_bot_step_seconds_count" and Stage.RENDERING in name
    )
