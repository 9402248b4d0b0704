"""`python -m bot budget`: shows and sets caps, and recomputes what is counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import click
from tabulate import tabulate

from bot.base.errors import UsageError
from bot.cli.jobs import with_store
from bot.money.amounts import read_typed_amount
from storage.budget import OPERATOR, Cap, Scope, ScopeKind, Window, scope_of

T = TypeVar("T")

NO_SCOPE = (
    "SCOPE is person:TEAM:USER, everyone:TEAM:, channel:TEAM:CHANNEL, model:TEAM:MODEL,"
    " project:TEAM:NAME or workspace:TEAM:."
)

PER = click.option(
    "--per",
    type=click.Choice([window.value for window in Window]),
    default=Window.MONTH.value,
    show_default=True,
)


@click.group("budget")
def command() -> None:
    """Show and set caps, and check what is counted against them."""


@command.command("set")
@click.argument("scope")
@click.argument("amount")
@PER
@click.option("--soft", is_flag=True, help="Ask before it is exceeded, and do not refuse.")
def set_cap(scope: str, amount: str, per: str, *, soft: bool) -> None:
    """Cap what SCOPE may spend at AMOUNT; 0 allows nothing.

    SCOPE is person:TEAM:USER, everyone:TEAM: (each person), channel:TEAM:CHANNEL,
    model:TEAM:MODEL, project:TEAM:NAME or workspace:TEAM:.
    """
    limit = _usage(lambda: read_typed_amount(amount))
    cap = Cap(scope=_scope(scope), window=Window(per), limit=limit, is_hard=not soft)
    with_store(lambda store: store.budgets.set_cap(cap, OPERATOR, time.time()))
    click.echo(f"{cap.scope.key} may spend {cap.limit} per {per}.")


@command.command()
@click.argument("scope")
@PER
def remove(scope: str, per: str) -> None:
    """Remove a cap."""
    removed = with_store(
        lambda store: store.budgets.remove_cap(_scope(scope), Window(per), OPERATOR, time.time())
    )
    click.echo("The cap is removed." if removed else "There was no such cap.")


@command.command()
@click.argument("team")
def show(team: str) -> None:
    """Show the caps of a workspace, by its ID at Slack."""
    rules = with_store(lambda store: store.budgets.rules(team, time.time()))
    rows = [
        (cap.scope.key, cap.window, str(cap.limit), "hard" if cap.is_hard else "soft")
        for cap in rules.caps
    ]
    click.echo(tabulate(rows, ["scope", "per", "limit", "kind"], disable_numparse=True))


@command.command()
def recompute() -> None:
    """Set what is counted to the sum over all jobs; prints what was wrong."""
    wrong = with_store(lambda store: store.budgets.recompute(OPERATOR, time.time()))
    for one in wrong:
        click.echo(
            f"{one.scope} on {one.day}: held {one.counted.held}, spent {one.counted.spent};"
            f" now held {one.summed.held}, spent {one.summed.spent}."
        )
    click.echo("All else was right." if wrong else "Everything was right.")


def _scope(text: str) -> Scope:
    try:
        scope = scope_of(text)
    except ValueError:
        raise click.UsageError(NO_SCOPE) from None
    has_no_name = scope.kind in {ScopeKind.EVERYONE, ScopeKind.WORKSPACE}
    if not scope.team or has_no_name is bool(scope.name):
        raise click.UsageError(NO_SCOPE)
    return scope


def _usage(read: Callable[[], T]) -> T:
    try:
        return read()
    except UsageError as error:
        raise click.UsageError(str(error)) from None
