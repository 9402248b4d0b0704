"""`python -m bot run`: the whole bot in one process."""

from __future__ import annotations

import asyncio
import sys

import click
import structlog

from bot.app.roles import ALL, Role, role_on
from bot.app.run import serve
from bot.base.logs import configure_logs
from bot.base.proxies import Proxies
from bot.base.settings import Settings, load_settings
from bot.base.stop_signals import StopSignals, leave_soon


@click.command("run")
@click.pass_obj
def command(signals: StopSignals | None) -> None:
    """Run the bot until it is told to stop (SIGTERM, Ctrl-C)."""
    run_as(ALL, signals)


def run_as(wanted: Role, signals: StopSignals | None) -> None:
    """Run a process of the service, with the configuration of the environment.

    Raises `ConfigurationError` with a line for each wrong variable, and what `serve` raises.
    """
    settings = load_settings()
    role = role_on(settings, wanted)
    configure_logs(
        log_format=settings.log_format,
        log_level=settings.log_level,
        secrets=(*settings.secrets, *Proxies.from_environment().secrets),
        log_prompts=settings.log_prompts,
        stream=sys.stderr,
    )
    for sentence in settings.mistyped:
        structlog.get_logger("app").warning("mistyped_variable", problem=sentence)
    asyncio.run(_serve(settings, role, signals))


async def _serve(settings: Settings, role: Role, signals: StopSignals | None) -> None:
    is_own_process = signals is not None
    if signals is None:
        signals = StopSignals()
        signals.watch()
    await serve(settings, role, signals)
    if is_own_process:
        leave_soon()
