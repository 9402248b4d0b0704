"""What people saved and a person may use in a place, looked up from near to far."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.jobs.services import Services
from storage.notification import channel_scope, person_scope, team_scope
from storage.saved import Saved, SavedKind


class SavedFor(StrEnum):
    """For whom something is saved, the nearest first. The values are what people type."""

    PERSON = "me"
    CHANNEL = "here"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Something that is saved, and for whom."""

    saved: Saved
    saved_for: SavedFor
    is_hidden: bool = False
    """Whether a nearer one of its kind has its name."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.saved.key.name

    @property
    def made_by(self) -> str:
        """The ID of the user who made it."""
        return self.saved.made_by


def scope_of(saved_for: SavedFor, team: str, user: str, channel: str) -> str:
    """Return the scope in the store."""
    match saved_for:
        case SavedFor.PERSON:
            return person_scope(team, user)
        case SavedFor.CHANNEL:
            return channel_scope(team, channel)
        case SavedFor.WORKSPACE:
            return team_scope(team)


async def load_placed(
    kinds: Collection[SavedKind], team: str, user: str, channel: str | None, services: Services
) -> Sequence[Placed]:
    """Return what a user may use in a channel, from near to far, each place by name.

    What is of no channel without one. One read. Raises `StoreError`.
    """
    scopes = {
        scope_of(saved_for, team, user, channel or ""): saved_for
        for saved_for in SavedFor
        if channel is not None or saved_for is not SavedFor.CHANNEL
    }
    found = await services.store.saved.within(kinds, list(scopes))
    placed: list[Placed] = []
    names: set[tuple[SavedKind, str]] = set()
    for scope, saved_for in scopes.items():
        here = [one for one in found if one.key.scope == scope]
        placed += [
            Placed(saved=one, saved_for=saved_for, is_hidden=(one.key.kind, one.key.name) in names)
            for one in here
        ]
        names |= {(one.key.kind, one.key.name) for one in here}
    return placed
