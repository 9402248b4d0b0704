"""`python -m bot manifest`: the Slack app that the bot needs."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import click

from bot.options.catalog import Catalog
from bot.slack.manifest import build_manifest


@click.command("manifest")
@click.option("--url", metavar="https://…", help="Where Slack reaches the bot; else Socket Mode.")
def command(url: str | None) -> None:
    """Print the Slack app's manifest, to paste at api.slack.com/apps. Needs no configuration."""
    if url is not None and not _is_https(url):
        raise click.BadParameter("it must be an address with https://", param_hint="--url")
    click.echo(json.dumps(build_manifest(Catalog.load().default, url), indent=2))


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not parts.query
