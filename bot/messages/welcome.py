"""The welcome to a user or a channel, and the prompts that Slack suggests to a user."""

from __future__ import annotations

from collections.abc import Sequence

from bot.base.ports import Message, SuggestedPrompt
from bot.jobs.examples import Example
from bot.messages import blocks, prices
from bot.messages.home import CREATE_VIDEO
from bot.options.catalog import Model

_TO_A_PERSON = (
    ":wave: *Hello! I make videos from words.* Tell me here what to show, or type `/video` and "
    "your words anywhere in Slack. For example:"
)
_TO_A_CHANNEL = (
    ":wave: *Thanks for inviting me. I make videos from words.* Type `/video` and what to show: "
    "the video comes here, and whoever mentions me in its thread changes it. For example:"
)
_ABOUT_PRICES = "Prices are what I expect from earlier videos. `/video help` shows all I can do."
_NO_PRICES = (
    "Nobody knows yet what these cost: MindVideo has not named a price for their like. Each video "
    "says what it cost. `/video help` shows all I can do."
)
_UNKNOWN = "price not known yet"

EXAMPLE_LIMIT = 30
"""Characters of an example in a suggested prompt's label, so that it is a line on a phone."""


def welcome(examples: Sequence[Example], unit: str | None, *, is_channel: bool) -> Message:
    """Return the welcome: how to ask, examples with what each costs, and a button for the form."""
    head = _TO_A_CHANNEL if is_channel else _TO_A_PERSON
    is_any_known = any(one.forecast.amount is not None for one in examples)
    lines = "\n".join(_line(one, unit, with_price=is_any_known) for one in examples)
    body = [
        blocks.section(head),
        *([blocks.section(lines)] if lines else []),
        blocks.actions([blocks.button("Create a video", CREATE_VIDEO, "welcome", style="primary")]),
        blocks.context(_ABOUT_PRICES if is_any_known else _NO_PRICES),
    ]
    return Message(text=head, blocks=body)


def _line(example: Example, unit: str | None, *, with_price: bool) -> str:
    asked = f"> `/video {blocks.escape(example.text)}`"
    if not with_price:
        return asked
    amount = example.forecast.amount
    return f"{asked} · {_UNKNOWN if amount is None else prices.about(amount, unit)}"


def suggested_prompts(model: Model) -> Sequence[SuggestedPrompt]:
    """Return what Slack suggests to whoever opens the bot's direct conversation.

    One press sends such a message, so none of them is charged for.
    """
    tried = [
        SuggestedPrompt(
            title=f"Cost of “{blocks.shorten(example, EXAMPLE_LIMIT)}”",
            message=f"{example} --dry",
        )
        for example in model.examples[:1]
    ]
    return [
        SuggestedPrompt(title="What can you do?", message="help"),
        *tried,
        SuggestedPrompt(title="Show my last videos", message="list"),
        SuggestedPrompt(title="What was spent this month?", message="cost"),
    ]
