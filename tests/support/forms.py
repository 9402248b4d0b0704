"""What users do with the bot's form in the simulated Slack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.slack.delivery import Delivery
from sandbox.slack.entities import ANA, Payload
from sandbox.slack.forms import Values
from sandbox.slack.views import View
from tests.support.running_bot import RunningBot

KLING = "kling-v3"


def form_of(bot: RunningBot, user: str = ANA) -> View:
    """Return the form that a user has open."""
    view = bot.sandbox.slack.world.views.top(user)
    assert view is not None
    return view


def blocks_of(view: View) -> Mapping[str, Payload]:
    """Return the blocks of a form by their IDs."""
    blocks = view.data["blocks"]
    assert isinstance(blocks, list)
    return {str(block["block_id"]): block for block in blocks}


def element_of(view: View, block_id: str) -> Payload:
    """Return the field of a block."""
    block = blocks_of(view)[block_id]
    elements = block.get("elements")
    element = elements[0] if isinstance(elements, list) else block["element"]
    assert isinstance(element, dict)
    return element


def chosen(view: View, block_id: str) -> object:
    """Return the initial value of a menu."""
    option = element_of(view, block_id)["initial_option"]
    assert isinstance(option, dict)
    return option["value"]


def entries(model: str = KLING, channel: str | None = None, /, **fields: object) -> Values:
    """Return the entered values of the options' fields; `links_NAME` is a field for links."""
    found: dict[str, Mapping[str, object]] = {}
    for name, value in fields.items():
        block = f"links:{name[6:]}" if name.startswith("links_") else f"option:{name}"
        found[block] = {model: value}
    if channel is not None:
        found["channel"] = {"channel": channel}
    return found


async def submit(bot: RunningBot, user: str = ANA, values: Values | None = None) -> Delivery:
    """Submit the form that a user has open."""
    view = form_of(bot, user)
    return await bot.sandbox.slack.people.submit_view(user, view.id, values or {})


async def switch(
    bot: RunningBot,
    block_id: str,
    value: str | Sequence[str],
    values: Values | None = None,
    user: str = ANA,
) -> None:
    """Choose another model, or tick the box for all options."""
    view = form_of(bot, user)
    delivery = await bot.sandbox.slack.people.view_action(
        user, view.id, block_id, block_id=block_id, value=value, values=values or {}
    )
    assert delivery.error is None


async def press_in_form(
    bot: RunningBot,
    action_id: str,
    values: Values,
    user: str = ANA,
    *,
    block_id: str | None = None,
) -> Delivery:
    """Press a button in the form that a user has open, whose other fields have these values.

    It is the first one with this action ID, unless a block is named.
    """
    view = form_of(bot, user)
    delivery = await bot.sandbox.slack.people.view_action(
        user, view.id, action_id, block_id=block_id, values=values
    )
    assert delivery.error is None
    return delivery


async def change_option(bot: RunningBot, name: str, value: object, /, **others: object) -> Payload:
    """Change an option in the open form, whose other fields have these values.

    Returns the request that the bot got.
    """
    values = entries(**{**others, name: value})
    delivery = await bot.sandbox.slack.people.view_action(
        ANA, form_of(bot).id, KLING, block_id=f"option:{name}", value=value, values=values
    )
    assert delivery.error is None
    return delivery.payload
