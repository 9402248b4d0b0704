"""`/video help`: the manual, made of the models and of what the surfaces offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import buttons, replies
from bot.messages.help import model_page, overview
from bot.options.wording import quoted

Usages: TypeAlias = Callable[[], Mapping[str, str]]
"""Returns how each thing is typed, and what it does."""

Find: TypeAlias = Callable[[str], Subcommand | None]
"""Returns the subcommand of a word."""


def help_subcommand(commands: Usages, words: Usages, find: Find) -> Subcommand:
    """Return the subcommand that tells of all others, and of the words that a thread takes."""

    def bind(about: str, _: Services) -> Handler:
        if not about:
            return partial(_overview, commands, words)
        subcommand = find(about)
        if subcommand is not None:
            return partial(_one, subcommand)
        return partial(_model, about)

    return Subcommand(
        usage="help [MODEL|COMMAND]",
        about="shows all that there is, or all about a model or one of these commands",
        bind=bind,
        most=1,
    )


async def _overview(commands: Usages, words: Usages, _: Interaction, services: Services) -> Message:
    manual = overview(
        services.catalog,
        commands=commands(),
        replies=words(),
        buttons=buttons.usages(services.catalog.models),
        bot_user=services.bot_user,
    )
    return replies.words(manual)


async def _one(subcommand: Subcommand, _: Interaction, __: Services) -> Message:
    return replies.words(f"`/video {subcommand.usage}` {subcommand.about}.")


async def _model(about: str, _: Interaction, services: Services) -> Message:
    try:
        return replies.words(model_page(services.catalog.get(about)))
    except UsageError as error:
        prompt = quoted(f"/video -- help {about}")
        raise UsageError(f"{error} For a video of these words, {prompt}.") from error
