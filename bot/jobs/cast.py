"""The members of the cast that a person may use in a place, looked up from near to far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.jobs.saved import Placed, SavedFor, load_placed
from bot.jobs.services import Services
from bot.options.cast import NO_CAST, Cast, CastMember, may_name_cast
from bot.options.parser import TypedText
from storage.saved import SavedKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedMember:
    """A member of the cast, for whom it is saved, and who made it."""

    member: CastMember
    saved_for: SavedFor
    made_by: str
    is_hidden: bool = False
    """Whether a nearer one has its name."""

    def shows_picture_in(self, channel: str | None) -> bool:
        """Return whether Slack shows its picture to a user in a channel who may use it."""
        member = self.member
        is_seen = member.is_public or self.saved_for is SavedFor.PERSON or member.channel == channel
        return member.file is not None and is_seen


async def load_placed_cast(
    team: str, user: str, channel: str | None, services: Services
) -> Sequence[PlacedMember]:
    """Return the members that a user may use in a channel, as `load_placed` does."""
    return placed_cast(await load_placed({SavedKind.CAST}, team, user, channel, services))


def placed_cast(placed: Sequence[Placed]) -> Sequence[PlacedMember]:
    """Return the members of the cast among what is saved."""
    return [
        PlacedMember(
            member=CastMember.of_value(one.name, one.saved.value),
            saved_for=one.saved_for,
            made_by=one.made_by,
            is_hidden=one.is_hidden,
        )
        for one in placed
        if one.saved.key.kind is SavedKind.CAST
    ]


def usable_cast(placed: Sequence[PlacedMember]) -> Cast:
    """Return the members by name; the nearest of each name."""
    return {one.member.name: one.member for one in placed if not one.is_hidden}


async def cast_for(
    typed: TypedText, team: str, user: str, channel: str, services: Services
) -> Cast:
    """Return the members of which a text may name some; nothing is read for one that names none.

    Raises `StoreError`.
    """
    if not may_name_cast(typed):
        return NO_CAST
    return usable_cast(await load_placed_cast(team, user, channel, services))
