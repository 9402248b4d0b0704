"""`/video notify …`: which notifications and digests a channel gets."""

from __future__ import annotations

from functools import partial
from typing import assert_never

from bot.base.errors import UnreachablePlaceError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import subscriptions
from bot.messages.subscriptions import SubscribedChannel
from bot.notifications.schedule import DIGEST, Schedule, read_schedule
from bot.notifications.setting import change_setting
from bot.notifications.subscription import SetDigest, SetLevel, Show, read_subscription
from bot.options.catalog import Catalog
from storage.job import Json, is_direct
from storage.notification import NOTIFY, Level, channels_of


def _bind(text: str, _: Catalog) -> Handler | None:
    subscription = read_subscription(text)
    match subscription:
        case None:
            return None
        case Show():
            return _show
        case SetLevel() | SetDigest():
            return partial(_change, subscription)
        case _:
            assert_never(subscription)


async def _show(interaction: Interaction, services: Services) -> Message:
    scopes = channels_of(interaction.team)
    levels = await services.store.settings.within(scopes, NOTIFY)
    schedules = await services.store.settings.within(scopes, DIGEST)
    return subscriptions.subscribed(
        [
            SubscribedChannel(
                channel=scope.removeprefix(scopes),
                level=_level(levels.get(scope)),
                schedule=read_schedule(schedules.get(scope)),
            )
            for scope in sorted({*levels, *schedules})
        ],
        interaction.channel,
        first_weekday=await _first_weekday(interaction.team, services),
    )


async def _first_weekday(team: str, services: Services) -> int:
    return (await services.store.budgets.rules(team, services.now())).policy.calendar.first_weekday


async def _change(
    subscription: SetLevel | SetDigest, interaction: Interaction, services: Services
) -> Message:
    """Set a channel's notifications or digest; committed when it returns. Idempotent.

    The channel is told of it.
    """
    channel = subscription.channel or interaction.channel
    refusal = await _refusal(channel, interaction, services, ends=subscription.is_end)
    if refusal is not None:
        return refusal
    match subscription:
        case SetLevel(level=level):
            await change_setting(NOTIFY, level, channel, interaction, services)
            return subscriptions.level_set(channel, level)
        case SetDigest(every=every, at=at):
            zone = (await services.directory.person(interaction.user)).zone
            now = services.now()
            schedule = Schedule(every=every, at=at, zone=zone, since=now) if every else None
            stored = schedule.to_json() if schedule else None
            await change_setting(DIGEST, stored, channel, interaction, services)
            first = await _first_weekday(interaction.team, services)
            return subscriptions.digest_set(channel, schedule, first_weekday=first)
        case _:
            assert_never(subscription)


def _level(setting: Json) -> Level | None:
    return Level(setting) if isinstance(setting, str) and setting in set(Level) else None


async def _refusal(
    channel: str, interaction: Interaction, services: Services, *, ends: bool
) -> Message | None:
    """Return why the change is refused: the user may not make it, or the bot cannot post there."""
    try:
        if not await _may_decide(channel, interaction, services):
            return subscriptions.not_a_member(channel)
        # A subscription can be ended although the bot cannot post in the channel.
        if not ends and not await _can_post(channel, interaction, services):
            await services.chat.join(channel)
    except UnreachablePlaceError:
        return subscriptions.not_let_in(channel)
    return None


async def _may_decide(channel: str, interaction: Interaction, services: Services) -> bool:
    """Tell whether the user is an admin, a member of the channel, or typed the command in it."""
    if channel == interaction.channel or services.is_admin(interaction.user):
        return True
    return await services.directory.is_member(channel, interaction.user)


async def _can_post(channel: str, interaction: Interaction, services: Services) -> bool:
    """Tell whether the bot is in the channel, or the channel is its direct message to the user."""
    if (await services.directory.conversation(channel)).has_bot:
        return True
    return is_direct(channel) and channel == await services.chat.open_direct(interaction.user)


NOTIFICATIONS = Subcommand(
    usage="notify [#channel|here] [all|failures|off|digest daily|weekly [at 09:00]]",
    about="shows or sets what a channel is told: finished videos, failures, troubles, digests",
    bind=_bind,
    most=None,
    openings=("here",),
    is_of_the_team=True,
)
