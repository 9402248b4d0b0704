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
from bot.messages.help import HelpPage, HelpTables, help_page, model_page, overview
from bot.options.catalog import Catalog
from bot.options.wording import nearest, quoted

Usages: TypeAlias = Callable[[], Mapping[str, str]]
"""Returns descriptions by usage: how a command is typed → what it does."""

Table: TypeAlias = Callable[[], Mapping[str, Subcommand]]
"""Returns the subcommands by name."""


_NO_TOPIC = frozenset({"", "me", "us", "please"})


def help_subcommand(table: Table, replies_usages: Usages) -> Subcommand:
    """Return the subcommand that describes all others, and the commands of a thread."""

    def bind(about: str, catalog: Catalog) -> Handler:
        topic = about.casefold()
        if topic in _NO_TOPIC:
            return partial(_overview, table, replies_usages)
        if topic in set(HelpPage):
            return partial(_page, HelpPage(topic), table, replies_usages)
        name = _topic(topic, table(), catalog)
        if name is None:
            return partial(_model_page, about)
        return partial(_subcommand_page, table()[name])

    return Subcommand(
        usage="help [MODEL|COMMAND]",
        about="shows how to ask, or all about a model or one of these commands; so does `--help` "
        "anywhere",
        bind=bind,
        most=1,
    )


def _topic(about: str, table: Mapping[str, Subcommand], catalog: Catalog) -> str | None:
    """Return the subcommand that is meant, also by a mistyped name; `None`: a model is."""
    if about in table or catalog.find(about) is not None:
        return about if about in table else None
    return nearest(about, table)


def help_tables(table: Table, replies_usages: Usages, services: Services) -> HelpTables:
    """Return what the manual describes beside the models."""
    return HelpTables(
        commands={subcommand.usage: subcommand.about for subcommand in table().values()},
        replies=replies_usages(),
        buttons=buttons.usages(services.catalog.models),
        bot_user=services.bot_user,
    )


async def _overview(
    table: Table, replies_usages: Usages, _: Interaction, services: Services
) -> Message:
    return overview(services.catalog, help_tables(table, replies_usages, services))


async def _page(
    page: HelpPage, table: Table, replies_usages: Usages, _: Interaction, services: Services
) -> Message:
    tables = help_tables(table, replies_usages, services)
    return replies.words(help_page(page, services.catalog, tables))


async def _subcommand_page(subcommand: Subcommand, _: Interaction, __: Services) -> Message:
    return replies.words(f"`/video {subcommand.usage}` {subcommand.about}.")


async def _model_page(about: str, _: Interaction, services: Services) -> Message:
    try:
        return replies.words(model_page(services.catalog.get(about)))
    except UsageError as error:
        prompt = quoted(f"/video -- help {about}")
        raise UsageError(f"{error} For a video of these words, {prompt}.") from error
