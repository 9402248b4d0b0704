"""A trial of load against one server, and the measurements of several trials."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.load import PEOPLE, WARM_UP_REQUESTS, LoadReport, person_id
from bench.measurement import Measurement, quantile
from bench.process import processor_seconds
from bot.slack.manifest import EVENTS_PATH
from sandbox.sandbox import Sandbox
from sandbox.slack.entities import GENERAL, TEAM, User
from storage.sqlite.connection import connect_reader
from tests.support.bot_process import ROOT, BotProcess


class RunFailedError(Exception):
    """A command was answered wrongly or lost, so the measurements are invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The results of one server in one trial. Times are in seconds; `latencies` are sorted."""

    latencies: list[float]
    processor: float
    """Processor time of the server for each command."""
    triggers: list[str]
    """The trigger ID of each command that was acknowledged."""


def add_people(sandbox: Sandbox) -> None:
    """Add the users who send the commands to the workspace: strangers are refused."""
    ids = (person_id(number) for number in range(PEOPLE))
    sandbox.slack.add_people(GENERAL, *(User(id=one, name=one, real_name=one) for one in ids))


async def send_load(
    ports: Sequence[int],
    secret: str,
    *,
    rate: float,
    seconds: float,
    channels: int = 1,
    warm_up: int = WARM_UP_REQUESTS,
) -> LoadReport:
    """Send `rate` commands a second to ports of this machine in turn, from a process of its own.

    Raises `RunFailedError` for a wrong answer.
    """
    urls = ",".join(f"http://127.0.0.1:{port}{EVENTS_PATH}" for port in ports)
    loader = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.load", urls, str(rate), str(seconds), secret),
        *(str(channels), str(warm_up)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await loader.communicate()
    report = LoadReport(**json.loads(output))
    if report.errors:
        raise RunFailedError(f"{len(report.errors)} wrong answers, such as {report.errors[0]}")
    return report


async def run_trial(bot: BotProcess, secret: str, *, rate: int, seconds: int) -> Trial:
    """Send `rate` commands a second to a server, from a process of its own.

    Raises `RunFailedError` for a wrong answer.
    """
    port, before = await bot.port(), processor_seconds(bot.pid)
    report = await send_load([port], secret, rate=rate, seconds=seconds)
    used = processor_seconds(bot.pid) - before
    return Trial(
        latencies=sorted(report.seconds),
        processor=used / len(report.triggers),
        triggers=report.triggers,
    )


def check_rows(path: Path, triggers: Sequence[str]) -> None:
    """Raise `RunFailedError` unless every acknowledged command has its row."""
    db = connect_reader(str(path))
    try:
        rows = {row["dedup_key"] for row in db.query("SELECT dedup_key FROM jobs")}
    finally:
        db.close()
    lost = {f"command:{TEAM}:{trigger}" for trigger in triggers} - rows
    if lost:
        raise RunFailedError(f"{len(lost)} acknowledged commands have no row")


def latency(
    label: str, trials: Sequence[Trial], share: float, goal: float | None = None
) -> Measurement:
    """Return the median of the trials' quantiles at `share`; `goal` in seconds."""
    return median_of(label, [quantile(one.latencies, share) for one in trials], goal)


def median_of(label: str, seconds: Sequence[float], goal: float | None = None) -> Measurement:
    """Return the median of the trials, with the least and the most; `goal` in seconds."""
    middle = median(seconds)
    return Measurement(
        label=label,
        value=f"{middle * 1e3:.1f} ms ({min(seconds) * 1e3:.1f} to {max(seconds) * 1e3:.1f})",
        goal="" if goal is None else f"≤ {goal * 1e3:.0f} ms",
        met=None if goal is None else middle <= goal,
    )
