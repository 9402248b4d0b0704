"""The styles that a person may use in a place, looked up from near to far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.base.errors import UsageError
from bot.jobs.saved import Placed, load_placed, placed_of, usable
from bot.jobs.services import Services
from bot.options.parser import TypedText
from bot.options.styles import NO_STYLES, Style, Styles, may_name_style
from storage.job import Json, UsedStyle
from storage.saved import SavedKind


async def load_placed_styles(
    team: str, user: str, channel: str | None, services: Services
) -> Sequence[Placed[Style]]:
    """Return the styles that a user may use in a channel, as `load_placed` does."""
    return placed_styles(await load_placed({SavedKind.STYLE}, team, user, channel, services))


def placed_styles(placed: Sequence[Placed[Mapping[str, Json]]]) -> Sequence[Placed[Style]]:
    """Return what is saved as styles."""
    return placed_of(SavedKind.STYLE, Style.of_value, placed)


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
    if used.words and used.words not in {one.value.words for one in placed}:
        raise UsageError(
            f"I cannot show what would be sent: the words of the style `{used.name}` are somebody "
            "else's, or were changed since. Leave out `--dry`, or add `--style none`."
        )


def used_styles(used: UsedStyle | None, others: Styles) -> Mapping[str, Style]:
    """Return the styles with that of a job, as it was then, in place of one of its name."""
    return others if used is None else {**others, used.name: Style.of_job(used)}
