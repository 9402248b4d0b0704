"""`python -m bot budget`: shows and sets caps, and recomputes what is counted."""

from __future__ import annotations

import time
from dataclasses import replace
from zoneinfo import available_timezones

import click
from tabulate import tabulate

from bot.base.errors import BotError, UsageError
from bot.cli import slack_ids
from bot.cli.jobs import typed_amount, with_store
from bot.options.projects import read_project
from storage.budget import (
    OPERATOR,
    Calendar,
    Cap,
    Policy,
    Scope,
    ScopeKind,
    UnknownPrice,
    Window,
    scope_of,
)
from storage.job import Instant
from storage.store import JobFilter, Store

NO_SCOPE = (
    "SCOPE is person:TEAM:USER, everyone:TEAM:, channel:TEAM:CHANNEL, model:TEAM:MODEL,"
    " project:TEAM:NAME or workspace:TEAM:."
)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

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
    limit = typed_amount(amount)
    cap = Cap(scope=_settable(_scope(scope)), window=Window(per), limit=limit, is_hard=not soft)
    with_store(lambda store: store.budgets.set_cap(cap, OPERATOR, time.time()))
    window = "in all" if cap.window is Window.ONCE else f"per {per}"
    click.echo(f"{cap.scope.key} may spend {cap.limit} {window}.")


@command.command()
@click.argument("scope")
@PER
def remove(scope: str, per: str) -> None:
    """Remove a cap."""
    capped = _settable(_scope(scope))
    removed = with_store(
        lambda store: store.budgets.remove_cap(capped, Window(per), OPERATOR, time.time())
    )
    if not removed:
        raise BotError(f"There was no such cap: `budget show {capped.team}` lists those there are.")
    click.echo("The cap is removed.")


@command.command()
@slack_ids.TEAM_ARGUMENT
def show(team: str) -> None:
    """Show the caps of a workspace, by its ID at Slack."""
    rules = with_store(lambda store: store.budgets.rules(team, time.time()))
    rows = [
        (cap.scope.key, cap.window, str(cap.limit), "hard" if cap.is_hard else "soft")
        for cap in rules.caps
    ]
    click.echo(tabulate(rows, ["scope", "per", "limit", "kind"], disable_numparse=True))


@command.command()
@slack_ids.TEAM_ARGUMENT
@click.option("--confirm-above", metavar="AMOUNT", help="Ask before what costs more is rendered.")
@click.option(
    "--unknown",
    type=click.Choice([kind.value for kind in UnknownPrice]),
    default=UnknownPrice.ASK.value,
    show_default=True,
    help="What happens to a price that nobody knows, where a cap applies.",
)
@click.option("--hold", metavar="AMOUNT", help="What an unknown price holds, with --unknown hold.")
@click.option("--zone", default="UTC", show_default=True, help="Where days begin at midnight.")
@click.option(
    "--week-begins",
    type=click.Choice(WEEKDAYS),
    default=WEEKDAYS[0],
    show_default=True,
)
def policy(
    team: str,
    *,
    confirm_above: str | None,
    unknown: str,
    hold: str | None,
    zone: str,
    week_begins: str,
) -> None:
    """Set the rules of a workspace beside its caps; what is not given has its default."""
    kind = UnknownPrice(unknown)
    if (kind is UnknownPrice.HOLD) is (hold is None):
        raise click.UsageError("--hold belongs to --unknown hold, and that to it.")
    if zone not in available_timezones():
        raise click.UsageError(f"There is no time zone {zone}, such as Europe/Berlin.")
    made = Policy(
        confirm_above=None if confirm_above is None else typed_amount(confirm_above),
        unknown_price=kind,
        unknown_hold=None if hold is None else typed_amount(hold),
        calendar=Calendar(zone=zone, first_weekday=WEEKDAYS.index(week_begins)),
    )
    with_store(lambda store: store.budgets.set_policy(team, made, OPERATOR, time.time()))
    click.echo("The policy is set.")


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


@command.command()
@slack_ids.TEAM_ARGUMENT
@click.option("--because", default="", metavar="WHY", help="What was found, for the audit.")
def checked(team: str, because: str) -> None:
    """Confirm what the budgets of a workspace count since a backup was restored."""

    async def confirm(store: Store) -> Instant | None:
        if not await store.jobs.jobs(JobFilter(team=team, limit=1)):
            raise click.UsageError(f"No job in the store is of a workspace {team}.")
        return await store.budgets.confirm_counts(team, OPERATOR, time.time(), because=because)

    since = with_store(confirm)
    click.echo("Noted." if since is not None else "Nothing was in doubt.")


def _settable(scope: Scope) -> Scope:
    """Return the scope as requests count in it. Raises `click.UsageError` if none ever could."""
    ids = {ScopeKind.PERSON: slack_ids.USER, ScopeKind.CHANNEL: slack_ids.CHANNEL}
    pattern = ids.get(scope.kind)
    if not slack_ids.TEAM.fullmatch(scope.team) or (pattern and not pattern.fullmatch(scope.name)):
        raise click.UsageError(f"{NO_SCOPE} TEAM, USER and CHANNEL are IDs at Slack.")
    if scope.kind is not ScopeKind.PROJECT:
        return scope
    try:
        return replace(scope, name=read_project(scope.name))
    except UsageError as error:
        raise click.UsageError(str(error)) from None


def _scope(text: str) -> Scope:
    try:
        scope = scope_of(text)
    except ValueError:
        raise click.UsageError(NO_SCOPE) from None
    has_no_name = scope.kind in {ScopeKind.EVERYONE, ScopeKind.WORKSPACE}
    if not scope.team or has_no_name is bool(scope.name):
        raise click.UsageError(NO_SCOPE)
    return scope
