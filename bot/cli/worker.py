"""`python -m bot worker`: a process that does the work, beside others that answer people."""

from __future__ import annotations

import click

from bot.app.roles import WORKER
from bot.base.stop_signals import StopSignals
from bot.cli.run import run_as


@click.command("worker")
@click.pass_obj
def command(signals: StopSignals | None) -> None:
    """Render, deliver and notify what people asked `web` for; needs PostgreSQL."""
    run_as(WORKER, signals)
