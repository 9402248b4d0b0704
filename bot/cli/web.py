"""`python -m bot web`: a process that answers people, beside others that do the work."""

from __future__ import annotations

import click

from bot.app.roles import WEB
from bot.base.stop_signals import StopSignals
from bot.cli.run import run_as


@click.command("web")
@click.pass_obj
def command(signals: StopSignals | None) -> None:
    """Take Slack's requests, and leave the work to `worker`; on SQLite, do all as `run` does."""
    run_as(WEB, signals)
