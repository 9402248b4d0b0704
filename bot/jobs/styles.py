"""The styles that a person may use in a place, looked up from near to far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.jobs.saved import Placed, SavedFor, load_placed
from bot.jobs.services import Services
from bot.options.parser import TypedText
from bot.options.styles import NO_STYLES, Style, Styles, may_name_style
from storage.job import UsedStyle
from storage.saved import SavedKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStyle:
    """A style, for whom it is saved, and who made it."""

    style: Style
    saved_for: SavedFor
    made_by: str
    is_hidden: bool = False
    """Whether a nearer one has its name."""


async def load_placed_styles(
    team: str, user: str, channel: str | None, services: Services
) -> Sequence[PlacedStyle]:
    """Return the styles that a user may use in a channel, as `load_placed` does."""
    return placed_styles(await load_placed({SavedKind.STYLE}, team, user, channel, services))


def placed_styles(placed: Sequence[Placed]) -> Sequence[PlacedStyle]:
    """Return the styles among what is saved."""
    return [
        PlacedStyle(
            style=Style.of_value(one.name, one.saved.value),
            saved_for=one.saved_for,
            made_by=one.made_by,
            is_hidden=one.is_hidden,
        )
        for one in placed
        if one.saved.key.kind is SavedKind.STYLE
    ]


def usable(placed: Sequence[PlacedStyle]) -> Styles:
    """Return the styles by name; the nearest of each name."""
    return {one.style.name: one.style for one in placed if not one.is_hidden}


async def styles_for(
    typed: TypedText, team: str, user: str, channel: str, services: Services
) -> Styles:
    """Return the styles of which a text may name one; nothing is read for a text that names none.

    Raises `StoreError`.
    """
    if not may_name_style(typed):
        return NO_STYLES
    return usable(await load_placed_styles(team, user, channel, services))


async def refuse_hidden_words(
    used: UsedStyle, team: str, user: str, channel: str, services: Services
) -> None:
    """Raise `UsageError` unless the words of a job's style are a user's to see in a channel.

    A style may be another person's own, or of another channel: its name shows where it was used,
    and its words do not. Raises `StoreError`.
    """
    placed = await load_placed_styles(team, user, channel, services)
    if used.words and used.words not in {one.style.words for one in placed}:
        raise UsageError(
            f"I cannot show what would be sent: the words of the style `{used.name}` are somebody "
            "else's, or were changed since. Leave out `--dry`, or add `--style none`."
        )


def used_styles(used: UsedStyle | None, others: Styles) -> Mapping[str, Style]:
    """Return the styles with that of a job, as it was then, in place of one of its name."""
    return others if used is None else {**others, used.name: Style.of_job(used)}
