"""The members of the cast that a person may use in a place, looked up from near to far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.jobs.saved import Placed, SavedFor, load_placed, placed_of, usable
from bot.jobs.services import Services
from bot.options.cast import NO_CAST, Cast, CastMember, may_name_cast
from bot.options.parser import TypedText
from storage.job import Json
from storage.saved import SavedKind


def shows_picture_in(one: Placed[CastMember], channel: str | None) -> bool:
    """Return whether Slack shows a member's picture to a user in a channel who may use it."""
    member = one.value
    is_seen = member.is_public or one.saved_for is SavedFor.PERSON or member.channel == channel
    return member.file is not None and is_seen


async def load_placed_cast(
    team: str, user: str, channel: str | None, services: Services
) -> Sequence[Placed[CastMember]]:
    """Return the members that a user may use in a channel, as `load_placed` does."""
    return placed_cast(await load_placed({SavedKind.CAST}, team, user, channel, services))


def placed_cast(placed: Sequence[Placed[Mapping[str, Json]]]) -> Sequence[Placed[CastMember]]:
    """Return what is saved as members of the cast."""
    return placed_of(SavedKind.CAST, CastMember.of_value, placed)


async def cast_for(
    typed: TypedText, team: str, user: str, channel: str, services: Services
) -> Cast:
    """Return the members of which a text may name some; nothing is read for one that names none.

    Raises `StoreError`.
    """
    if not may_name_cast(typed):
        return NO_CAST
    return usable(await load_placed_cast(team, user, channel, services))
