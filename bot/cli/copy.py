"""`python -m bot copy`: moves the store from a file into PostgreSQL."""

from __future__ import annotations

import asyncio

import click

from bot.app.copying import copy_store
from bot.base.setting_groups import StoreSettings
from bot.base.settings import load_group
from bot.messages.formatting import count
from storage.store import StoreUnusableError


@click.command("copy")
@click.argument("source", metavar="sqlite:///PATH")
@click.argument("target", metavar="[postgresql://…]", required=False)
def command(source: str, target: str | None) -> None:
    """Copy all that a file holds into an empty database of PostgreSQL's.

    Stop the bot on the file first. Without a second address the one in DATABASE_URL is taken, so
    that no password stands among the arguments, which others of the machine can see.
    """
    origin = load_group(StoreSettings, {"DATABASE_URL": source})
    place = load_group(StoreSettings, {"DATABASE_URL": target} if target else None)
    if origin.is_postgres or not place.is_postgres:
        raise click.UsageError("A store is copied from sqlite:///PATH to postgresql://….")
    path = str(origin.database_path)
    try:
        copied, changed = asyncio.run(copy_store(path, place.database_url))
    except StoreUnusableError as error:
        raise click.UsageError(str(error)) from error
    for name, totals in copied.items():
        sums = [f"{column} {amount}" for column, amount in totals.sums.items()]
        fences = [] if totals.highest_fence is None else [f"highest fence {totals.highest_fence}"]
        more = ", ".join([*sums, *fences])
        click.echo(f"{name:<16} {totals.rows:>9}" + (f"  {more}" if more else ""))
    if changed:
        click.echo(f"{count(changed, 'text')} had characters that PostgreSQL lacks, now `?`.")
    click.echo(
        f"Counts, sums and fences agree. {path} is as it was; start no bot on it any more, or both"
        " would render and post the same jobs."
    )
