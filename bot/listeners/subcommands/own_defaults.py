"""`/video settings me …`: a person's own default options, wherever they ask for a video."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from bot.listeners.context import Handler, usual_options
from bot.messages import subscriptions
from bot.options.catalog import Catalog
from bot.options.defaults import DEFAULTS, as_flags, names_option, read_defaults
from bot.slack.markup import plain
from storage.job import Json
from storage.notification import person_scope

ME = "me"


def bind_own(text: str, catalog: Catalog) -> Handler | None:
    """Return the handler for the text after `settings me`; `None`: that text does not fit."""
    match text.casefold().split():
        case []:
            return _show
        case ["reset"]:
            return partial(_set, None)
        case _:
            typed = plain(text)
            return partial(_change, typed) if names_option(typed, catalog) else None


async def _show(interaction: Interaction, services: Services) -> Message:
    current = await usual_options(interaction, services)
    return subscriptions.own_defaults_shown(as_flags(services.catalog, current.of_person))


async def _change(typed: str, interaction: Interaction, services: Services) -> Message:
    current = await usual_options(interaction, services)
    chosen = read_defaults(typed, services.catalog, current.of_person)
    return await _set(chosen, interaction, services)


async def _set(
    chosen: Mapping[str, Json] | None, interaction: Interaction, services: Services
) -> Message:
    """Store the person's defaults; `None` removes them. Committed when it returns. Idempotent."""
    scope = person_scope(interaction.team, interaction.user)
    await services.store.settings.set(scope, DEFAULTS, chosen)
    if chosen is None:
        return subscriptions.own_defaults_gone()
    return subscriptions.own_defaults_set(as_flags(services.catalog, chosen))
