"""`/video style …` and `/video styles`: save, list, rename and delete styles."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.names import read_in_names
from bot.jobs.services import Services
from bot.jobs.styles import PlacedStyle, SavedFor, load_placed_styles, scope_of
from bot.listeners.context import Handler, usual_options
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import styles
from bot.options.catalog import Catalog
from bot.options.style_definition import read_style
from bot.options.styles import read_style_name
from bot.slack.markup import plain
from storage.saved import Editor, SavedKey, SavedKind, Written

SAVE, DELETE, RENAME = "save", "delete", "rename"
_PLACES = "|".join(SavedFor)
# The place stands behind the name, or behind both names.
_SAVED = re.compile(rf"(\S+)(?:\s+({_PLACES})(?!\S))?\s*(.*)", re.DOTALL | re.IGNORECASE)
_NAMED = re.compile(rf"(\S+)(?:\s+({_PLACES}))?", re.IGNORECASE)
_RENAMED = re.compile(rf"(\S+)\s+(?:to\s+)?(\S+?)(?:\s+({_PLACES}))?", re.IGNORECASE)
_QUOTES = "\"'“”„‟‘’«»`"
_USAGE = (
    'Type `/video style save NAME "words around {prompt}" --options`, `/video style rename NAME '
    "OTHER` or `/video style delete NAME`; `here` or `workspace` behind the name says whose. "
    "For a video of these words, put `-- ` before them."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A style as a person names it; `None`: the nearest of this name."""

    name: str
    saved_for: SavedFor | None


def style_subcommand(words: Callable[[], Collection[str]]) -> Subcommand:
    """Return the subcommand; no style has one of the bot's `words` as its name."""
    return Subcommand(
        usage='style save NAME [here|workspace] "black and white, {prompt}" --mode pro',
        about="saves words around a prompt, and options, for you, for a channel or for the "
        "workspace; `--style NAME` uses them, `style rename NAME OTHER` and `style delete NAME` "
        "are for whoever made it, and for admins",
        bind=partial(_bind, words),
        most=None,
        words=frozenset({SAVE, DELETE, RENAME}),
        is_of_the_team=True,
    )


def _bind(words: Callable[[], Collection[str]], text: str, _: Catalog) -> Handler | None:
    verb, _space, rest = plain(text).strip().partition(" ")
    rest = rest.strip()
    match verb.casefold():
        case "":
            return _list
        case "save":
            return _bind_save(words, rest)
        case "delete" | "remove":
            found = _NAMED.fullmatch(rest)
            if found is None:
                raise UsageError(_USAGE)
            return partial(_delete, _named(found[1], found[2]))
        case "rename":
            both = _RENAMED.fullmatch(rest)
            if both is None:
                raise UsageError(_USAGE)
            return partial(_rename, _named(both[1], both[3]), _new_name(both[2], words))
        case _:
            return None


def _bind_save(words: Callable[[], Collection[str]], text: str) -> Handler:
    found = _SAVED.fullmatch(text)
    if found is None:
        raise UsageError(_USAGE)
    name = _new_name(found[1], words)
    saved_for = SavedFor(found[2].casefold()) if found[2] else SavedFor.PERSON
    return partial(_save, name, saved_for, found[3])


def _named(name: str, place: str | None) -> _Named:
    return _Named(
        name=read_style_name(name.strip(_QUOTES)),
        saved_for=SavedFor(place.casefold()) if place else None,
    )


def _new_name(text: str, words: Callable[[], Collection[str]]) -> str:
    """Return the name for a style. Raises `UsageError` for what is none, or a word of the bot's."""
    name = read_style_name(text.strip(_QUOTES))
    if name in {*words(), *SavedFor, SAVE, DELETE, RENAME}:
        raise UsageError(styles.reserved(name))
    return name


async def _list(interaction: Interaction, services: Services) -> Message:
    return styles.listed(await _placed(interaction, services), services.catalog)


async def _save(
    name: str, saved_for: SavedFor, text: str, interaction: Interaction, services: Services
) -> Message:
    """Save a style, in place of an earlier one. Committed when it returns. Idempotent."""
    usual = await usual_options(interaction, services)
    style = read_style(name, text, services.catalog, usual.values)
    key = _key(name, saved_for, interaction)
    written = await services.store.saved.save(
        key, style.to_value(), _editor(interaction, services), services.now()
    )
    placed = [one for one in await _placed(interaction, services) if one.style.name == name]
    if written not in {Written.NEW, Written.CHANGED}:
        raise await _problem(written, name, saved_for, placed, services)
    return styles.saved(
        style,
        saved_for,
        services.catalog,
        is_new=written is Written.NEW,
        note=_others(saved_for, placed),
    )


def _others(saved_for: SavedFor, placed: list[PlacedStyle]) -> str:
    """Return the sentence about the styles of the same name elsewhere; empty if there are none."""
    order = list(SavedFor)
    for one in placed:
        if order.index(one.saved_for) < order.index(saved_for):
            return styles.hidden(one.saved_for)
        if one.saved_for is not saved_for:
            return styles.hides(one.saved_for)
    return ""


async def _delete(named: _Named, interaction: Interaction, services: Services) -> Message:
    """Delete a style. Committed when it returns."""
    placed, saved_for = await _find(named, interaction, services)
    written = await services.store.saved.delete(
        _key(named.name, saved_for, interaction), _editor(interaction, services)
    )
    if written is not Written.CHANGED:
        raise await _problem(written, named.name, saved_for, placed, services)
    return styles.deleted(named.name, saved_for)


async def _rename(
    named: _Named, name: str, interaction: Interaction, services: Services
) -> Message:
    """Give a style another name. Committed when it returns."""
    placed, saved_for = await _find(named, interaction, services)
    written = await services.store.saved.rename(
        _key(named.name, saved_for, interaction),
        name,
        _editor(interaction, services),
        services.now(),
    )
    if written is Written.TAKEN:
        raise UsageError(styles.taken(name, saved_for))
    if written is not Written.CHANGED:
        raise await _problem(written, named.name, saved_for, placed, services)
    return styles.renamed(named.name, name, saved_for)


async def _find(
    named: _Named, interaction: Interaction, services: Services
) -> tuple[list[PlacedStyle], SavedFor]:
    """Return all styles of a name, and for whom the meant one is. Raises `UsageError`."""
    placed = [one for one in await _placed(interaction, services) if one.style.name == named.name]
    if named.saved_for is not None:
        return placed, named.saved_for
    if not placed:
        raise UsageError(styles.missing(named.name, None))
    return placed, placed[0].saved_for


async def _placed(interaction: Interaction, services: Services) -> list[PlacedStyle]:
    return [
        *await load_placed_styles(interaction.team, interaction.user, interaction.channel, services)
    ]


async def _problem(
    written: Written,
    name: str,
    saved_for: SavedFor,
    placed: list[PlacedStyle],
    services: Services,
) -> UsageError:
    """Return why nothing was written."""
    match written:
        case Written.TOO_MANY:
            return UsageError(styles.too_many(saved_for))
        case Written.NOT_YOURS:
            makers = (one.made_by for one in placed if one.saved_for is saved_for)
            maker = await read_in_names(f"<@{next(makers, '')}>", services.directory)
            return UsageError(styles.not_yours(name, saved_for, maker))
        case _:
            return UsageError(styles.missing(name, saved_for))


def _key(name: str, saved_for: SavedFor, interaction: Interaction) -> SavedKey:
    scope = scope_of(saved_for, interaction.team, interaction.user, interaction.channel)
    return SavedKey(kind=SavedKind.STYLE, scope=scope, name=name)


def _editor(interaction: Interaction, services: Services) -> Editor:
    return Editor(user=interaction.user, is_admin=services.is_admin(interaction.user))


STYLES = Subcommand(
    usage="styles",
    about="lists the styles that you can use here, with who made each",
    bind=lambda _, __: _list,
    is_of_the_team=True,
)
