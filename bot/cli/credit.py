"""`python -m bot credit`: shows and keeps our own book of the credit at MindVideo."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import click
from tabulate import tabulate

from bot.base.errors import UsageError
from bot.cli import slack_ids
from bot.cli.jobs import JSON, typed_amount, with_store
from bot.jobs.credit import CreditView, load_credit, refuse_unusable
from bot.messages.formatting import count, money
from storage.budget import OPERATOR, Booking
from storage.store import Store

BECAUSE = click.option("--because", required=True, help="What was paid; the audit keeps it.")


@click.group("credit")
def command() -> None:
    """Show and keep our own book of the credit at MindVideo, which names none itself."""


@command.command()
@slack_ids.TEAM_ARGUMENT
@JSON
def show(team: str, *, as_json: bool) -> None:
    """Show what must be left for a workspace, and what was booked."""
    _print(team, with_store(lambda store: _load(store, team)), as_json=as_json)


@command.command()
@slack_ids.TEAM_ARGUMENT
@click.argument("amount")
@BECAUSE
@JSON
def add(team: str, amount: str, because: str, *, as_json: bool) -> None:
    """Book AMOUNT, which was paid to MindVideo."""
    _book(team, amount, because, is_taken=False, as_json=as_json)


@command.command()
@slack_ids.TEAM_ARGUMENT
@click.argument("amount")
@BECAUSE
@JSON
def take(team: str, amount: str, because: str, *, as_json: bool) -> None:
    """Take AMOUNT from the book, such as one that was booked twice."""
    _book(team, amount, because, is_taken=True, as_json=as_json)


def _book(team: str, amount: str, because: str, *, is_taken: bool, as_json: bool) -> None:
    figure, reason = typed_amount(amount), because.strip()
    if not reason:
        raise click.UsageError("--because takes a reason.")
    try:
        refuse_unusable(figure, reason)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    booking = Booking(
        amount=-figure if is_taken else figure, by=OPERATOR, because=reason, at=time.time()
    )

    async def book(store: Store) -> CreditView | None:
        await store.budgets.book_credit(team, booking)
        return await _load(store, team)

    _print(team, with_store(book), as_json=as_json)


async def _load(store: Store, team: str) -> CreditView | None:
    return await load_credit(team, store.budgets, time.time(), unit=None)


def _print(team: str, view: CreditView | None, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_json_fields(team, view), indent=2))
        return
    if view is None:
        click.echo(f"Nothing is booked for {team}.")
        return
    book = view.book
    rows = [
        (_date_text(one.at), one.by, money(one.amount, None), one.because) for one in book.bookings
    ]
    click.echo(tabulate(rows, ["at (UTC)", "by", "amount", "because"], disable_numparse=True))
    click.echo()
    for name, amount in (
        ("booked", book.booked),
        ("confirmed", book.confirmed),
        ("held", book.held),
        ("left", book.left),
    ):
        click.echo(f"{name:<10}{money(amount, None)}")
    if view.days_left is not None:
        click.echo(f"It lasts for about {count(view.days_left, 'day')} at the last week's pace.")
    click.echo("This is our own reckoning, because MindVideo tells no balance.")


def _json_fields(team: str, view: CreditView | None) -> dict[str, object]:
    """Return the fields for JSON; `null`: nothing is booked, so nothing can be said of the rest."""
    book = view.book if view else None
    return {
        "team": team,
        "booked": book and str(book.booked),
        "confirmed": book and str(book.confirmed),
        "held": book and str(book.held),
        "left": book and str(book.left),
        "days_left": view and view.days_left,
        "bookings": [
            {"at": one.at, "by": one.by, "amount": str(one.amount), "because": one.because}
            for one in (book.bookings if book else ())
        ],
    }


def _date_text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
