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
    price, since = model.price_of(given), now - OBSERVED_WITHIN_SECONDS
    paid = await services.store.budgets.prices(price, since, OBSERVED_RENDERS)
    same = [one for one in paid if one[0] == price.size]
    forecast = observed(same) or scaled(price.size, paid)
    return price, forecast or listed(model.listed_price(given))
