"""The form in which a user chooses the channel to which a video is shared."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import ConversationFilter, ConversationSelectElement, InputBlock
from slack_sdk.models.views import View

from bot.messages.fields import plain_text
from bot.messages.job import noun
from storage.job import Job, Json

CALLBACK = "share_form"
CHANNEL_BLOCK = "share_channel"
"""Block ID and action ID of the channel menu."""


def share_form(job: Job) -> Mapping[str, Json]:
    """Return the form; its `private_metadata` is the job's ID."""
    made = noun(job).split()[1]
    # https://docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element
    element = ConversationSelectElement(
        action_id=CHANNEL_BLOCK,
        filter=ConversationFilter(include=["public", "private"], exclude_bot_users=True),
    )
    view = View(
        type="modal",
        callback_id=CALLBACK,
        private_metadata=job.id,
        title=plain_text(f"Share the {made}"),
        submit=plain_text("Share"),
        close=plain_text("Close"),
        blocks=[
            InputBlock(
                block_id=CHANNEL_BLOCK,
                label=plain_text(f"Channel that gets the {made}"),
                element=element,
            )
        ],
    )
    shown: Mapping[str, Json] = view.to_dict()
    return shown


def not_a_member() -> str:
    """Return the error for a channel whose member the user is not."""
    return "You are not in that channel. Join it, or choose another."


def no_channel() -> str:
    """Return the error for a form without a channel."""
    return "Choose the channel."
