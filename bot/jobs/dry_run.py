"""Shows what a request would send and cost, without making a job."""

from __future__ import annotations

from dataclasses import dataclass

from bot.jobs.prices import load_offer
from bot.jobs.services import Services
from bot.money.forecast import PriceToConfirm
from bot.options.mentions import named_input
from bot.options.references import files_named
from bot.options.schema import PROMPT
from storage.job import Forecast, Job


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a request would send and cost. Nothing was written, sent or charged."""

    prompt: str
    """As MindVideo would get it; empty for a model that takes none."""
    body: bytes
    """The body of the request to MindVideo, which has links in place of attached files."""
    has_files: bool
    """Whether the body names attached files: their links are made when it is sent."""
    forecast: Forecast
    to_confirm: PriceToConfirm | None
    """The price that would be asked about."""
    unit: str | None
    """The unit of amounts, as in `Services`."""


async def dry_run(asked: Job, services: Services, agreed: PriceToConfirm | None) -> DryRun:
    """Return what a request, with the names that it mentions, would send and cost.

    A price to which its user `agreed` would not be asked about. Raises `StoreError`.
    """
    values = named_input(asked)
    prompt = values.get(PROMPT)
    model = services.catalog.get(asked.model)
    forecast, to_confirm = await load_offer(asked, model, services)
    return DryRun(
        prompt=prompt if isinstance(prompt, str) else "",
        body=services.video.request_body(asked.model, values),
        has_files=bool(files_named(values)),
        forecast=forecast,
        to_confirm=None if agreed is not None and agreed.covers(forecast) else to_confirm,
        unit=services.unit,
    )
