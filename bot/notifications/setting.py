"""Change a setting of a channel, and tell the channel who changed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, JsonValue, ValidationError

from bot.base.errors import UnreachablePlaceError
from bot.base.traces import current_traceparent
from bot.jobs.accept import Interaction
from bot.jobs.projects import REQUIRE_PROJECT
from bot.jobs.services import Services
from bot.jobs.submit_delay import SUBMIT_DELAY
from bot.messages import subscriptions
from bot.notifications.place import MESSAGE_SLOT, place_of
from bot.notifications.schedule import DIGEST, read_schedule
from bot.options.defaults import as_flags
from bot.worker.context import Claim
from bot.worker.outbox import post_once
from bot.worker.result import Done, Park, Result
from storage.job import Json, is_direct
from storage.notification import (
    NOTIFY,
    Level,
    Notification,
    NotificationKind,
    channel_scope,
    notification_id,
)

UNREADABLE = "This change cannot be read."


class SettingChange(BaseModel, frozen=True, defer_build=True):
    """A change of one setting of a channel, as a notification's `detail` holds it."""

    name: Literal["defaults", "notify", "digest", "submit_delay", "require_project"]
    """The setting's name."""
    by: str
    """The ID of the user who made it."""
    before: JsonValue
    after: JsonValue
    is_undo: bool = False
    """Whether it takes an earlier change back."""

    @classmethod
    def of(cls, row: Notification) -> SettingChange | None:
        """Return the change that a notification is about, or `None` if it holds none."""
        try:
            return cls.model_validate_json(row.detail)
        except ValidationError:
            return None


async def change_setting(
    name: str,
    value: Json,
    channel: str,
    interaction: Interaction,
    services: Services,
    *,
    is_undo: bool = False,
) -> None:
    """Store a setting of a channel; the channel is told in the same commit.

    Committed when it returns. Idempotent by `interaction.dedup_key`. A value that is set already is
    not told again. Raises `StoreError`.
    """
    settings, scope = services.store.settings, channel_scope(interaction.team, channel)
    before = await settings.get(scope, name)
    if is_same(before, value):
        return
    change = SettingChange.model_validate(
        {
            "name": name,
            "by": interaction.user,
            "before": before,
            "after": value,
            "is_undo": is_undo,
        }
    )
    now = services.now()
    row = Notification(
        id=change_id(name, channel, interaction),
        team=interaction.team,
        channel=channel,
        kind=NotificationKind.SETTING_CHANGED,
        happened_at=now,
        traceparent=current_traceparent(),
        detail=change.model_dump_json(),
        due_at=now,
    )
    # What is set in a direct conversation concerns one user, who did it.
    await settings.set(scope, name, value, told=None if is_direct(channel) else row)
    services.wake()


def change_id(name: str, channel: str, interaction: Interaction) -> str:
    """Return the ID of the notification of a change: the same for a repeated delivery."""
    about = f"{name}:{interaction.dedup_key}"
    return notification_id(NotificationKind.SETTING_CHANGED, channel, about)


def is_same(one: Json, other: Json) -> bool:
    """Return whether two values of a setting mean the same, whenever a digest was set."""
    return _meaning(one) == _meaning(other)


def _meaning(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: part for key, part in value.items() if key != "since"}
    return value


async def tell_setting(claim: Claim[Notification]) -> Result[Notification]:
    """Post who changed the setting, with a button to undo it. As safe to repeat as `post_once`."""
    row, services = claim.row, claim.services
    change = SettingChange.of(row)
    if change is None:
        return Park(row=row, problem=UNREADABLE)
    who = (await services.directory.person(change.by)).name
    message = subscriptions.setting_changed(
        who, await _words(change, row.team, services), row.id, is_undo=change.is_undo
    )
    try:
        posted = await post_once(claim, MESSAGE_SLOT, await place_of(claim), message)
    except UnreachablePlaceError as error:
        # The setting holds all the same; whoever made it had an answer.
        return Done(row=replace(claim.row, problem=str(error)))
    return Done(row=replace(claim.row, delivery=replace(claim.row.delivery, ts=posted.ts)))


async def _words(change: SettingChange, team: str, services: Services) -> str:
    after = change.after
    if change.name == NOTIFY:
        level = Level(after) if after in set(Level) else None
        return subscriptions.level_line("this channel", level)
    if change.name == DIGEST:
        rules = await services.store.budgets.rules(team, services.now())
        return subscriptions.digest_line(
            "this channel",
            read_schedule(after),
            first_weekday=rules.policy.calendar.first_weekday,
        )
    if change.name == SUBMIT_DELAY:
        return subscriptions.delay_line(after if isinstance(after, int | float) else None)
    if change.name == REQUIRE_PROJECT:
        return subscriptions.requirement_line(is_on=after is True)
    flags = as_flags(services.catalog, after if isinstance(after, dict) else {})
    return subscriptions.defaults_line(flags)
