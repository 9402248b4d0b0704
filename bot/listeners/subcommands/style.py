"""`/video style …` and `/video styles`: save, list, rename and delete styles."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import partial

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.saved import SavedFor
from bot.jobs.services import Services
from bot.jobs.styles import load_placed_styles
from bot.listeners.context import Handler, usual_options
from bot.listeners.subcommands.saved import (
    DELETE,
    PLACES,
    RENAME,
    SAVE,
    bind_delete,
    bind_rename,
    editor_of,
    key_of,
    load_named,
    new_name,
    others_of,
    place_named,
    problem_of,
)
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import styles
from bot.options.catalog import Catalog
from bot.options.style_definition import read_style
from bot.slack.markup import plain
from storage.saved import SavedKind, Written

# The place stands behind the name.
_SAVED = lazy_compile(rf"(\S+)(?:\s+({PLACES}):?(?!\S))?\s*(.*)", re.DOTALL | re.IGNORECASE)
# A word before words in quotes, which are all of a style: `film noir "black and white"`.
_SECOND_WORD = lazy_compile(r"[\w-]+:?\s+[\"“„«].*", re.DOTALL)
# Before words in quotes a place in other words is no part of these.
_LIKE_A_PLACE = lazy_compile(
    r"(?:(?:for|to|in|with)\s+)?(?:the\s+)?(?:whole\s+)?[(\[]?(?:everyone|everybody|all|team|company"
    rf"|channel|public|shared|globally|me|myself|{PLACES})[)\]]?\s*(?:[\"'“„«].*)?",
    re.DOTALL | re.IGNORECASE,
)
_QUOTES = "\"'“”„«»"
_USAGE = (
    'Type `/video style save NAME "words around {prompt}" --options`, `/video style rename NAME '
    "OTHER` or `/video style delete NAME`; `here` or `workspace` behind the name says whose. "
    "For a video of these words, put `-- ` before them."
)


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
        case "" | "list":
            return _list
        case "save":
            return _bind_save(words, rest)
        case "delete" | "remove":
            return bind_delete(SavedKind.STYLE, rest, _USAGE)
        case "rename":
            return bind_rename(SavedKind.STYLE, rest, _USAGE, words())
        case _:
            return None


def _bind_save(words: Callable[[], Collection[str]], text: str) -> Handler:
    found = _SAVED.fullmatch(text)
    if found is None:
        raise UsageError(_USAGE)
    is_cut = found[1][0] in _QUOTES and found[1][-1] not in _QUOTES
    if is_cut or (_SECOND_WORD.fullmatch(found[3]) and not _LIKE_A_PLACE.fullmatch(found[3])):
        raise UsageError(f"The name of a style is one word. {_USAGE}")
    if _LIKE_A_PLACE.fullmatch(found[3]):
        raise UsageError(f"To say who has the style, put one word behind its name. {_USAGE}")
    name = new_name(SavedKind.STYLE, found[1], words())
    return partial(_save, name, place_named(found[2]) or SavedFor.PERSON, found[3])


async def _list(interaction: Interaction, services: Services) -> Message:
    placed = await load_placed_styles(
        interaction.team, interaction.user, interaction.channel, services
    )
    return styles.listed(placed, services.catalog)


async def _save(
    name: str, saved_for: SavedFor, text: str, interaction: Interaction, services: Services
) -> Message:
    """Save a style, in place of an earlier one. Committed when it returns. Idempotent."""
    usual = await usual_options(interaction, services)
    style = read_style(name, text, services.catalog, usual.values)
    key = key_of(SavedKind.STYLE, name, saved_for, interaction)
    written = await services.store.saved.save(
        key, style.to_value(), editor_of(interaction, services), services.now()
    )
    placed = await load_named(SavedKind.STYLE, name, interaction, services)
    if written not in {Written.NEW, Written.CHANGED}:
        raise await problem_of(written, key, saved_for, placed, services)
    return styles.saved(
        style,
        saved_for,
        services.catalog,
        is_new=written is Written.NEW,
        note=others_of(saved_for, placed),
    )


STYLES = Subcommand(
    usage="styles",
    about="lists the styles that you can use here, with who made each",
    bind=lambda _, __: _list,
    is_of_the_team=True,
)
