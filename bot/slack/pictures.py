"""Sends blocks that show files of Slack's, without the pictures if Slack refuses those.

A file may be deleted, or hidden by Slack's plan, long after a message began to show it. Slack then
refuses the whole message, and its words and buttons must not be lost with it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from bot.base.errors import RefusedError
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


def without_pictures(blocks: Blocks) -> list[Mapping[str, Json]]:
    """Return the blocks without those that show a file of Slack's, and without such accessories."""
    return [_plain(block) for block in blocks if "slack_file" not in block]


def _plain(block: Mapping[str, Json]) -> Mapping[str, Json]:
    match block:
        case {"accessory": {"slack_file": _}}:
            return {name: value for name, value in block.items() if name != "accessory"}
        case _:
            return block
