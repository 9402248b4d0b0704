"""The table of attacks, or of planted faults, for docs/promises.md: `python -m tests.hardening`."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from tabulate import tabulate

from tests.hardening import attack, mutant


@click.command()
@click.argument("names", nargs=-1, metavar="[PART]...")
@click.option("--mutants", is_flag=True, help="Plant faults, and see them noticed.")
def main(*, names: Sequence[str], mutants: bool) -> None:
    """Attack the bot, and tell what was measured; or plant faults in it."""
    logging.disable()
    rows = list(_noticed(names) if mutants else _measured(names))
    headers = ("the bot …", "noticed") if mutants else ("attack", "bound", "measured", "held")
    click.echo(tabulate(rows, headers=headers, tablefmt="github"))
    sys.exit(any(row[-1] == "no" for row in rows))


def _measured(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for part, attacks in attack.parts():
        for one in attacks if not names or part in names else ():
            with TemporaryDirectory() as folder:
                measured = asyncio.run(_run(one, Path(folder)))
            yield one.name, one.bound, measured.figure, _word(is_so=measured.held)


async def _run(one: attack.Attack, folder: Path) -> attack.Measured:
    return await one.run(folder)


def _noticed(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for part, mutants in mutant.parts():
        for one in mutants if not names or part in names else ():
            yield one.name, _word(is_so=mutant.is_noticed(one))


def _word(*, is_so: bool) -> str:
    return "yes" if is_so else "no"


if __name__ == "__main__":
    main()
