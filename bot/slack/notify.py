"""`/video notify …`: what channels are told of their own accord."""

from __future__ import annotations

from typing import assert_never

from bot.digest_plan import DIGEST, Plan, read_plan
from bot.errors import UnreachablePlaceError, UsageError
from bot.intake import Asker
from bot.messages import notify as said
from bot.messages.private import cannot_enter
from bot.slack.desk import Desk
from bot.slack.subcommand import Done, Subcommand
from bot.wish import SetDigest, SetLevel, Show, read_wish
from storage.job import Json
from storage.notice import NOTIFY, Level, channel_scope, channels_of


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
        case SetLevel(channel=channel, level=level):
            place = channel or asker.channel
            await _check(place, asker, desk, wanted=level is not None)
            await desk.settings.set(channel_scope(asker.team, place), NOTIFY, level)
            return Done(reply=said.level_set(place, level))
        case SetDigest(channel=channel, every=every, at=at):
            place = channel or asker.channel
            await _check(place, asker, desk, wanted=every is not None)
            zone = (await desk.directory.person(asker.user)).zone
            plan = Plan(every=every, at=at, zone=zone, since=desk.now()) if every else None
            value = plan.to_json() if plan else None
            await desk.settings.set(channel_scope(asker.team, place), DIGEST, value)
            return Done(reply=said.digest_set(place, plan))
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


async def _check(channel: str, asker: Asker, desk: Desk, *, wanted: bool) -> None:
    """Raise `UsageError` unless they may decide for the channel and the bot can speak there."""
    try:
        if not await _decides(channel, asker, desk):
            raise UsageError(said.not_a_member(channel))
        if wanted and not await _is_open(channel, asker, desk):
            await desk.chat.join(channel)
    except UnreachablePlaceError as error:
        raise UsageError(cannot_enter(channel)) from error


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
)
