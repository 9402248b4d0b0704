"""The commands: `python -m bot …`, each in a module of its name."""

from __future__ import annotations

import gc
from importlib import import_module

import click

from bot.base.errors import BotError, ConfigurationError
from bot.base.stop_signals import StopSignals
from storage.store import StoreError

FAILED = 1
MISCONFIGURED = 2
"""Also click's code for wrong usage."""

SERVICES = ("run", "web", "worker")
"""The commands that last until a signal, and end by themselves after one."""

COMMANDS = (
    *(*SERVICES, "migrate", "copy", "demo", "manifest", "doctor"),
    *("model", "jobs", "budget", "cost", "credit", "audit", "register", "backup"),
)
"""Each is `command` in the module of its name, which is imported only when it is used or listed.

A service lasts for months, so it must not load modules that only another command needs.
"""


class _Commands(click.Group):
    """The commands. A known error ends one with a plain sentence and not with a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        # Only a service ends by itself after a signal that was noted.
        if cmd_name not in SERVICES and isinstance(ctx.obj, StopSignals):
            ctx.obj.release()
        command: click.Command = import_module(f"bot.cli.{cmd_name}").command
        if not gc.isenabled():
            # Imported modules stay until the end: a collection of garbage would only search them.
            gc.freeze()
            gc.enable()
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (BotError, StoreError) as error:
            click.echo(error.in_full if isinstance(error, BotError) else str(error), err=True)
            ctx.exit(MISCONFIGURED if isinstance(error, ConfigurationError) else FAILED)


@click.group(cls=_Commands)
def main() -> None:
    """Make videos from Slack: one command, one charge, one finished video in its thread."""
