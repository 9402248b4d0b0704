"""Many lives under the nemesis, as a table for docs/promises.md: `python -m tests.nemesis`."""

from __future__ import annotations

import asyncio
import logging
import sys

import click
from tabulate import tabulate

from tests.nemesis.run import measure


@click.command()
@click.option("--lives", default=300, show_default=True, help="How many lives.")
@click.option("--seed", default=1, show_default=True, help="What draws the events.")
def main(*, lives: int, seed: int) -> None:
    """Disturb processes on one PostgreSQL, and check their history."""
    logging.disable()
    found = asyncio.run(measure(lives, seed))
    rows = [
        ("lives", found.happened.total()),
        *sorted(found.happened.items()),
        ("starts of a process", found.starts),
        ("commands", found.asked),
        ("acknowledged", found.acknowledged),
        ("refused by the cap", found.refused),
        ("videos", found.jobs),
        ("changes of rows that were checked", found.writes),
        ("seconds", round(found.seconds)),
        ("promises broken", len(found.violations)),
    ]
    click.echo(tabulate(rows, headers=(f"seed {seed}", ""), tablefmt="github"))
    for violation in found.violations:
        click.echo(violation, err=True)
    sys.exit(bool(found.violations))


if __name__ == "__main__":
    main()
