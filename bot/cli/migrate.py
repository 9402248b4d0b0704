"""`python -m bot migrate`: brings the tables of the store up to date."""

from __future__ import annotations

import asyncio

import click

from bot.app.checks import migrate_store
from bot.base.setting_groups import StoreSettings
from bot.base.settings import load_group


@click.command("migrate")
def command() -> None:
    """Bring the tables of the store up to date, before `web` and `worker` of this version start.

    On PostgreSQL, processes of the version before may run meanwhile. A file is copied beside
    itself before, and no bot may run on it.
    """
    for sentence in asyncio.run(migrate_store(load_group(StoreSettings))):
        click.echo(sentence)
