"""Tests of drifts: which prices are compared, and which drifts are new, over or stand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from storage.job import Forecast, ForecastKind, Outcome, Price, Stage
from storage.price_drift import DRIFT_RENDERS, DRIFT_SEARCHED, PriceCheck, PriceChecks
from storage.store import Store
from tests.support.store_samples import NOW, a_job, insert

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=4)


async def test_a_price_with_too_few_among_the_last_is_not_compared(store: Store) -> None:
    """Each of several prices by itself, of whatever size."""

    async def render(number: int, key: str, outcome: Outcome) -> None:
        job = replace(
            a_job(number),
            stage=Stage.DELIVERED,
            outcome=outcome,
            due_at=None,
            price=Price(key=key, size=Decimal(5 + number % 2)),
            forecast=Forecast(kind=ForecastKind.SCALED, amount=Decimal(5 + number % 2)),
            cost_actual=Decimal(5 + number % 2),
        )
        await insert(store, job)

    for number in range(DRIFT_RENDERS):
        await render(number, "rare", Outcome.SUCCEEDED)
        await render(100 + number, "usual", Outcome.SUCCEEDED)
    for number in range(DRIFT_SEARCHED):
        await render(1000 + number, "rare", Outcome.FAILED)
    found = await store.budgets.price_checks("T1", NOW - 1)
    usual = PriceCheck(price_key="usual", forecast=Decimal(55), actual=Decimal(55))
    assert found == PriceChecks(checks=(usual,), told={})
    assert (await store.budgets.price_checks("T2", NOW - 1)).checks == ()
    assert (await store.budgets.price_checks("T1", NOW + 105)).checks == ()


@given(AMOUNTS, AMOUNTS, st.sampled_from((None, True, False)))
def test_a_drift_is_new_or_over_or_stands(
    forecast: Decimal,
    actual: Decimal,
    told: bool | None,  # noqa: FBT001 - hypothesis gives it
) -> None:
    """Never two of them; and what just reaches the limit is none."""
    check = PriceCheck(price_key="x", forecast=forecast, actual=actual)
    checks = PriceChecks(checks=(check,), told={} if told is None else {"x": told})
    is_new, is_over = bool(checks.new), bool(checks.over)
    assert not (is_new and is_over)
    assert is_over is (told is not None and not check.drifts)
    assert is_new is (check.drifts and told is not check.is_above)
    fifth = forecast / 5
    for limit in (forecast + fifth, forecast - fifth):
        assert not PriceCheck(price_key="x", forecast=forecast, actual=limit).drifts


def test_a_drift_of_a_price_that_is_not_compared_any_more_is_over() -> None:
    assert PriceChecks(checks=(), told={"x": True}).over == ("x",)
