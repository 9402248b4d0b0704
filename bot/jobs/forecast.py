"""Reads what earlier renders cost, for the forecast of a new one."""

from __future__ import annotations

from collections.abc import Mapping

from bot.jobs.services import Services
from bot.money.forecast import OBSERVED_RENDERS, OBSERVED_WITHIN_SECONDS, listed, observed, scaled
from bot.options.catalog import Model
from storage.job import Forecast, Instant, Json, Price


async def load_forecast(
    model: Model, given: Mapping[str, Json], services: Services, now: Instant
) -> tuple[Price, Forecast]:
    """Return the price of an input, and what it will probably cost. Raises `StoreError`."""
    price, budgets = model.price_of(given), services.store.budgets
    since = now - OBSERVED_WITHIN_SECONDS
    same = await budgets.prices(price, since, OBSERVED_RENDERS, same_size=True)
    forecast = observed(same)
    if forecast is None and price.size is not None:
        others = await budgets.prices(price, since, OBSERVED_RENDERS, same_size=False)
        forecast = scaled(price.size, others)
    return price, forecast or listed(model.listed_price(given))
