"""`/video notify …`: what channels are told of their own accord."""

from __future__ import annotations

from typing import assert_never

from bot.base.errors import UnreachablePlaceError
from bot.base.ports import Message
from bot.jobs.accept import Asker
from bot.listeners.context import Desk
from bot.listeners.subcommands.subcommand import Done, Subcommand
from bot.messages import subscriptions as said
from bot.notifications.schedule import DIGEST, Plan, read_plan
from bot.notifications.subscription import SetDigest, SetLevel, Show, read_wish
from storage.job import Json
from storage.notification import NOTIFY, Level, channel_scope, channels_of


async def notify(desk: Desk, asker: Asker, text: str) -> Done | None:
    """Answer `/video notify TEXT`; `None`: the words begin a prompt.

    Idempotent: the same words set the same again. When a change is answered, it is on disk.
    Raises `UsageError`, other errors of Slack's calls, and `StoreError`.
    """
    wish = read_wish(text)
    match wish:
        case None:
            return None
        case Show():
            return Done(reply=said.listening(await _all(asker.team, desk)))
        case SetLevel() | SetDigest():
            return Done(reply=await _change(wish, asker, desk))
        case _:
            assert_never(wish)


async def _change(wish: SetLevel | SetDigest, asker: Asker, desk: Desk) -> Message:
    channel = wish.channel or asker.channel
    refusal = await _refusal(channel, asker, desk, ends=wish.is_end)
    if refusal is not None:
        return refusal
    scope = channel_scope(asker.team, channel)
    match wish:
        case SetLevel(level=level):
            await desk.settings.set(scope, NOTIFY, level)
            return said.level_set(channel, level)
        case SetDigest(every=every, at=at):
            zone = (await desk.directory.person(asker.user)).zone
            plan = Plan(every=every, at=at, zone=zone, since=desk.now()) if every else None
            await desk.settings.set(scope, DIGEST, plan.to_json() if plan else None)
            return said.digest_set(channel, plan)
        case _:
            assert_never(wish)


async def _all(team: str, desk: Desk) -> list[said.Listening]:
    scopes = channels_of(team)
    levels = await desk.settings.settings(scopes, NOTIFY)
    plans = await desk.settings.settings(scopes, DIGEST)
    return [
        said.Listening(
            channel=scope.removeprefix(scopes),
            level=_level(levels.get(scope)),
            plan=read_plan(plans.get(scope)),
        )
        for scope in sorted({*levels, *plans})
    ]


def _level(setting: Json) -> Level | None:
    return Level(setting) if isinstance(setting, str) and setting in set(Level) else None


async def _refusal(channel: str, asker: Asker, desk: Desk, *, ends: bool) -> Message | None:
    """Return why they may not decide for the channel, or the bot cannot speak there."""
    try:
        if not await _decides(channel, asker, desk):
            return said.not_a_member(channel)
        # To be told no more, a channel need not let the bot in.
        if not ends and not await _is_open(channel, asker, desk):
            await desk.chat.join(channel)
    except UnreachablePlaceError:
        return said.not_let_in(channel)
    return None


async def _decides(channel: str, asker: Asker, desk: Desk) -> bool:
    """Tell whether this person could speak in the channel themselves, or is an admin."""
    if channel == asker.channel or desk.verbs.is_admin(asker.user):
        return True
    return await desk.directory.is_in(channel, asker.user)


async def _is_open(channel: str, asker: Asker, desk: Desk) -> bool:
    """Tell whether the bot is in the channel, or it is the person's own conversation with it."""
    if (await desk.directory.room(channel)).has_us:
        return True
    return channel.startswith("D") and channel == await desk.chat.open_direct(asker.user)


NOTIFICATIONS = Subcommand(
    usage="notify [#channel|here] [all|failures|off|digest daily|weekly [at 09:00]]",
    about="shows or sets what a channel is told: finished videos, failures, troubles, digests",
    run=notify,
    most=None,
)
