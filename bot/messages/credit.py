"""The book of credit: our own reckoning of what is left at MindVideo."""

from __future__ import annotations

from decimal import Decimal

from bot.base.ports import Message
from bot.jobs.credit import CreditView
from bot.messages import blocks, formatting
from bot.messages.budget_table import people
from storage.budget import Booking

MOST_BOOKINGS = 5

_OWN = (
    "This is our own reckoning, because MindVideo tells no balance: what was booked here, less "
    "what it billed and what is held since the first booking."
)
HOW = '`/video credit add 200 for "receipt 17"` books what was paid, `take 50 for …` less.'


def credit_shown(view: CreditView | None) -> Message:
    """Return the answer to `/video credit`."""
    if view is None:
        line = f"Nothing is booked, so I cannot say what is left at MindVideo. {HOW}"
        return Message(text=line, blocks=[blocks.section(line)])
    head = f"{_head(view)}\n{_sum(view)}"
    newest = view.book.bookings[: -MOST_BOOKINGS - 1 : -1]
    listed = "\n".join(_booking(one, view.unit) for one in newest)
    note = f"{_OWN} {HOW}"
    return Message(
        text=f"{head}\n{listed}\n{note}",
        blocks=[blocks.section(head), blocks.section(listed), blocks.context(note)],
    )


def booked(amount: Decimal, view: CreditView) -> Message:
    """Return the answer to a booking."""
    told = formatting.money(abs(amount), view.unit)
    did = f"{told} are booked" if amount > 0 else f"{told} are taken from the book"
    text = f":moneybag: {did}.\n{_head(view)}\n{_sum(view)}"
    return Message(text=text, blocks=[blocks.section(text), blocks.context(_OWN)])


def not_in_charge(in_charge: tuple[str, ...]) -> Message:
    """Return the refusal to somebody who may neither see nor change the book."""
    who = people(in_charge) or "an admin"
    line = f"Only {who} can see and change the book of credit. Nothing was changed."
    return Message(text=line, blocks=[blocks.section(line)])


def discrepancy(left: Decimal, unit: str | None, *, is_direct: bool) -> str:
    """Return the sentence about a refusal for lack of credit while the book has some.

    A channel is not told how much.
    """
    how_much = formatting.money(left, unit) if is_direct else "some"
    return (
        f"But by our own book {how_much} is left there, so one of the two is wrong: compare "
        "`/video credit` with MindVideo's page."
    )


def _head(view: CreditView) -> str:
    left = view.book.left
    if left <= 0:
        return ":warning: *By our own book nothing is left at MindVideo.*"
    lasts = ""
    if view.days_left is not None:
        lasts = f", for about {formatting.count(view.days_left, 'day')} at the last week's pace"
    return f":moneybag: *By our own book {formatting.money(left, view.unit)} are left*{lasts}."


def _sum(view: CreditView) -> str:
    book, unit = view.book, view.unit
    return (
        f"{formatting.money(book.booked, unit)} booked - {formatting.money(book.confirmed, unit)} "
        f"confirmed - {formatting.money(book.held, unit)} held = "
        f"{formatting.money(book.left, unit)}"
    )


def _booking(one: Booking, unit: str | None) -> str:
    sign = "+" if one.amount > 0 else "-"
    by = f" by <@{one.by}>" if one.by.startswith(("U", "W")) else ""
    return (
        f"• {blocks.moment(one.at)}: {sign}{formatting.money(abs(one.amount), unit)} for "
        f"“{blocks.literal(one.because)}”{by}"
    )
