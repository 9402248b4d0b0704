"""`python -m bot doctor`: prints the findings of `bot.app.checks`."""

from __future__ import annotations

import asyncio
import sys

import click

from bot.app.checks import examine
from bot.base.logs import configure_logs
from bot.base.proxies import Proxies
from bot.base.settings import load_settings
from bot.cli.main import FAILED


@click.command("doctor")
def command() -> None:
    """Check configuration, Slack, MindVideo, the store and the models. Costs nothing."""
    settings = load_settings()
    configure_logs(
        log_format=settings.log_format,
        log_level="error",  # the findings have all that an operator needs
        secrets=(*settings.secrets, *Proxies.from_environment().secrets),
        log_prompts=False,
        stream=sys.stderr,
    )
    click.echo("ok    The configuration is complete.")
    for sentence in settings.mistyped:
        click.echo(f"note  {sentence}")
    findings = asyncio.run(examine(settings))
    for finding in findings:
        click.echo(f"{'ok' if finding.ok else 'FAIL':<5} {finding.what}")
        if finding.advice:
            click.echo(f"      {finding.advice}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(FAILED)
