"""The words for what a render will cost, before it is requested."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from slack_sdk.models.blocks import ConfirmObject, PlainTextObject

from bot.messages import blocks, formatting
from bot.money.forecast import PriceToConfirm
from storage.job import Forecast

UNKNOWN = "Nobody knows yet what this costs: MindVideo has not named a price for its like."


def about(amount: Decimal, unit: str | None) -> str:
    """Return an amount that is a forecast: `about 0.38`."""
    return f"about {formatting.money(amount, unit)}"


def sentence(forecast: Forecast, unit: str | None) -> str:
    """Return the sentence that tells a forecast."""
    if forecast.amount is None:
        return UNKNOWN
    return f"This costs {about(forecast.amount, unit)}."


def in_form(forecast: Forecast, price: PriceToConfirm | None, unit: str | None) -> str:
    """Return what a form tells of its price; one that is to be confirmed is by *Render*."""
    told = sentence(forecast, unit)
    if price is None:
        return told
    if price.above is None:
        return f"{told} *Render* confirms it."
    limit = formatting.money(price.above, unit)
    return f"{told} That is above {limit}, the limit above which I ask: *Render* confirms it."


def depends_on(titles: Sequence[str]) -> str:
    """Return what a form tells while options that move the price have no allowed value."""
    return (
        f"What this costs depends on {blocks.escape(' and '.join(titles))}, which is not set yet."
    )


def dialog(price: PriceToConfirm, unit: str | None) -> ConfirmObject:
    """Return the dialog in which a button that renders tells its price.

    https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
    """
    title, yes = "Render at an unknown price?", "Render it"
    text = UNKNOWN
    if price.amount is not None:
        told = about(price.amount, unit)
        title, text = f"Render for {told}?", f"This costs {told}."
        if price.above is not None:
            text += f" The limit above which I ask is {formatting.money(price.above, unit)}."
    return ConfirmObject(
        title=PlainTextObject(text=title),
        text=PlainTextObject(text=text),
        confirm=PlainTextObject(text=yes),
        deny=PlainTextObject(text="Not now"),
    )
