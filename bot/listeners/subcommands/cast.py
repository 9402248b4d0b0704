"""`/video cast …`: save, list, rename and delete members of the cast."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from bot.base.errors import RetryLaterError, UsageError
from bot.base.patterns import lazy_compile
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.cast import load_placed_cast, placed_cast
from bot.jobs.saved import SavedFor
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.listeners.subcommands.saved import (
    DELETE,
    PLACES,
    RENAME,
    SAVE,
    bind_delete,
    bind_rename,
    key_of,
    load_named,
    new_name,
    others_of,
    place_named,
    problem_of,
)
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import cast
from bot.notifications.cast_copy import save_member
from bot.options.attachments import IMAGE_TYPES, Attached, refuse_unusable
from bot.options.catalog import Catalog
from bot.options.schema import FileKind
from bot.slack.markup import plain
from storage.saved import SavedKind, Written

CAST = "cast"
_SAVED = lazy_compile(rf"(\S+)(?:\s+({PLACES}))?", re.IGNORECASE)
_USAGE = (
    "Mention me with `cast save NAME` in a message with a picture, or type `/video cast save NAME` "
    "to choose one; `/video cast rename NAME OTHER` and `/video cast delete NAME` change it. "
    "`here` or `workspace` behind the name says whose. For a video of these words, put `-- ` "
    "before them."
)
# What Slack itself makes of a name behind an `@`.
_OF_SLACK = frozenset({"channel", "everyone"})
# An event is answered when the bot has committed it, and Slack waits for 3 s.
_THREAD_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """A member of the cast that is to be saved, as it was typed."""

    name: str
    saved_for: SavedFor


def cast_subcommand(
    words: Callable[[], Collection[str]], files: Sequence[Attached] = ()
) -> Subcommand:
    """Return the subcommand for a text with these files; no member has one of the bot's `words`."""
    return Subcommand(
        usage="cast save NAME [here|workspace]",
        about="saves a picture for you, for a channel or for the workspace: attach it to a message "
        "that mentions me, or choose it in the form that the command opens; `@NAME` in a prompt, "
        "or `--cast NAME`, uses it; `cast` alone lists all, `cast rename NAME OTHER` and "
        "`cast delete NAME` are for whoever made it, and for admins",
        bind=partial(_bind, words, files),
        most=None,
        words=frozenset({SAVE, DELETE, RENAME}),
        is_of_the_team=True,
    )


def read_save(text: str, words: Callable[[], Collection[str]]) -> NewMember | None:
    """Return what `cast save NAME` in a text saves; `None`: it is another text.

    Raises `UsageError`.
    """
    command, _space, rest = plain(text).strip().partition(" ")
    verb, _space, named = rest.strip().partition(" ")
    if (command.casefold(), verb.casefold()) != (CAST, SAVE):
        return None
    return _new_member(named.strip(), words)


def checked_name(text: str, words: Callable[[], Collection[str]]) -> str:
    """Return the name of a new member. Raises `UsageError`."""
    return new_name(SavedKind.CAST, text, {*words(), *_OF_SLACK})


def _bind(
    words: Callable[[], Collection[str]], files: Sequence[Attached], text: str, _: Catalog
) -> Handler | None:
    verb, _space, rest = plain(text).strip().partition(" ")
    rest = rest.strip()
    match verb.casefold():
        case "" | "list":
            return _list
        case "save":
            return partial(_save, _new_member(rest, words), files)
        case "delete" | "remove":
            return bind_delete(SavedKind.CAST, rest, _USAGE)
        case "rename":
            return bind_rename(SavedKind.CAST, rest, _USAGE, {*words(), *_OF_SLACK})
        case _:
            return None


def _new_member(text: str, words: Callable[[], Collection[str]]) -> NewMember:
    found = _SAVED.fullmatch(text)
    if found is None:
        raise UsageError(_USAGE)
    name = checked_name(found[1], words)
    return NewMember(name=name, saved_for=place_named(found[2]) or SavedFor.PERSON)


async def _list(interaction: Interaction, services: Services) -> Message:
    return cast.listed(
        await load_placed_cast(interaction.team, interaction.user, interaction.channel, services)
    )


async def _save(
    new: NewMember, files: Sequence[Attached], interaction: Interaction, services: Services
) -> Message:
    pictures = files or await _pictures_of_thread(interaction, services)
    return await save_picture(new, pictures, interaction, services)


async def save_picture(
    new: NewMember, pictures: Sequence[Attached], interaction: Interaction, services: Services
) -> Message:
    """Save a member with the one picture. Committed when it returns. Idempotent.

    Raises `UsageError`, and `StoreError`.
    """
    if not pictures:
        raise UsageError(cast.no_picture())
    refuse_unusable(pictures, services.catalog.default, FileKind.IMAGE)
    if len(pictures) > 1:
        raise UsageError(cast.too_many_pictures(len(pictures)))
    placed = await load_named(SavedKind.CAST, new.name, interaction, services)
    known = (one.value for one in placed_cast(placed) if one.saved_for is new.saved_for)
    earlier = next(known, None)
    written = await save_member(
        new.name, new.saved_for, pictures[0].id, earlier, interaction, services
    )
    if written not in {Written.NEW, Written.CHANGED}:
        key = key_of(SavedKind.CAST, new.name, new.saved_for, interaction)
        known_now = placed or await load_named(SavedKind.CAST, new.name, interaction, services)
        raise await problem_of(written, key, new.saved_for, known_now, services)
    note = others_of(new.saved_for, placed)
    return cast.saved(new.name, new.saved_for, is_new=written is Written.NEW, note=note)


async def _pictures_of_thread(interaction: Interaction, services: Services) -> Sequence[Attached]:
    """Return the pictures of a thread's first message, else of the newest reply that has some."""
    thread_ts = interaction.reply_to.thread_ts
    if thread_ts is None:
        return ()
    try:
        async with asyncio.timeout(_THREAD_SECONDS):
            found = await services.files.in_thread(interaction.channel, thread_ts)
    except TimeoutError as error:
        raise RetryLaterError("Slack does not show me this thread just now.") from error
    pictures = [one for one in found if one.mimetype in IMAGE_TYPES]
    of_root = [one for one in pictures if one.message_ts == thread_ts]
    chosen = of_root or [one for one in pictures if one.message_ts == pictures[-1].message_ts]
    return [
        Attached(id=one.id, name=one.name, mimetype=one.mimetype, size=one.size) for one in chosen
    ]
