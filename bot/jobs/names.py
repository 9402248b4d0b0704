"""Asks Slack for the names of the people, channels and groups that a text mentions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bot.base.errors import BotError
from bot.base.ports import Directory
from bot.options.mentions import SOME_GROUP, SOMEBODY, in_names, mentioned

MOST_LOOKED_UP = 20
"""The most names of one text; a prompt with more mentions has general words for the rest."""
LONGEST_NAME = 80
PRIVATE_CHANNEL = "a private channel"
PATIENCE_SECONDS = 1.0
"""Slack wants a form to be opened within 3 s of the click."""


async def load_names(ids: Sequence[str], directory: Directory) -> Mapping[str, str]:
    """Return the names of people, channels and groups by ID, as they read in a text.

    The name of a channel that not everybody may read is not told. Raises `RetryLaterError` and
    `OperatorMustActError`.
    """
    return {each: await _name(each, directory) for each in ids[:MOST_LOOKED_UP]}


async def read_in_names(text: str, directory: Directory) -> str:
    """Return a text with names in place of its mentions, for a form that must open at once.

    What Slack does not tell within a second is a general word.
    """
    return in_names(text, await names_at_once(mentioned(text), directory))


async def read_in_names_of_people(text: str, directory: Directory) -> tuple[str, frozenset[str]]:
    """Return `read_in_names`, and the names in it that stand behind an `@` for mentions."""
    ids = mentioned(text)
    names = await names_at_once(ids, directory)
    read = {name for name in names.values() if name.startswith("@")} | (
        {SOMEBODY} if ids else set()
    )
    return in_names(text, names), frozenset(name.removeprefix("@") for name in read)


async def names_at_once(ids: Sequence[str], directory: Directory) -> Mapping[str, str]:
    """Return the names by ID, for an answer that must come at once; none that Slack tells late."""
    if not ids:
        return {}
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await load_names(ids, directory)
    except (BotError, TimeoutError):
        return {}


async def _name(slack_id: str, directory: Directory) -> str:
    if slack_id.startswith(("U", "W")):
        name = (await directory.person(slack_id)).name
        return f"@{name[:LONGEST_NAME]}" if name else SOMEBODY
    if slack_id.startswith("S"):
        handle = await directory.group(slack_id)
        return f"@{handle[:LONGEST_NAME]}" if handle else SOME_GROUP
    conversation = await directory.conversation(slack_id)
    is_told = conversation.is_public and conversation.name
    return f"#{conversation.name[:LONGEST_NAME]}" if is_told else PRIVATE_CHANNEL
