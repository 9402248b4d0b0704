"""Sends blocks that show files of Slack's, without the pictures if Slack refuses those.

A file may be deleted, or hidden by Slack's plan, long after a message began to show it. Slack then
refuses the whole message or form, and its words and buttons must not be lost with it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from bot.base.errors import RefusedError
from bot.messages.blocks import without_pictures
from storage.job import Json

T = TypeVar("T")
Blocks = Sequence[Mapping[str, Json]]

REFUSALS = frozenset({"invalid_blocks", "invalid_arguments", "invalid_blocks_format"})
"""Slack's codes for a picture that it does not show; the second is that of views.
https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object"""


async def with_pictures_if_shown(blocks: Blocks, send: Callable[[Blocks], Awaitable[T]]) -> T:
    """Send blocks; once more without their pictures if Slack refuses them, and so did nothing."""
    try:
        return await send(blocks)
    except RefusedError as error:
        plain = without_pictures(blocks)
        if error.code not in REFUSALS or plain == list(blocks):
            raise
        return await send(plain)


async def view_with_pictures_if_shown(
    view: Mapping[str, Json], send: Callable[[Mapping[str, Json]], Awaitable[T]]
) -> T:
    """Send a view; once more without its pictures if Slack refuses them, and so did nothing."""
    drawn = view.get("blocks")
    given = drawn if isinstance(drawn, list) else []
    blocks = [block for block in given if isinstance(block, Mapping)]
    return await with_pictures_if_shown(blocks, lambda kept: send({**view, "blocks": list(kept)}))
