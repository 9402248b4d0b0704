"""How long a person waits for the acknowledgement of a command that is on disk."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from bot.manifest import EVENTS_PATH
from bot.sandbox.slack.entities import TEAM
from bot.sandbox.town import town
from storage.connection import connect_reader
from tests.bench.figure import Figure, quantile
from tests.bench.load import Report
from tests.bot_process import ROOT, BotProcess, bot_process

RATE = 200
SECONDS = 12
GOAL_SECONDS = 0.010
# Nothing but asks is to be measured: no render ends while the load lasts.
RENDER_SECONDS = 3600.0
SYNCS = 300
PAGE = b"\0" * 4096


class RunFailedError(Exception):
    """The run broke its own rules, so its figures mean nothing."""


async def measure() -> list[Figure]:
    """Return the bot's figures beside those of an empty Bolt app."""
    async with town(render_seconds=RENDER_SECONDS, echo=False) as place:
        disk = await asyncio.to_thread(_sync_seconds, place.folder / "synced")
        secret = place.slack.credentials.signing_secret
        empty = ("-m", "tests.bench.empty_bolt", secret)
        async with bot_process({}, place.folder, empty) as bolt:
            floor = await _load(bolt, secret)
        async with bot_process(place.environment(socket_mode=False), place.folder) as bot:
            asked = await _load(bot, secret)
        _check_rows(place.folder / "video-bot.db", asked)
    return [
        _latency(f"acknowledgement, {RATE} commands/s, on disk: p50", asked, 0.5),
        _latency("the same: p99", asked, 0.99, GOAL_SECONDS),
        _latency("the same: longest", asked, 1.0),
        _latency("empty Bolt app, same run: p50", floor, 0.5),
        _latency("the same: p99", floor, 0.99),
        _latency("the same: longest", floor, 1.0),
        Figure(
            what="disk, one fdatasync: p50, p99",
            value=f"{quantile(disk, 0.5) * 1e3:.1f} ms, {quantile(disk, 0.99) * 1e3:.1f} ms",
        ),
    ]


async def _load(bot: BotProcess, secret: str) -> Report:
    """Let the load process fire at a server; raise `RunFailedError` for any wrong answer."""
    url = f"http://127.0.0.1:{await bot.port()}{EVENTS_PATH}"
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
    return report


def _check_rows(path: Path, report: Report) -> None:
    """Raise `RunFailedError` unless every acknowledged command has its row."""
    db = connect_reader(str(path))
    try:
        rows = {row["ask_key"] for row in db.query("SELECT ask_key FROM jobs")}
    finally:
        db.close()
    lost = {f"command:{TEAM}:{trigger}" for trigger in report.triggers} - rows
    if lost:
        raise RunFailedError(f"{len(lost)} acknowledged commands have no row")


def _latency(what: str, report: Report, share: float, goal: float | None = None) -> Figure:
    seconds = quantile(sorted(report.seconds), share)
    return Figure(
        what=what,
        value=f"{seconds * 1e3:.1f} ms",
        goal="" if goal is None else f"≤ {goal * 1e3:.0f} ms",
        met=None if goal is None else seconds <= goal,
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
