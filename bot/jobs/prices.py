"""The prices that buttons and forms tell before a render is requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.jobs.forecast import load_forecast
from bot.jobs.services import Services
from bot.money.forecast import PriceToConfirm, total_forecast
from bot.options.catalog import Model
from bot.options.model_file import Upgrade
from storage.budget import price_question
from storage.job import OVER, Forecast, Job, Json, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderPrices:
    """The prices that the buttons under a job ask about; `None`: such a button asks nothing."""

    again: PriceToConfirm | None = None
    upgrades: Sequence[PriceToConfirm | None] = ()
    """In the order of the upgrades."""
    unit: str | None = None
    """The unit of amounts, as in `Services`."""

    def of_upgrade(self, number: int) -> PriceToConfirm | None:
        """Return the price of an upgrade by its place; upgrades count from 0."""
        return self.upgrades[number] if number < len(self.upgrades) else None


NO_PRICES = RenderPrices()


async def load_offer(
    asked: Job, model: Model, services: Services, *, times: int = 1
) -> tuple[Forecast, PriceToConfirm | None]:
    """Return what so many of a request will probably cost, and the price to confirm, if any.

    By the rule by which an admission would ask its user. Raises `StoreError`.
    """
    now = services.now()
    price, forecast = await load_forecast(model, asked.input, services, now)
    rules = await services.store.budgets.rules(asked.team, now)
    request = replace(
        asked,
        stage=Stage.ACCEPTED,
        price=price,
        forecast=forecast,
        reserved=forecast.amount,
        cost_estimate=None,
        cost_actual=None,
    )
    together = total_forecast([forecast] * times)
    question = price_question([request] * times, rules, now)
    if question is None:
        return together, None
    above = Decimal(question.about) if question.about else None
    return together, PriceToConfirm(amount=together.amount, above=above)


async def load_render_prices(
    job: Job, upgrades: Sequence[Upgrade], services: Services
) -> RenderPrices:
    """Return the prices for the buttons under a job that is over. Raises `StoreError`."""
    model = services.catalog.find(job.model)
    if model is None or job.stage not in {Stage.FINISHED, *OVER}:
        return NO_PRICES
    rules = await services.store.budgets.rules(job.team, services.now())
    if rules.policy.confirm_above is None and not rules.caps:
        # Usual, and then no price is to be confirmed.
        return NO_PRICES

    async def to_confirm(changes: Mapping[str, Json]) -> PriceToConfirm | None:
        changed = replace(job, input={**job.input, **changes})
        _, found = await load_offer(changed, model, services)
        return found

    return RenderPrices(
        again=await to_confirm({}),
        upgrades=tuple([await to_confirm(upgrade.changes) for upgrade in upgrades]),
        unit=services.unit,
    )
