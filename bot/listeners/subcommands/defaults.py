"""`/video settings …`: the default options of a channel, which a request may override."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from bot.listeners.context import Handler, channel_defaults
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import subscriptions
from bot.options.defaults import DEFAULTS, as_flags, names_option, read_defaults
from bot.slack.markup import plain
from storage.job import Json
from storage.notification import channel_scope


def _bind(text: str, services: Services) -> Handler | None:
    match text.casefold().split():
        case []:
            return _show
        case ["reset"]:
            return partial(_set, None)
        case _:
            typed = plain(text)
            return partial(_change, typed) if names_option(typed, services.catalog) else None


async def _show(interaction: Interaction, services: Services) -> Message:
    current = await channel_defaults(services, interaction.team, interaction.channel)
    return subscriptions.defaults_shown(as_flags(services.catalog, current))


async def _change(typed: str, interaction: Interaction, services: Services) -> Message:
    current = await channel_defaults(services, interaction.team, interaction.channel)
    chosen = read_defaults(typed, services.catalog, current)
    return await _set(chosen, interaction, services)


async def _set(
    chosen: Mapping[str, Json] | None, interaction: Interaction, services: Services
) -> Message:
    """Store the defaults; `None` removes them. Committed when it returns. Idempotent."""
    scope = channel_scope(interaction.team, interaction.channel)
    await services.store.settings.set(scope, DEFAULTS, chosen)
    if chosen is None:
        return subscriptions.defaults_gone()
    return subscriptions.defaults_set(as_flags(services.catalog, chosen))


CHANNEL_SETTINGS = Subcommand(
    usage="settings [mode pro --aspect-ratio 9:16|reset]",
    about="shows or sets the options that this channel's videos have unless an ask says otherwise",
    bind=_bind,
    most=None,
)
