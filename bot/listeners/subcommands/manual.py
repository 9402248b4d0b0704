"""`/video help`: the manual, built from the models, subcommands, thread commands and buttons."""

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
"""Returns descriptions by usage: how a command is typed → what it does."""

Find: TypeAlias = Callable[[str], Subcommand | None]
"""Returns the subcommand of this name, if there is one."""


def help_subcommand(commands: Usages, words: Usages, find: Find) -> Subcommand:
    """Return the subcommand that describes all others, and the commands of a thread."""

    def bind(about: str, _: Services) -> Handler:
        if not about:
            return partial(_overview, commands, words)
        subcommand = find(about)
        if subcommand is not None:
            return partial(_subcommand_page, subcommand)
        return partial(_model_page, about)

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


async def _subcommand_page(subcommand: Subcommand, _: Interaction, __: Services) -> Message:
    return replies.words(f"`/video {subcommand.usage}` {subcommand.about}.")


async def _model_page(about: str, _: Interaction, services: Services) -> Message:
    try:
        return replies.words(model_page(services.catalog.get(about)))
    except UsageError as error:
        prompt = quoted(f"/video -- help {about}")
        raise UsageError(f"{error} For a video of these words, {prompt}.") from error
