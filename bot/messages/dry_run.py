"""The answer to a request that is only to be shown: its prompt, its bytes and its price."""

from __future__ import annotations

from bot.base.ports import Message
from bot.jobs.dry_run import DryRun
from bot.messages import blocks, formatting, prices

_HEAD = ":mag: This is what I would send to MindVideo. Nothing was started or charged."


def message(shown: DryRun) -> Message:
    """Return the answer, with the request as it would be sent."""
    price = prices.sentence(shown.forecast, shown.unit)
    if shown.to_confirm is not None:
        price += " I would ask you to confirm it."
    size = formatting.count(len(shown.body), "byte")
    body = [blocks.section(_HEAD)]
    if shown.prompt:
        body += [blocks.section("*Prompt*"), *blocks.quotes(shown.prompt)]
    body += [blocks.section(f"*Request* · {size}"), *blocks.code(shown.body.decode())]
    if shown.has_files:
        body.append(blocks.context("Links take the place of attached files when it is sent."))
    body.append(blocks.section(f"*Price* · {price}"))
    return Message(text=f"{_HEAD} {price}", blocks=body)
