"""The common part of `/video style …` and `/video cast …`: names, places, rename and delete."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.names import read_in_names
from bot.jobs.saved import Placed, SavedFor, load_placed, scope_of
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.messages import saved
from bot.options.saved_names import read_saved_name
from storage.job import Json
from storage.saved import Editor, SavedKey, SavedKind, Written

SAVE, DELETE, RENAME = "save", "delete", "rename"
PLACES = "|".join(SavedFor)
# The place stands behind the name, or behind both names.
_NAMED = lazy_compile(rf"(\S+)(?:\s+({PLACES}))?", re.IGNORECASE)
_RENAMED = lazy_compile(rf"(\S+)\s+(?:to\s+)?(\S+?)(?:\s+({PLACES}))?", re.IGNORECASE)
# `style save this as noir`
_NO_NAMES = frozenset(
    {"as", "this", "that", "it", "the", "a", "an", "my", "for", "current", "last"}
)
_MARKS = "@\"'“”„‟‘’«»`"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSaved:
    """Something saved as a person names it; `None`: the nearest of this name."""

    name: str
    saved_for: SavedFor | None


def bind_delete(kind: SavedKind, text: str, usage: str) -> Handler:
    """Return the handler of `delete` for the text behind it. Raises `UsageError`."""
    found = _NAMED.fullmatch(text)
    if found is None:
        raise UsageError(usage)
    return partial(_delete, kind, named(kind, found[1], found[2]))


def bind_rename(kind: SavedKind, text: str, usage: str, words: Collection[str]) -> Handler:
    """Return the handler of `rename` for the text behind it. Raises `UsageError`."""
    found = _RENAMED.fullmatch(text)
    if found is None:
        raise UsageError(usage)
    other = new_name(kind, found[2], words)
    return partial(_rename, kind, named(kind, found[1], found[3]), other)


def named(kind: SavedKind, name: str, place: str | None) -> NamedSaved:
    """Return the name and the place that were typed. Raises `UsageError`."""
    return NamedSaved(
        name=read_saved_name(name.strip(_MARKS), saved.NOUNS[kind]), saved_for=place_named(place)
    )


def place_named(place: str | None) -> SavedFor | None:
    """Return for whom a typed word says that something is saved; `None`: no word was typed."""
    return SavedFor(place.casefold()) if place else None


def new_name(kind: SavedKind, text: str, words: Collection[str]) -> str:
    """Return a new name. Raises `UsageError` for what is none, or a word of the bot's."""
    name = read_saved_name(text.strip(_MARKS), saved.NOUNS[kind])
    if name in {*words, *SavedFor, *_NO_NAMES, SAVE, DELETE, RENAME}:
        raise UsageError(saved.reserved(kind, name))
    return name


async def load_named(
    kind: SavedKind, name: str, interaction: Interaction, services: Services
) -> Sequence[Placed[Mapping[str, Json]]]:
    """Return all of a kind that have a name and that a user sees, the nearest first. A read."""
    placed = await load_placed(
        {kind}, interaction.team, interaction.user, interaction.channel, services
    )
    return [one for one in placed if one.name == name]


def others_of(saved_for: SavedFor, placed: Sequence[Placed[object]]) -> str:
    """Return the sentence about those of the same name elsewhere; empty if there are none."""
    order = list(SavedFor)
    for one in placed:
        if order.index(one.saved_for) < order.index(saved_for):
            return saved.hidden(one.saved_for)
        if one.saved_for is not saved_for:
            return saved.hides(one.saved_for)
    return ""


async def problem_of(
    written: Written,
    key: SavedKey,
    saved_for: SavedFor,
    placed: Sequence[Placed[object]],
    to: Services,
) -> UsageError:
    """Return why nothing was written; `placed` are all of its name."""
    kind, name = key.kind, key.name
    match written:
        case Written.TOO_MANY:
            return UsageError(saved.too_many(kind, saved_for))
        case Written.NOT_YOURS:
            makers = (one.made_by for one in placed if one.saved_for is saved_for)
            maker = await read_in_names(f"<@{next(makers, '')}>", to.directory)
            return UsageError(saved.not_yours(kind, name, saved_for, maker))
        case _:
            return UsageError(saved.missing(kind, name, saved_for))


def key_of(kind: SavedKind, name: str, saved_for: SavedFor, interaction: Interaction) -> SavedKey:
    """Return the key for what is saved in a place of a user's."""
    scope = scope_of(saved_for, interaction.team, interaction.user, interaction.channel)
    return SavedKey(kind=kind, scope=scope, name=name)


def editor_of(interaction: Interaction, services: Services) -> Editor:
    """Return the user of an interaction as one who changes something."""
    return Editor(user=interaction.user, is_admin=services.is_admin(interaction.user))


async def _delete(
    kind: SavedKind, one: NamedSaved, interaction: Interaction, services: Services
) -> Message:
    """Delete something. Committed when it returns."""
    placed, saved_for = await _find(kind, one, interaction, services)
    key = key_of(kind, one.name, saved_for, interaction)
    written = await services.store.saved.delete(key, editor_of(interaction, services))
    if written is not Written.CHANGED:
        raise await problem_of(written, key, saved_for, placed, services)
    return saved.deleted(kind, one.name, saved_for)


async def _rename(
    kind: SavedKind, one: NamedSaved, name: str, interaction: Interaction, services: Services
) -> Message:
    """Give something another name. Committed when it returns."""
    placed, saved_for = await _find(kind, one, interaction, services)
    key = key_of(kind, one.name, saved_for, interaction)
    written = await services.store.saved.rename(
        key, name, editor_of(interaction, services), services.now()
    )
    if written is Written.TAKEN:
        raise UsageError(saved.taken(kind, name, saved_for))
    if written is not Written.CHANGED:
        raise await problem_of(written, key, saved_for, placed, services)
    return saved.renamed(kind, one.name, name, saved_for)


async def _find(
    kind: SavedKind, one: NamedSaved, interaction: Interaction, services: Services
) -> tuple[Sequence[Placed[object]], SavedFor]:
    """Return all of a name, and for whom the meant one is. Raises `UsageError`."""
    placed = await load_named(kind, one.name, interaction, services)
    if one.saved_for is not None:
        return placed, one.saved_for
    if not placed:
        raise UsageError(saved.missing(kind, one.name, None))
    return placed, placed[0].saved_for
