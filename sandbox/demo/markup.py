"""Converts text typed on the demo page into Slack's markup, as Slack does."""

import re

from sandbox.slack.workspace import Workspace

_NAME = re.compile(r"(?<![\w<])@([a-z][\w-]*)")
_CHANNEL = re.compile(r"(?<![\w<&])#([a-z][\w-]*)")
_LINK = re.compile(r"(?<![<|])\bhttps?://[^\s<>|]+")


def as_message(workspace: Workspace, typed: str) -> str:
    """Return a message's text: escaped once, with `@name`, `#channel` and links marked up.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    users = {user.name: user.id for user in workspace.users.values()}
    channels = {channel.name: channel.id for channel in workspace.channels.values()}
    text = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _LINK.sub(lambda link: f"<{link[0]}>", text)
    text = _NAME.sub(lambda name: f"<@{users[name[1]]}>" if name[1] in users else name[0], text)
    return _CHANNEL.sub(
        lambda name: f"<#{channels[name[1]]}|{name[1]}>" if name[1] in channels else name[0], text
    )


def as_command(workspace: Workspace, typed: str) -> tuple[str, str]:
    """Split `/video …` into the command and its text, marked up like a message."""
    command, _, text = typed.strip().partition(" ")
    return command, as_message(workspace, text.strip())
