"""`python -m bot run`: the whole bot in one process."""

from __future__ import annotations

import asyncio
import sys

import click

from bot.app.run import serve
from bot.base.logs import configure_logs
from bot.base.proxies import Proxies
from bot.base.settings import Settings, load_settings
from bot.base.stop_signals import StopSignals, leave_soon


@click.command("run")
@click.pass_obj
def command(signals: StopSignals | None) -> None:
    """Run the bot until it is told to stop (SIGTERM, Ctrl-C)."""
    settings = load_settings()
    configure_logs(
        log_format=settings.log_format,
        log_level=settings.log_level,
        secrets=(*settings.secrets, *Proxies.from_environment().secrets),
        log_prompts=settings.log_prompts,
        stream=sys.stderr,
    )
    asyncio.run(_serve(settings, signals))


async def _serve(settings: Settings, signals: StopSignals | None) -> None:
    is_own_process = signals is not None
    if signals is None:
        signals = StopSignals()
        signals.watch()
    await serve(settings, signals)
    if is_own_process:
        leave_soon()
