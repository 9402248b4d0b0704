"""Reverts the markup that Slack adds to the text that a person types."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Slack sends links as `<https://…>` or `<https://…|what was typed>` and e-mail addresses likewise:
# https://docs.slack.dev/messaging/formatting-message-text/#extracting-links
_LINK = re.compile(r"<(https?://[^\s<>|]+)(?:\|[^<>]*)?>|<(?:mailto|tel):[^\s<>|]+\|([^<>]*)>")
# The only three characters that Slack escapes in the text of a message:
# https://docs.slack.dev/messaging/formatting-message-text/#escaping
_ENTITY = re.compile("&(amp|lt|gt);")
_ENTITIES: Mapping[str, str] = {"amp": "&", "lt": "<", "gt": ">"}


def without_mention(text: str, user: str) -> str | None:
    """Return a message's text without the mentions of a user, or `None` if it has none.

    https://docs.slack.dev/messaging/formatting-message-text/#mentioning-users
    """
    mention = re.compile(rf" ?<@{re.escape(user)}(?:\|[^<>]*)?>[,:]?")
    rest, count = mention.subn("", text)
    return rest.strip() if count else None


def plain(typed: str) -> str:
    """Revert Slack's markup: links become their address, and the three entities characters.

    Links are replaced first: a `<` that the person typed arrives as `&lt;` and is no markup.
    """
    bare = _LINK.sub(lambda link: link[1] or link[2], typed.replace("\r\n", "\n"))
    return _ENTITY.sub(lambda entity: _ENTITIES[entity[1]], bare)
