"""`python -m bot backup`: a consistent copy of the store."""

from __future__ import annotations

import click

from bot.cli.jobs import with_store


@click.command("backup")
@click.argument("path", type=click.Path(dir_okay=False))
def command(path: str) -> None:
    """Write a consistent copy of the store to PATH, while the bot runs or not."""
    with_store(lambda store: store.backup(path))
    click.echo(f"The store is copied to {path}.")
