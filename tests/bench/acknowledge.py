"""How long a person waits for the acknowledgement of a command that is on disk."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bot.manifest import EVENTS_PATH
from bot.sandbox.slack.entities import TEAM
from bot.sandbox.town import town
from storage.connection import connect_reader
from tests.bench.figure import Figure, quantile
from tests.bench.load import Report
from tests.bench.process import processor_seconds
from tests.bot_process import ROOT, BotProcess, bot_process

RATE = 200
SECONDS = 6
# One disturbance from outside spoils a round, hardly most of them.
ROUNDS = 5
GOAL_SECONDS = 0.010
# Nothing but asks is to be measured: no render ends while the load lasts.
RENDER_SECONDS = 3600.0
SYNCS = 300
PAGE = b"\0" * 4096


class RunFailedError(Exception):
    """The run broke its own rules, so its figures mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one server did in one round. All in seconds; `latencies` are sorted."""

    latencies: list[float]
    processor: float
    """Processor time of the server for each command."""


async def measure() -> list[Figure]:
    """Return the bot's figures beside those of an empty Bolt app, round by round in turn."""
    asked: list[Round] = []
    floor: list[Round] = []
    disk: list[float] = []
    for _ in range(ROUNDS):
        async with town(render_seconds=RENDER_SECONDS, echo=False) as place:
            disk += await asyncio.to_thread(_sync_seconds, place.folder / "synced")
            secret = place.slack.credentials.signing_secret
            empty = ("-m", "tests.bench.empty_bolt", secret)
            async with bot_process({}, place.folder, empty) as bolt:
                result, _ = await _load(bolt, secret)
                floor.append(result)
            async with bot_process(place.environment(socket_mode=False), place.folder) as bot:
                result, triggers = await _load(bot, secret)
                asked.append(result)
            _check_rows(place.folder / "video-bot.db", triggers)
    disk.sort()
    return [
        _latency(f"acknowledgement, {RATE} commands/s, on disk: p50", asked, 0.5),
        _latency("the same: p99", asked, 0.99, GOAL_SECONDS),
        _latency("the same: longest", asked, 1.0),
        _figure("the same: processor time", [one.processor for one in asked]),
        _latency("empty Bolt app, same run: p50", floor, 0.5),
        _latency("the same: p99", floor, 0.99),
        _latency("the same: longest", floor, 1.0),
        _figure("the same: processor time", [one.processor for one in floor]),
        Figure(
            what="disk, one fdatasync: p50, p99",
            value=f"{quantile(disk, 0.5) * 1e3:.1f} ms, {quantile(disk, 0.99) * 1e3:.1f} ms",
        ),
    ]


async def _load(bot: BotProcess, secret: str) -> tuple[Round, list[str]]:
    """Let the load process fire at a server; raise `RunFailedError` for any wrong answer."""
    url = f"http://127.0.0.1:{await bot.port()}{EVENTS_PATH}"
    before = processor_seconds(bot.pid)
    loader = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.bench.load", url, str(RATE), str(SECONDS), secret),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await loader.communicate()
    report = Report(**json.loads(said))
    if report.errors:
        raise RunFailedError(f"{len(report.errors)} wrong answers, such as {report.errors[0]}")
    used = processor_seconds(bot.pid) - before
    result = Round(latencies=sorted(report.seconds), processor=used / len(report.triggers))
    return result, report.triggers


def _check_rows(path: Path, triggers: Sequence[str]) -> None:
    """Raise `RunFailedError` unless every acknowledged command has its row."""
    db = connect_reader(str(path))
    try:
        rows = {row["ask_key"] for row in db.query("SELECT ask_key FROM jobs")}
    finally:
        db.close()
    lost = {f"command:{TEAM}:{trigger}" for trigger in triggers} - rows
    if lost:
        raise RunFailedError(f"{len(lost)} acknowledged commands have no row")


def _latency(what: str, rounds: Sequence[Round], share: float, goal: float | None = None) -> Figure:
    return _figure(what, [quantile(one.latencies, share) for one in rounds], goal)


def _figure(what: str, seconds: Sequence[float], goal: float | None = None) -> Figure:
    """Return the median of the rounds, with the least and the most."""
    middle = median(seconds)
    return Figure(
        what=what,
        value=f"{middle * 1e3:.1f} ms ({min(seconds) * 1e3:.1f} to {max(seconds) * 1e3:.1f})",
        goal="" if goal is None else f"≤ {goal * 1e3:.0f} ms",
        met=None if goal is None else middle <= goal,
    )


def _sync_seconds(path: Path) -> list[float]:
    """Return how long the disk takes to make a page durable, sorted."""
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(PAGE)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return sorted(taken)
