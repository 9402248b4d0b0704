"""Crashes: a job whose submit kills the process, among others that are innocent."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from bot.worker.engine import CRASHED
from sandbox.slack.entities import ANA, BEN
from storage.job import Job, Stage
from storage.sqlite.store import SqliteStore
from storage.store import MOST_CRASHES, JobFilter
from tests.hardening.attack import Attack, Measured
from tests.support.bot_process import bot_process
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

INNOCENT = 11
"""Beside the killer they fill the pool of the submits."""
MOST_STARTS = 8

KILLING_BOT = """
import os, signal
from bot.app import services
from bot.cli.main import main
from storage.job import Stage
steps = dict(services.STEPS)
submit = steps[Stage.ANNOUNCED]
async def kill(claim):
    if claim.row.input["prompt"].startswith("poison"):
        os.kill(os.getpid(), signal.SIGKILL)
    return await submit(claim)
steps[Stage.ANNOUNCED] = kill
services.STEPS = steps
main(["run"])
"""
"""A bot that dies of a prompt, before anything of the step was written."""


async def kill_by_a_step(folder: Path) -> Measured:
    """Ask for the killer and for others at once, and start the bot again after each death."""
    deaths = 0
    async with running_sandbox(render_seconds=0.2) as sandbox:
        # All of them are announced before the first is submitted.
        variables = sandbox.environment(socket_mode=False) | FAST | {"SUBMIT_DELAY_SECONDS": "2"}
        user = SlackUser(sandbox=sandbox)
        for start in range(MOST_STARTS):
            async with bot_process(variables, folder, ("-c", KILLING_BOT)) as bot:
                sandbox.deliver_to_port(await bot.port())
                if start == 0:
                    for number in range(INNOCENT):
                        await user.type(f"a lake, take {number}", user=(ANA, BEN)[number % 2])
                    await user.type("poison")
                died = await _has_died(user, bot.ended)
            deaths += died
            if not died:
                break
        jobs = await _jobs(sandbox.folder / "video-bot.db")
        told = any(CRASHED in said.text for said in user.ephemerals())
        charges = len(sandbox.video.charges)
    stages = Counter(job.stage for job in jobs)
    figure = f"{deaths} deaths; {stages[Stage.DELIVERED]} of {INNOCENT} others delivered, 1 parked"
    held = (
        deaths == MOST_CRASHES
        and stages == {Stage.DELIVERED: INNOCENT, Stage.PARKED: 1}
        and charges == INNOCENT
        and told
    )
    return Measured(figure=figure if held else f"{figure}: {dict(stages)}", held=held)


async def _has_died(user: SlackUser, ended: Callable[[float], Awaitable[int]]) -> bool:
    """Wait until the bot has died, or has no work left; return whether it died."""
    while True:
        with suppress(TimeoutError):
            return await ended(0.2) == -signal.SIGKILL
        ends = [said for said in user.messages() if _is_over(said.text)]
        if len(ends) == INNOCENT + 1:
            return False


def _is_over(text: str) -> bool:
    return ("Done in" in text and "bringing it" not in text) or "On hold" in text


async def _jobs(path: Path) -> list[Job]:
    store = await SqliteStore.open(str(path), owner=False)
    jobs = await store.jobs.jobs(JobFilter(limit=100))
    await store.close()
    return jobs


ATTACKS = (
    Attack(
        name="a job kills the process in its submit, with 11 others in flight",
        bound="after three deaths it is parked and told, nothing is charged for it; the others "
        "are delivered",
        run=kill_by_a_step,
    ),
)
