"""The ephemeral answers to `/video style …` and `/video styles`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.base.ports import Message
from bot.jobs.saved import Placed, SavedFor
from bot.messages import blocks
from bot.messages.replies import words
from bot.messages.saved import FOR_WHOM, WHOSE, whose_of
from bot.options.cast_names import names_in
from bot.options.catalog import Catalog
from bot.options.defaults import as_flags
from bot.options.mentions import in_names
from bot.options.styles import Style

# In characters: a list of hundreds has to fit into one message.
WORDS_SHOWN = 120
# In characters: a style that was just saved is shown in full, as far as a section holds it.
SAVED_SHOWN = 2000

_HOW = (
    '`/video style save noir "black and white, {prompt}, film grain" --mode pro` saves one for '
    "you, with `here` or `workspace` behind its name for others too; "
    "`/video a lake --style noir` uses it."
)


def listed(placed: Sequence[Placed[Style]], catalog: Catalog) -> Message:
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
        f":art: The style `{style.name}` is {did} {FOR_WHOM[saved_for]}: {what}\n"
        f"`/video a lake --style {style.name}` uses it.{note}{_of_cast(style)}"
    )


def _of_cast(style: Style) -> str:
    """Return the sentence about `@name` in a style's words; empty if there is none.

    Whoever uses the style may have another member of that name, or none.
    """
    named = names_in([style.words])
    if not named:
        return ""
    return f" `@{named[0]}` in its words stays text: name the cast in the prompt, where it is used."


def styles_to_choose(placed: Sequence[Placed[Style]], chosen: str) -> Mapping[str, str]:
    """Return the names of the styles for a menu, each with whose it is.

    The `chosen` one is among them, also if it is that of an earlier job and of nobody here.
    """
    names = {one.name: WHOSE[one.saved_for] for one in placed if not one.is_hidden}
    return {chosen: names.get(chosen, "as in the earlier job"), **names} if chosen else names


def _line(one: Placed[Style], catalog: Catalog) -> str:
    return f"• `{one.name}` ({whose_of(one)}): {_content(one.value, catalog, WORDS_SHOWN)}"


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
