"""The commands: `python -m bot …`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from bot.app import serve
from bot.doctor import examine
from bot.errors import BotError, ConfigurationError
from bot.logs import configure_logs
from bot.manifest import build_manifest
from bot.operate import backup, jobs
from bot.options.catalog import Catalog
from bot.sandbox.demo.run import run_command, serve_page
from bot.settings import load_settings
from storage.store import StoreError

FAILED = 1
MISCONFIGURED = 2
"""Also click's code for wrong usage."""


class _PlainGroup(click.Group):
    """Commands that end in a plain sentence where the reason is known, not in a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (BotError, StoreError) as error:
            click.echo(str(error), err=True)
            ctx.exit(MISCONFIGURED if isinstance(error, ConfigurationError) else FAILED)


@click.group(cls=_PlainGroup)
def main() -> None:
    """Make videos from Slack: one command, one charge, one finished video in its thread."""


@main.command()
def run() -> None:
    """Run the bot until it is told to stop (SIGTERM, Ctrl-C)."""
    settings = load_settings()
    configure_logs(
        log_format=settings.log_format,
        log_level=settings.log_level,
        secrets=settings.secrets,
        log_prompts=settings.log_prompts,
        stream=sys.stderr,
    )
    asyncio.run(serve(settings))


@main.command()
@click.option("--url", metavar="https://…", help="Where Slack reaches the bot; else Socket Mode.")
def manifest(url: str | None) -> None:
    """Print the Slack app's manifest, to paste at api.slack.com/apps. Needs no configuration."""
    if url is not None and not _is_https(url):
        raise click.BadParameter("it must be an address with https://", param_hint="--url")
    click.echo(json.dumps(build_manifest(Catalog.load().default, url), indent=2))


@main.command()
def doctor() -> None:
    """Check configuration, Slack, MindVideo, the store and the models. Costs nothing."""
    settings = load_settings()
    configure_logs(
        log_format=settings.log_format,
        log_level="error",  # the findings say all that a person needs
        secrets=settings.secrets,
        log_prompts=False,
        stream=sys.stderr,
    )
    click.echo("ok    The configuration is complete.")
    findings = asyncio.run(examine(settings))
    for finding in findings:
        click.echo(f"{'ok' if finding.ok else 'FAIL':<5} {finding.what}")
        if finding.advice:
            click.echo(f"      {finding.advice}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(FAILED)


@main.command()
@click.argument("command", required=False, metavar="['/video …']")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--separate", is_flag=True, help="Give the bot a process of its own (Socket Mode).")
@click.option("--render-seconds", type=click.FloatRange(0), default=6.0, show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Where the video of a single command is saved.",
)
def demo(
    command: str | None, port: int, *, separate: bool, render_seconds: float, out: Path
) -> None:
    """Try the bot with a simulated Slack and a simulated MindVideo. Needs no configuration.

    Without a command it serves a page that looks like a channel; with one, such as
    "/video a red car --duration 5", it runs that and prints the thread as it happens.
    """
    configure_logs(
        log_format="console", log_level="warning", secrets=(), log_prompts=False, stream=sys.stderr
    )
    if command is None:
        page = serve_page(click.echo, port=port, separate=separate, render_seconds=render_seconds)
        asyncio.run(page)
    else:
        asyncio.run(
            run_command(
                command, click.echo, folder=out, separate=separate, render_seconds=render_seconds
            )
        )


main.add_command(jobs)
main.add_command(backup)


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not parts.query
