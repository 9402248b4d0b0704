"""Converts a message's mrkdwn to the plain text that a person reads, for the terminal."""

from __future__ import annotations

import re
from datetime import datetime

from sandbox.slack.workspace import Workspace

EMOJI = {
    "bell": "🔔",
    "clapper": "🎬",
    "construction": "🚧",
    "eyes": "👀",
    "grey_question": "❔",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "movie_camera": "🎥",
    "no_entry_sign": "🚫",
    "warning": "⚠️",
    "white_check_mark": "✅",
    "x": "❌",
}
"""The emoji that the bot uses; Slack's names for them."""

_REFERENCE = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_MARK = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])|`([^`\n]+)`")
_EMOJI = re.compile(r":([a-z0-9_+-]+):")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def as_plain(workspace: Workspace, mrkdwn: str) -> str:
    """Return what a person reads: names, links' labels, times of this machine, no marks."""
    text = _REFERENCE.sub(lambda found: _reference(workspace, found[1], found[2]), mrkdwn)
    text = _MARK.sub(lambda found: found[1] or found[2], text)
    text = _EMOJI.sub(lambda found: EMOJI.get(found[1], found[0]), text)
    text = "\n".join(line.removeprefix("&gt; ").removeprefix("> ") for line in text.split("\n"))
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def _reference(workspace: Workspace, target: str, label: str | None) -> str:
    if target.startswith("@"):
        user = workspace.users.get(target[1:])
        return f"@{label or (user.real_name if user else target[1:])}"
    if target.startswith("#"):
        channel = workspace.channels.get(target[1:])
        return f"#{label or (channel.name if channel else target[1:])}"
    if target.startswith("!date^"):
        seconds = float(target.split("^")[1])
        return f"{datetime.fromtimestamp(seconds).astimezone():%H:%M}"
    if target.startswith("!"):
        return f"@{target[1:]}"
    return label or target
