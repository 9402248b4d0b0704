"""The sentences about what people save under a name: styles, and members of the cast."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.base.ports import Message
from bot.jobs.saved import Placed, SavedFor
from bot.messages.replies import words
from storage.saved import MOST_SAVED, SavedKind

WHOSE: Mapping[SavedFor, str] = MappingProxyType(
    {
        SavedFor.PERSON: "yours",
        SavedFor.CHANNEL: "this channel's",
        SavedFor.WORKSPACE: "the workspace's",
    }
)
FOR_WHOM: Mapping[SavedFor, str] = MappingProxyType(
    {
        SavedFor.PERSON: "for you",
        SavedFor.CHANNEL: "for everybody in this channel",
        SavedFor.WORKSPACE: "for the whole workspace",
    }
)
NOUNS: Mapping[SavedKind, str] = MappingProxyType(
    {SavedKind.STYLE: "style", SavedKind.CAST: "cast member"}
)
MARKS: Mapping[SavedKind, str] = MappingProxyType(
    {SavedKind.STYLE: ":art:", SavedKind.CAST: ":performing_arts:"}
)
_LISTS: Mapping[SavedKind, str] = MappingProxyType(
    {SavedKind.STYLE: "/video styles", SavedKind.CAST: "/video cast"}
)


def whose_of(one: Placed[object]) -> str:
    """Return whose something is in a list, who made it, and whether another one hides it."""
    by = "" if one.saved_for is SavedFor.PERSON else f", by <@{one.made_by}>"
    return f"{WHOSE[one.saved_for]}{by}{', hidden by the nearer one' if one.is_hidden else ''}"


def hides(saved_for: SavedFor) -> str:
    """Return the sentence about one that the one that was saved hides from those who see it."""
    return f" It goes before {WHOSE[saved_for]} of this name."


def hidden(saved_for: SavedFor) -> str:
    """Return the sentence about one that hides the one that was saved."""
    return f" For you {WHOSE[saved_for]} of this name goes before it."


def deleted(kind: SavedKind, name: str, saved_for: SavedFor) -> Message:
    """Return the answer to one that was deleted."""
    return words(
        f"The {NOUNS[kind]} `{name}` ({WHOSE[saved_for]}) is gone. Videos made with it stay."
    )


def renamed(kind: SavedKind, name: str, other: str, saved_for: SavedFor) -> Message:
    """Return the answer to one that was renamed."""
    return words(
        f"{MARKS[kind]} The {NOUNS[kind]} `{name}` ({WHOSE[saved_for]}) is called `{other}` now."
    )


def missing(kind: SavedKind, name: str, saved_for: SavedFor | None) -> str:
    """Return the problem with one that does not exist; `None`: nowhere that its user sees."""
    where = "for you here" if saved_for is None else FOR_WHOM[saved_for]
    return f"There is no {NOUNS[kind]} `{name}` {where}. `{_LISTS[kind]}` lists them."


def not_yours(kind: SavedKind, name: str, saved_for: SavedFor, maker: str) -> str:
    """Return the problem with one that somebody else made, given by name."""
    return (
        f"The {NOUNS[kind]} `{name}` ({WHOSE[saved_for]}) was made by {maker}, so only they or an "
        "admin can change it. Save yours under another name, or for yourself alone."
    )


def taken(kind: SavedKind, name: str, saved_for: SavedFor) -> str:
    """Return the problem with a new name that another one has."""
    return f"There is a {NOUNS[kind]} `{name}` already ({WHOSE[saved_for]}). Choose another name."


def too_many(kind: SavedKind, saved_for: SavedFor) -> str:
    """Return the problem with a scope that is full."""
    return (
        f"There are {MOST_SAVED} {NOUNS[kind]}s {FOR_WHOM[saved_for]}, and no more than that are "
        f"kept. Delete one first: `/video {kind.value} delete NAME`."
    )


def reserved(kind: SavedKind, name: str) -> str:
    """Return the problem with a name that is a word of the bot's."""
    return f"`{name}` is a word of mine, so it cannot be a {NOUNS[kind]}'s name. Choose another."
