"""What people saved and a person may use in a place, looked up from near to far."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from bot.jobs.services import Services
from storage.job import Json
from storage.notification import channel_scope, person_scope, team_scope
from storage.saved import SavedKind

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class SavedFor(StrEnum):
    """For whom something is saved, the nearest first. The values are what people type."""

    PERSON = "me"
    CHANNEL = "here"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Generic[T_co]):
    """Something that is saved under a name, for whom, and who made it."""

    kind: SavedKind
    name: str
    value: T_co
    """As the store has it, or as what it is."""
    saved_for: SavedFor
    made_by: str
    """The ID of the user who made it."""
    is_hidden: bool = False
    """Whether a nearer one of its kind has its name."""


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
) -> Sequence[Placed[Mapping[str, Json]]]:
    """Return what a user may use in a channel, from near to far, each place by name.

    What is of no channel without one. One read. Raises `StoreError`.
    """
    scopes = {
        scope_of(saved_for, team, user, channel or ""): saved_for
        for saved_for in SavedFor
        if channel is not None or saved_for is not SavedFor.CHANNEL
    }
    found = await services.store.saved.within(kinds, list(scopes))
    placed: list[Placed[Mapping[str, Json]]] = []
    names: set[tuple[SavedKind, str]] = set()
    for scope, saved_for in scopes.items():
        here = [one for one in found if one.key.scope == scope]
        placed += [
            Placed(
                kind=one.key.kind,
                name=one.key.name,
                value=one.value,
                saved_for=saved_for,
                made_by=one.made_by,
                is_hidden=(one.key.kind, one.key.name) in names,
            )
            for one in here
        ]
        names |= {(one.key.kind, one.key.name) for one in here}
    return placed


def placed_of(
    kind: SavedKind,
    read: Callable[[str, Mapping[str, Json]], T],
    placed: Sequence[Placed[Mapping[str, Json]]],
) -> Sequence[Placed[T]]:
    """Return those of a kind, each with what `read` makes of its name and value."""
    return [
        Placed(
            kind=kind,
            name=one.name,
            value=read(one.name, one.value),
            saved_for=one.saved_for,
            made_by=one.made_by,
            is_hidden=one.is_hidden,
        )
        for one in placed
        if one.kind is kind
    ]


def usable(placed: Sequence[Placed[T]]) -> Mapping[str, T]:
    """Return what is saved by name; the nearest of each name."""
    return {one.name: one.value for one in placed if not one.is_hidden}
