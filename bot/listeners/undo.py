"""Bolt listener for *Undo* under the message about a changed setting."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.access import require_member
from bot.jobs.services import Services
from bot.listeners.context import answer_click
from bot.listeners.payloads import ButtonPayload
from bot.messages import subscriptions
from bot.notifications.setting import SettingChange, change_id, change_setting, is_same
from storage.notification import channel_scope


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the button."""

    async def undo_clicked(ack: AsyncAck, body: dict[str, object]) -> None:
        await undo(ButtonPayload.read(body), services)
        await ack()

    app.action(subscriptions.UNDO)(undo_clicked)


async def undo(payload: ButtonPayload, services: Services) -> None:
    """Take the change back, unless another one came since; the channel is told as of any change.

    Committed when it returns. Idempotent by the dedup key of the interaction.
    """

    async def handle(interaction: Interaction, services: Services) -> Message | None:
        await require_member(interaction, services)
        row = await services.store.outbox.find(payload.action.value)
        change = SettingChange.of(row) if row is not None else None
        if row is None or change is None or row.team != interaction.team:
            return subscriptions.change_gone()
        if interaction.channel != row.channel:
            return subscriptions.not_a_member(row.channel)
        scope = channel_scope(row.team, row.channel)
        undone_id = change_id(change.name, row.channel, interaction)
        if await services.store.outbox.find(undone_id) is not None:
            return None
        if not is_same(await services.store.settings.get(scope, change.name), change.after):
            return subscriptions.changed_since()
        await change_setting(
            change.name, change.before, row.channel, interaction, services, is_undo=True
        )
        return None

    await answer_click(payload, handle, payload.interaction(), services)
