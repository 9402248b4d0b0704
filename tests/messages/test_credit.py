"""Tests of the words about the book of credit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.jobs.credit import CreditView
from bot.messages import credit
from storage.budget import Booking, CreditBook

PAID = Booking(amount=Decimal(200), by="U1", because="receipt *17* <!here>", at=1.0)
VIEW = CreditView(
    book=CreditBook(bookings=(PAID,), confirmed=Decimal(30), held=Decimal("2.5")),
    in_last_week=Decimal(7),
    unit="USD",
)


@pytest.mark.parametrize(
    ("view", "head"),
    [
        (VIEW, "167.5 USD are left*, for about 167 days at the last week's pace."),
        (replace(VIEW, in_last_week=Decimal(0)), "167.5 USD are left*."),
        (replace(VIEW, in_last_week=Decimal(586)), "left*, for about 2 days"),
        (replace(VIEW, in_last_week=Decimal(900)), "left*, for about 1 day at"),
        (
            replace(VIEW, book=replace(VIEW.book, confirmed=Decimal(250))),
            "*By our own book nothing is left at MindVideo.*",
        ),
    ],
)
def test_what_is_left_is_told_with_the_days_that_it_lasts(view: CreditView, head: str) -> None:
    """Nothing spent in a week lasts for ever, and what is used up for no day."""
    shown = credit.credit_shown(view).text
    assert head in shown
    assert "our own reckoning" in shown


def test_what_a_booking_is_for_is_literal_text() -> None:
    assert "<!here>" not in credit.credit_shown(VIEW).text
    assert "*17*" not in credit.credit_shown(VIEW).text


def test_of_many_bookings_the_newest_are_shown() -> None:
    many = tuple(replace(PAID, because=f"receipt {number}") for number in range(30))
    shown = credit.credit_shown(replace(VIEW, book=replace(VIEW.book, bookings=many)))
    assert "receipt 29" in shown.text
    assert "receipt 24" not in shown.text
    assert len(shown.blocks) == 3
