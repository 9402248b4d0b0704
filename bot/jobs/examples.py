"""The examples of the default model, with what each will probably cost."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.jobs.forecast import load_forecast
from bot.jobs.services import Services
from bot.options.parser import read_text
from bot.options.request import read_request
from storage.job import Forecast

EXAMPLES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A request as one would type it, without `/video`, and its price."""

    text: str
    forecast: Forecast


async def load_examples(services: Services) -> Sequence[Example]:
    """Return the first examples of the model file, without any that its schema does not allow.

    Raises `StoreError`.
    """
    catalog, now = services.catalog, services.now()
    found = []
    for text in catalog.default.examples[:EXAMPLES_SHOWN]:
        with suppress(UsageError):
            request = read_request(read_text(text), catalog)
            model = catalog.get(request.model)
            _, forecast = await load_forecast(model, request.input, services, now)
            found.append(Example(text=text, forecast=forecast))
    return found
