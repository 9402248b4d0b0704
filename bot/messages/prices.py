"""The words for what a render will cost, before it is requested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from slack_sdk.models.blocks import ConfirmObject, PlainTextObject

from bot.messages import blocks, formatting
from bot.money.forecast import PriceToConfirm
from storage.job import Forecast

RENDER = "Render"
PLAN = "Plan"
"""The label in place of `RENDER` in a form whose request starts later."""
SUBMIT_LIMIT = 24
"""Characters of a form's button: https://docs.slack.dev/reference/views/modal-views"""
UNKNOWN = "Nobody knows yet what this costs: MindVideo has not named a price for its like."


def about(amount: Decimal, unit: str | None) -> str:
    """Return an amount that is a forecast: `about 0.38`."""
    return f"about {formatting.money(amount, unit)}"


def sentence(forecast: Forecast, unit: str | None) -> str:
    """Return the sentence that tells a forecast."""
    if forecast.amount is None:
        return UNKNOWN
    return f"This costs {about(forecast.amount, unit)}."


def together(parts: int, forecast: Forecast, unit: str | None) -> str:
    """Return the sentence that tells how many videos there are, and what they cost together."""
    if parts == 1:
        return sentence(forecast, unit)
    if forecast.amount is None:
        return f"{parts} videos. {UNKNOWN}"
    return f"{parts} videos, {about(forecast.amount, unit)} in all."


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPrice:
    """What a form tells of its price."""

    text: str
    """In mrkdwn, below the options that move the price."""
    label: str = RENDER
    """The label of the button that submits the form, which is always in sight."""


def in_form(
    forecast: Forecast,
    price: PriceToConfirm | None,
    unit: str | None,
    *,
    parts: int = 1,
    verb: str = RENDER,
) -> FormPrice:
    """Return what a form tells of the price of its `parts` together.

    One that is to be confirmed is by the form's button, whose label begins with the `verb`.
    """
    render = verb if parts == 1 else f"{verb} {parts}"
    told, label = together(parts, forecast, unit), f"{render} · price unknown"
    if forecast.amount is not None:
        label = f"{render} · {about(forecast.amount, unit)}"
    if len(label) > SUBMIT_LIMIT:
        label = f"{render} at this price"
    if price is not None and price.above is not None:
        limit = formatting.money(price.above, unit)
        told += f" That is above {limit}, the limit above which I ask."
    if price is not None:
        told += f" *{verb}* confirms it."
    return FormPrice(text=told, label=label)


def depends_on(titles: Sequence[str], verb: str = RENDER) -> FormPrice:
    """Return what a form tells while options that move the price have no allowed value."""
    names = blocks.escape(" and ".join(titles))
    told = f"What this costs depends on {names}, which is not set yet."
    return FormPrice(text=told, label=verb)


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
