"""`/video settings …`: the options that a channel's videos have unless an ask says otherwise."""

from __future__ import annotations

from bot.jobs.accept import Asker
from bot.listeners.context import Desk
from bot.listeners.subcommands.subcommand import Done, Subcommand
from bot.messages import subscriptions as said
from bot.options.defaults import DEFAULTS, as_flags, read_defaults
from bot.slack.markup import plain
from storage.notification import channel_scope


async def channel_settings(desk: Desk, asker: Asker, text: str) -> Done | None:
    """Answer `/video settings TEXT`; `None`: the words begin a prompt.

    Idempotent: the same words set the same again. When a change is answered, it is on disk.
    Raises `UsageError` and `StoreError`.
    """
    present = await desk.defaults(asker.team, asker.channel)
    scope = channel_scope(asker.team, asker.channel)
    match text.casefold().split():
        case []:
            return Done(reply=said.defaults_shown(as_flags(desk.catalog, present)))
        case ["reset"]:
            await desk.settings.set(scope, DEFAULTS, None)
            return Done(reply=said.defaults_gone())
        case _:
            chosen = read_defaults(plain(text), desk.catalog, present)
    if chosen is None:
        return None
    await desk.settings.set(scope, DEFAULTS, chosen)
    return Done(reply=said.defaults_set(as_flags(desk.catalog, chosen)))


CHANNEL_SETTINGS = Subcommand(
    usage="settings [mode pro --aspect-ratio 9:16|reset]",
    about="shows or sets the options that this channel's videos have unless an ask says otherwise",
    run=channel_settings,
    most=None,
)
