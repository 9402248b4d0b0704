"""What people do in the simulated Slack: type, edit, use shortcuts, open the Home tab."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from sandbox.slack.clicks import Clicks
from sandbox.slack.delivery import Delivery, DeliveryKind, Dispatcher
from sandbox.slack.entities import (
    BOT,
    TEAM,
    TEAM_NAME,
    Channel,
    Kind,
    Payload,
    RefusalError,
    StoredMessage,
)
from sandbox.slack.payloads import channel_in_payload, message_json, view_json
from sandbox.slack.response_urls import MessageResponse, apply_response
from sandbox.slack.world import ResponseUrl, World

_CHANNEL_TYPES = {Kind.PUBLIC: "channel", Kind.PRIVATE: "group", Kind.DIRECT: "im"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A person's message, and the events about it that were delivered to the bot."""

    message: StoredMessage
    deliveries: tuple[Delivery, ...]


class People(Clicks):
    """All actions of people. Texts are as Slack delivers them: `<@U0BEN>`, `&amp;`.

    The bot gets events about messages only in channels where it is a member, and about its own
    messages too unless `echo` is off.
    """

    def __init__(self, world: World, dispatcher: Dispatcher, *, echo: bool = True) -> None:
        super().__init__(world, dispatcher)
        if echo:
            world.workspace.listeners.append(self._deliver_own_message)

    async def command(
        self, user: str, channel: str, text: str, *, command: str | None = None
    ) -> Delivery:
        """Type a slash command, the app's own unless another is named; `text` is what follows it.

        Slack has no slash commands inside threads.
        """
        command = command or self.world.app.command
        place = self._place(user, channel)
        url = ResponseUrl(channel=channel, user=user, issued_at=self.world.workspace.now())
        named = channel_in_payload(place)
        payload: Payload = {
            "token": "unused",
            "team_id": TEAM,
            "team_domain": TEAM_NAME,
            "channel_id": place.id,
            "channel_name": named["name"],
            "user_id": user,
            "user_name": self.world.workspace.users[user].name,
            "command": command,
            "text": text,
            "api_app_id": self.world.app_id,
            "is_enterprise_install": "false",
            "response_url": self.world.new_response_url(channel, user),
            "trigger_id": self.world.views.new_trigger(user),
        }
        self.errors_shown.pop(user, None)
        delivery = await self.dispatcher.deliver(DeliveryKind.COMMAND, payload)
        if delivery.ack.problem is None:
            self._show_ack(delivery, url)
        else:
            problem = delivery.ack.problem
            self._show_error(delivery, user, f'{command} failed with the error "{problem}"')
        return delivery

    async def message(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Sequence[str] = (),
    ) -> SentMessage:
        """Post a message; one that mentions the bot is delivered as two events at once.

        In a shared channel the first of them has the envelope of the other workspace.
        """
        place = self._place(user, channel)
        self.errors_shown.pop(user, None)
        message = self.world.workspace.post(
            channel, user, text, thread_ts=thread_ts, files=tuple(files)
        )
        for file_id in files:
            self.world.files.file(file_id).shares.setdefault(channel, []).append(message.ts)
        if BOT not in place.members:
            return SentMessage(message=message, deliveries=())
        events = [self._event_of(message)]
        if f"<@{BOT}" in text and place.kind is not Kind.DIRECT:
            events.append({**self._event_of(message), "type": "app_mention"})
        dispatcher = self.dispatcher
        teams = [place.shared_with or TEAM, TEAM]
        deliveries = await asyncio.gather(
            *(
                dispatcher.deliver(DeliveryKind.EVENT, dispatcher.wrap(event, team))
                for event, team in zip(events, teams, strict=False)
            )
        )
        return SentMessage(message=message, deliveries=tuple(deliveries))

    async def edit(self, message: StoredMessage, text: str) -> Delivery:
        """Edit a person's own message."""
        before = message_json(self.world, message)
        self.world.workspace.edit(message, text, None)
        return await self._changed(message, "message_changed", before)

    async def delete(self, message: StoredMessage) -> Delivery:
        """Delete a person's own message."""
        before = message_json(self.world, message)
        self.world.workspace.delete(message)
        return await self._changed(message, "message_deleted", before)

    async def shortcut(self, user: str, callback_id: str) -> Delivery:
        """Choose a global shortcut."""
        payload = self._interaction("shortcut", user)
        payload |= {"callback_id": callback_id, "action_ts": self.world.workspace.new_ts()}
        return await self._interact(user, payload)

    async def message_shortcut(self, user: str, ts: str, callback_id: str) -> Delivery:
        """Choose a shortcut in a message's menu."""
        message = self.world.workspace.locate(ts)
        payload = self._interaction("message_action", user)
        payload |= {
            "callback_id": callback_id,
            "action_ts": self.world.workspace.new_ts(),
            "message_ts": message.ts,
            "channel": channel_in_payload(self.world.workspace.channels[message.channel]),
            "message": message_json(self.world, message),
            "response_url": self.world.new_response_url(
                message.channel, user, thread_ts=message.thread_ts
            ),
        }
        return await self._interact(user, payload)

    async def open_home(self, user: str, *, tab: str = "home") -> Delivery:
        """Open the bot's Home tab, or another `tab` of it: `messages`."""
        self.errors_shown.pop(user, None)
        event: Payload = {
            "type": "app_home_opened",
            "user": user,
            "channel": self.world.workspace.direct(user).id,
            "tab": tab,
            "event_ts": self.world.workspace.new_ts(),
        }
        if tab == "home" and user in self.world.views.homes:
            event["view"] = view_json(self.world, self.world.views.homes[user])
        return await self.dispatcher.deliver(DeliveryKind.EVENT, self.dispatcher.wrap(event))

    async def invite(self, user: str, channel: str) -> Delivery:
        """Invite the bot to a channel."""
        place = self._place(user, channel)
        place.members.add(BOT)
        self.world.workspace.touch()
        event: Payload = {
            "type": "member_joined_channel",
            "user": BOT,
            "channel": place.id,
            "channel_type": "C" if place.kind is Kind.PUBLIC else "G",
            "team": TEAM,
            "inviter": user,
            "event_ts": self.world.workspace.new_ts(),
        }
        return await self.dispatcher.deliver(DeliveryKind.EVENT, self.dispatcher.wrap(event))

    def _place(self, user: str, channel_id: str) -> Channel:
        channel = self.world.workspace.channels.get(channel_id)
        if channel is None or user not in channel.members:
            raise RefusalError("channel_not_found")
        return channel

    def _show_ack(self, delivery: Delivery, url: ResponseUrl) -> None:
        """Show the message in a command's acknowledgement: none, a text, or a message as JSON."""
        body = delivery.ack.body
        if not body:
            return
        try:
            response = (
                MessageResponse(text=body)
                if isinstance(body, str)
                else MessageResponse.model_validate(body)
            )
            delivery.shown = apply_response(self.world, url, response)
        except (ValidationError, RefusalError):
            self._show_error(
                delivery, url.user, f"{self.world.app.command} failed: its answer makes no sense"
            )

    def _event_of(self, message: StoredMessage) -> Payload:
        kind = self.world.workspace.channels[message.channel].kind
        event: Payload = {
            **message_json(self.world, message),
            "channel": message.channel,
            "channel_type": _CHANNEL_TYPES[kind],
            "event_ts": message.ts,
        }
        if message.user != BOT:
            event["client_msg_id"] = f"client-{message.ts}"
        return event | {"subtype": "file_share"} if message.files else event

    async def _changed(self, message: StoredMessage, subtype: str, before: Payload) -> Delivery:
        event = self._change_event(message, subtype, before)
        return await self.dispatcher.deliver(DeliveryKind.EVENT, self.dispatcher.wrap(event))

    def _change_event(self, message: StoredMessage, subtype: str, before: Payload) -> Payload:
        stamp = self.world.workspace.new_ts()
        kind = self.world.workspace.channels[message.channel].kind
        event: Payload = {
            "type": "message",
            "subtype": subtype,
            "channel": message.channel,
            "channel_type": _CHANNEL_TYPES[kind],
            "previous_message": before,
            "hidden": True,
            "ts": stamp,
            "event_ts": stamp,
        }
        if subtype == "message_deleted":
            return event | {"deleted_ts": message.ts}
        return event | {"message": message_json(self.world, message)}

    def _deliver_own_message(self, change: str, message: StoredMessage) -> None:
        """Deliver an event about a message of the bot, as Slack does; the bot must ignore it."""
        if message.user != BOT or BOT not in self.world.workspace.channels[message.channel].members:
            return
        match change:
            case "posted":
                self.dispatcher.deliver_later(self._event_of(message))
            case "edited":
                before = message_json(self.world, message)
                self.dispatcher.deliver_later(
                    self._change_event(message, "message_changed", before)
                )
