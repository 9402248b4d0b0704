"""Tests of the forecast of a price."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.money.forecast import PriceToConfirm, agreed_price, listed, observed, scaled
from storage.job import Forecast, ForecastKind

AMOUNTS = st.decimals(min_value=0, max_value=1000, places=4)
SIZES = st.integers(1, 60).map(Decimal)
PAID = st.lists(st.tuples(SIZES, AMOUNTS), min_size=1, max_size=20)


@given(paid=PAID)
def test_what_is_learned_is_the_highest_amount(paid: list[tuple[Decimal, Decimal]]) -> None:
    """So that a forecast is rather too high than too low."""
    forecast = observed(paid)
    assert forecast == Forecast(
        kind=ForecastKind.OBSERVED, amount=max(amount for _, amount in paid)
    )


@given(paid=PAID, size=SIZES)
def test_what_is_scaled_covers_every_render_it_is_scaled_from(
    paid: list[tuple[Decimal, Decimal]], size: Decimal
) -> None:
    """For its size, rounded up."""
    forecast = scaled(size, paid)
    assert forecast is not None
    assert forecast.amount is not None
    assert forecast.kind is ForecastKind.SCALED
    for other, amount in paid:
        assert forecast.amount * other >= amount * size


def test_a_third_of_a_second_is_rounded_up() -> None:
    forecast = scaled(Decimal(7), [(Decimal(3), Decimal("0.1"))])
    assert forecast == Forecast(kind=ForecastKind.SCALED, amount=Decimal("0.2334"))


def test_nothing_known_is_unknown_and_not_zero() -> None:
    """Also of a model without sizes, or with an odd one."""
    assert observed([]) is None
    assert scaled(None, [(Decimal(3), Decimal(1))]) is None
    assert scaled(Decimal(5), [(None, Decimal(1)), (Decimal(0), Decimal(1))]) is None
    assert listed(None) == Forecast(kind=ForecastKind.UNKNOWN, amount=None)
    assert listed(Decimal(3)) == Forecast(kind=ForecastKind.LISTED, amount=Decimal(3))


@given(amount=AMOUNTS)
def test_what_a_button_carries_is_read_back(amount: Decimal) -> None:
    """To the last digit."""
    price = PriceToConfirm(amount=amount)
    assert agreed_price(price.to_text()) == price


@pytest.mark.parametrize("text", [None, "", "much", "NaN", "Infinity"])
def test_what_no_button_carries_agrees_to_nothing(text: str | None) -> None:
    assert agreed_price(text) is None


def test_an_agreement_covers_no_more_than_was_told() -> None:
    """Whoever agreed to an unknown price agreed to no known one, and the other way round."""
    known = PriceToConfirm(amount=Decimal("0.5"))
    unknown = agreed_price("?")
    assert unknown == PriceToConfirm(amount=None)
    for amount, covered in (("0.4", True), ("0.5", True), ("0.51", False)):
        forecast = Forecast(kind=ForecastKind.LISTED, amount=Decimal(amount))
        assert known.covers(forecast) is covered
        assert not unknown.covers(forecast)
    assert unknown.covers(listed(None))
    assert not known.covers(listed(None))
