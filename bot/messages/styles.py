"""The ephemeral answers to `/video style …` and `/video styles`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.base.ports import Message
from bot.jobs.styles import PlacedStyle, SavedFor
from bot.messages import blocks
from bot.messages.replies import words
from bot.options.catalog import Catalog
from bot.options.defaults import as_flags
from bot.options.mentions import in_names
from bot.options.styles import Style
from storage.saved import MOST_SAVED

# In characters: a list of hundreds has to fit into one message.
WORDS_SHOWN = 120
# In characters: a style that was just saved is shown in full, as far as a section holds it.
SAVED_SHOWN = 2000

WHOSE: Mapping[SavedFor, str] = MappingProxyType(
    {
        SavedFor.PERSON: "yours",
        SavedFor.CHANNEL: "this channel's",
        SavedFor.WORKSPACE: "the workspace's",
    }
)
_FOR_WHOM: Mapping[SavedFor, str] = MappingProxyType(
    {
        SavedFor.PERSON: "for you",
        SavedFor.CHANNEL: "for everybody in this channel",
        SavedFor.WORKSPACE: "for the whole workspace",
    }
)
_HOW = (
    '`/video style save noir "black and white, {prompt}, film grain" --mode pro` saves one for '
    "you, with `here` or `workspace` behind its name for others too; "
    "`/video a lake --style noir` uses it."
)


def listed(placed: Sequence[PlacedStyle], catalog: Catalog) -> Message:
    """Return the styles that a person may use, the nearest first, with who made each."""
    if not placed:
        return words(f"There are no styles that you can use here yet. {_HOW}")
    lines = [_line(one, catalog) for one in placed]
    text = "\n".join(["*Styles that you can use here*", *lines])
    return Message(text=text, blocks=[*blocks.sections(text), blocks.context(_HOW)])


def saved(
    style: Style, saved_for: SavedFor, catalog: Catalog, *, is_new: bool, note: str = ""
) -> Message:
    """Return the answer to a style that was saved; `note` follows as another sentence."""
    did = "saved" if is_new else "changed"
    what = _content(style, catalog, SAVED_SHOWN)
    return words(
        f":art: The style `{style.name}` is {did} {_FOR_WHOM[saved_for]}: {what}\n"
        f"`/video a lake --style {style.name}` uses it.{note}"
    )


def hides(saved_for: SavedFor) -> str:
    """Return the sentence about a style that the one that was saved hides from those who see it."""
    return f" It goes before {WHOSE[saved_for]} of this name."


def hidden(saved_for: SavedFor) -> str:
    """Return the sentence about a style that hides the one that was saved."""
    return f" For you {WHOSE[saved_for]} of this name goes before it."


def deleted(name: str, saved_for: SavedFor) -> Message:
    """Return the answer to a style that was deleted."""
    return words(f"The style `{name}` ({WHOSE[saved_for]}) is gone. Videos made with it stay.")


def renamed(name: str, other: str, saved_for: SavedFor) -> Message:
    """Return the answer to a style that was renamed."""
    return words(f":art: The style `{name}` ({WHOSE[saved_for]}) is called `{other}` now.")


def missing(name: str, saved_for: SavedFor | None) -> str:
    """Return the problem with a style that does not exist; `None`: nowhere that its user sees."""
    where = "for you here" if saved_for is None else _FOR_WHOM[saved_for]
    return f"There is no style `{name}` {where}. `/video styles` lists them."


def not_yours(name: str, saved_for: SavedFor, maker: str) -> str:
    """Return the problem with a style that somebody else made, given by name."""
    return (
        f"The style `{name}` ({WHOSE[saved_for]}) was made by {maker}, so only they or an admin "
        "can change it. Save yours under another name, or for yourself alone."
    )


def taken(name: str, saved_for: SavedFor) -> str:
    """Return the problem with a new name that has another style."""
    return f"There is a style `{name}` already ({WHOSE[saved_for]}). Choose another name."


def too_many(saved_for: SavedFor) -> str:
    """Return the problem with a scope that is full."""
    return (
        f"There are {MOST_SAVED} styles {_FOR_WHOM[saved_for]}, and no more than that are kept. "
        "Delete one first: `/video style delete NAME`."
    )


def reserved(name: str) -> str:
    """Return the problem with a name that is a word of the bot's."""
    return f"`{name}` is a word of mine, so it cannot be a style's name. Choose another."


def styles_to_choose(placed: Sequence[PlacedStyle], chosen: str) -> Mapping[str, str]:
    """Return the names of the styles for a menu, each with whose it is.

    The `chosen` one is among them, also if it is that of an earlier job and of nobody here.
    """
    names = {one.style.name: WHOSE[one.saved_for] for one in placed if not one.is_hidden}
    return {chosen: names.get(chosen, "as in the earlier job"), **names} if chosen else names


def _line(one: PlacedStyle, catalog: Catalog) -> str:
    whose = WHOSE[one.saved_for]
    if one.saved_for is not SavedFor.PERSON:
        whose += f", by <@{one.made_by}>"
    if one.is_hidden:
        whose += ", hidden by the nearer one"
    return f"• `{one.style.name}` ({whose}): {_content(one.style, catalog, WORDS_SHOWN)}"


def _content(style: Style, catalog: Catalog, limit: int) -> str:
    """Return the words and the flags of a style, each shortened."""
    said = " ".join(in_names(style.words, {}).split())
    parts = [f"“{blocks.literal(blocks.shorten(said, limit))}”"] if said else []
    flags = " ".join(as_flags(catalog, style.options))
    if flags:
        # In code nothing is markup but the mark that ends it.
        shown = blocks.shorten(flags.replace("`", "'"), limit)
        parts.append(f"`{blocks.escape(' '.join(shown.split()))}`")
    return " ".join(parts)
