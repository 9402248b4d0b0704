"""`/video settings …`: the default options of a channel or person; a request may override them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.projects import REQUIRE_PROJECT
from bot.jobs.services import Services
from bot.jobs.submit_delay import LONGEST_DELAY, SUBMIT_DELAY, channel_delay
from bot.listeners.context import Handler, usual_options
from bot.listeners.subcommands.own_defaults import ME, bind_own
from bot.listeners.subcommands.project_rule import read_requirement, require_project
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import subscriptions
from bot.notifications.setting import change_setting
from bot.options.catalog import Catalog
from bot.options.defaults import DEFAULTS, as_flags, names_option, read_defaults
from bot.slack.markup import plain
from storage.job import Json


def _bind(text: str, catalog: Catalog) -> Handler | None:
    match text.casefold().split():
        case [word, *_] if word == ME:
            return bind_own(text.strip()[len(ME) :], catalog)
        case []:
            return _show
        case ["reset"]:
            return _reset
        case ["no", ("project" | "defaults" | "settings" | "style" | "delay" | "mode")]:
            raise UsageError(
                "`/video settings reset` takes all settings of this channel away, `/video settings "
                "require project off` that videos name their project."
            )
        case ["delay", seconds]:
            return partial(_set_delay, _delay(seconds))
        case ["require", "project", *rest] if (change := read_requirement(rest)) is not None:
            return partial(require_project, change)
        case _:
            typed = plain(text)
            return partial(_change, typed) if names_option(typed, catalog) else None


def _delay(typed: str) -> float:
    """Return a delay in seconds. Raises `UsageError`."""
    try:
        seconds = float(typed.removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST_DELAY:
        raise UsageError(
            f"A delay is a number of seconds, 0 to {LONGEST_DELAY}: `/video settings delay 10`."
        )
    return seconds


async def _show(interaction: Interaction, services: Services) -> Message:
    usual = await usual_options(interaction, services)
    own = await channel_delay(services, interaction.team, interaction.channel)
    delay = services.submit_delay if own is None else own
    return subscriptions.defaults_shown(
        as_flags(services.catalog, usual.of_channel),
        delay,
        as_flags(services.catalog, usual.of_person),
        needs_project=usual.needs_project,
    )


async def _set_delay(seconds: float, interaction: Interaction, services: Services) -> Message:
    """Store the channel's delay. Committed when it returns. Idempotent.

    The channel is told of it.
    """
    await change_setting(SUBMIT_DELAY, seconds, interaction.channel, interaction, services)
    return subscriptions.delay_set(seconds)


async def _reset(interaction: Interaction, services: Services) -> Message:
    """Remove all settings of the channel. Committed when it returns. Idempotent."""
    for name in (SUBMIT_DELAY, REQUIRE_PROJECT):
        await change_setting(name, None, interaction.channel, interaction, services)
    await _set(None, interaction, services)
    return subscriptions.settings_gone()


async def _change(typed: str, interaction: Interaction, services: Services) -> Message:
    current = await usual_options(interaction, services)
    chosen = read_defaults(typed, services.catalog, current.of_channel)
    return await _set(chosen, interaction, services)


async def _set(
    chosen: Mapping[str, Json] | None, interaction: Interaction, services: Services
) -> Message:
    """Store the defaults; `None` removes them. Committed when it returns. Idempotent.

    The channel is told of it.
    """
    await change_setting(DEFAULTS, chosen, interaction.channel, interaction, services)
    if chosen is None:
        return subscriptions.defaults_gone()
    return subscriptions.defaults_set(as_flags(services.catalog, chosen))


CHANNEL_SETTINGS = Subcommand(
    usage="settings [me] [mode pro --project launch|delay 10|require project [off]|reset]",
    about="shows or sets the options that this channel's videos have unless an ask says otherwise, "
    "how many seconds a job can be taken back for free, and whether each video here names its "
    "project; with `me` your own options, which go "
    "before the channel's",
    bind=_bind,
    most=None,
    is_of_the_team=True,
)
