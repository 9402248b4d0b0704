"""Measures how much processor time a poll of a render takes."""

from __future__ import annotations

import asyncio
import time

from bench.measurement import Measurement
from bench.process import processor_seconds, read_metrics
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
    """Return the processor time per poll, and the share of a core."""
    pace = {"POLL_MIN_SECONDS": str(PAUSE_SECONDS), "POLL_MAX_SECONDS": str(PAUSE_SECONDS)}
    async with running_sandbox(render_seconds=RENDER_SECONDS, echo=False) as sandbox:
        variables = sandbox.environment(socket_mode=False) | pace
        async with bot_process(variables, sandbox.folder) as bot:
            port = await bot.port()
            sandbox.deliver_to_port(port)
            await _start_jobs(SlackUser(sandbox=sandbox))
            await _all_rendering(port)
            polls, used, began = await _polls(port), processor_seconds(bot.pid), time.monotonic()
            await asyncio.sleep(SECONDS)
            used = processor_seconds(bot.pid) - used
            took = time.monotonic() - began
            polls = await _polls(port) - polls
    return [
        Measurement(
            label=f"processor time per poll, {JOBS} renders, {polls / took:.0f} polls/s",
            value=f"{used / polls * 1e6:,.0f} µs",
        ),
        Measurement(label="share of one core while so many are polled", value=f"{used / took:.0%}"),
    ]


async def _start_jobs(user: SlackUser) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def start(number: int) -> None:
        async with slots:
            await user.type(f"a lake, take {number}")

    await asyncio.gather(*(start(number) for number in range(JOBS)))


async def _all_rendering(port: int) -> None:
    async with asyncio.timeout(START_SECONDS):
        while (await read_metrics(port))["video_bot_jobs", Stage.RENDERING] < JOBS:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.5)


async def _polls(port: int) -> float:
    return sum(
        value
        for name, value in (await read_metrics(port)).items()
        if name[0] == "video_bot_step_seconds_count" and Stage.RENDERING in name
    )
