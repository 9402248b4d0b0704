"""The styles that a person may use in a place, looked up from near to far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.base.errors import UsageError
from bot.jobs.services import Services
from bot.options.parser import TypedText
from bot.options.styles import NO_STYLES, Style, Styles, may_name_style
from storage.job import UsedStyle
from storage.notification import channel_scope, person_scope, team_scope
from storage.saved import Saved, SavedKind


class SavedFor(StrEnum):
    """For whom something is saved, the nearest first. The values are what people type."""

    PERSON = "me"
    CHANNEL = "here"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStyle:
    """A style, for whom it is saved, and who made it."""

    style: Style
    saved_for: SavedFor
    made_by: str
    is_hidden: bool = False
    """Whether a nearer one has its name."""


def scope_of(saved_for: SavedFor, team: str, user: str, channel: str) -> str:
    """Return the scope in the store."""
    match saved_for:
        case SavedFor.PERSON:
            return person_scope(team, user)
        case SavedFor.CHANNEL:
            return channel_scope(team, channel)
        case SavedFor.WORKSPACE:
            return team_scope(team)


async def load_placed_styles(
    team: str, user: str, channel: str | None, services: Services
) -> Sequence[PlacedStyle]:
    """Return the styles that a user may use in a channel, from near to far, each place by name.

    Those of no channel without one. A read. Raises `StoreError`.
    """
    scopes = {
        scope_of(saved_for, team, user, channel or ""): saved_for
        for saved_for in SavedFor
        if channel is not None or saved_for is not SavedFor.CHANNEL
    }
    found = await services.store.saved.within(SavedKind.STYLE, list(scopes))
    placed: list[PlacedStyle] = []
    names: set[str] = set()
    for scope, saved_for in scopes.items():
        here = [one for one in found if one.key.scope == scope]
        placed += [_placed(one, saved_for, is_hidden=one.key.name in names) for one in here]
        names |= {one.key.name for one in here}
    return placed


def _placed(saved: Saved, saved_for: SavedFor, *, is_hidden: bool) -> PlacedStyle:
    style = Style.of_value(saved.key.name, saved.value)
    return PlacedStyle(style=style, saved_for=saved_for, made_by=saved.made_by, is_hidden=is_hidden)


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
