"""What people do in the simulated Slack: type, edit, press shortcuts, open the Home tab."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from sandbox.slack.clicks import Clicks
from sandbox.slack.delivery import Courier, Delivery, DeliveryKind
from sandbox.slack.entities import (
    BOT,
    TEAM,
    TEAM_NAME,
    Channel,
    Kind,
    Payload,
    RefusalError,
    Said,
)
from sandbox.slack.hooks import Answer, show_answer
from sandbox.slack.payloads import channel_in_payload, message_json, view_json
from sandbox.slack.world import AnswerUrl, World

_CHANNEL_TYPES = {Kind.PUBLIC: "channel", Kind.PRIVATE: "group", Kind.DIRECT: "im"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A person's message, and the events that told the bot of it."""

    said: Said
    deliveries: tuple[Delivery, ...]


class People(Clicks):
    """Everything a person can do. Texts are as Slack delivers them: `<@U0BEN>`, `&amp;`.

    A bot hears of messages only where it is a member, and of its own as well unless `echo` is
    off.
    """

    def __init__(self, world: World, courier: Courier, *, echo: bool = True) -> None:
        super().__init__(world, courier)
        if echo:
            world.workspace.listeners.append(self._tell_of_own)

    async def command(
        self, user: str, channel: str, text: str, *, command: str | None = None
    ) -> Delivery:
        """Type a slash command, the app's own unless another is named; `text` is what follows it.

        Not possible inside a thread.
        """
        command = command or self.world.app.command
        place = self._place(user, channel)
        known = AnswerUrl(channel=channel, user=user, issued_at=self.world.workspace.now())
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
            "response_url": self.world.new_answer_url(channel, user),
            "trigger_id": self.world.views.new_trigger(user),
        }
        self.red.pop(user, None)
        delivery = await self.courier.deliver(DeliveryKind.COMMAND, payload)
        if delivery.ack.problem is None:
            self._show(delivery, known)
        else:
            problem = delivery.ack.problem
            self._show_red(delivery, user, f'{command} failed with the error "{problem}"')
        return delivery

    async def message(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Sequence[str] = (),
    ) -> Typed:
        """Write a message; one that mentions the bot is told as two events at once."""
        place = self._place(user, channel)
        self.red.pop(user, None)
        said = self.world.workspace.say(
            channel, user, text, thread_ts=thread_ts, files=tuple(files)
        )
        for file_id in files:
            self.world.files.file(file_id).shares.setdefault(channel, []).append(said.ts)
        if BOT not in place.members:
            return Typed(said=said, deliveries=())
        told = [self._event_of(said)]
        if f"<@{BOT}" in text and place.kind is not Kind.DIRECT:
            told.append({**self._event_of(said), "type": "app_mention"})
        deliver = self.courier.deliver
        deliveries = await asyncio.gather(
            *(deliver(DeliveryKind.EVENT, self.courier.wrap(event)) for event in told)
        )
        return Typed(said=said, deliveries=tuple(deliveries))

    async def edit(self, said: Said, text: str) -> Delivery:
        """Change one's own message."""
        before = message_json(self.world, said)
        self.world.workspace.edit(said, text, None)
        return await self._changed(said, "message_changed", before)

    async def delete(self, said: Said) -> Delivery:
        """Delete one's own message."""
        before = message_json(self.world, said)
        self.world.workspace.delete(said)
        return await self._changed(said, "message_deleted", before)

    async def shortcut(self, user: str, callback_id: str) -> Delivery:
        """Choose a global shortcut."""
        payload = self._interaction("shortcut", user)
        payload |= {"callback_id": callback_id, "action_ts": self.world.workspace.new_ts()}
        return await self._interact(user, payload)

    async def message_shortcut(self, user: str, ts: str, callback_id: str) -> Delivery:
        """Choose a shortcut in a message's menu."""
        said = self.world.workspace.locate(ts)
        payload = self._interaction("message_action", user)
        payload |= {
            "callback_id": callback_id,
            "action_ts": self.world.workspace.new_ts(),
            "message_ts": said.ts,
            "channel": channel_in_payload(self.world.workspace.channels[said.channel]),
            "message": message_json(self.world, said),
            "response_url": self.world.new_answer_url(said.channel, user, thread_ts=said.thread_ts),
        }
        return await self._interact(user, payload)

    async def open_home(self, user: str) -> Delivery:
        """Open the bot's Home tab."""
        self.red.pop(user, None)
        event: Payload = {
            "type": "app_home_opened",
            "user": user,
            "channel": self.world.workspace.direct(user).id,
            "tab": "home",
            "event_ts": self.world.workspace.new_ts(),
        }
        if user in self.world.views.homes:
            event["view"] = view_json(self.world, self.world.views.homes[user])
        return await self.courier.deliver(DeliveryKind.EVENT, self.courier.wrap(event))

    def _place(self, user: str, channel_id: str) -> Channel:
        channel = self.world.workspace.channels.get(channel_id)
        if channel is None or user not in channel.members:
            raise RefusalError("channel_not_found")
        return channel

    def _show(self, delivery: Delivery, known: AnswerUrl) -> None:
        """Show what came with a command's acknowledgement: nothing, a text, or a message."""
        body = delivery.ack.body
        if not body:
            return
        try:
            answer = Answer(text=body) if isinstance(body, str) else Answer.model_validate(body)
            delivery.shown = show_answer(self.world, known, answer)
        except (ValidationError, RefusalError):
            self._show_red(
                delivery, known.user, f"{self.world.app.command} failed: its answer makes no sense"
            )

    def _event_of(self, said: Said) -> Payload:
        kind = self.world.workspace.channels[said.channel].kind
        event: Payload = {
            **message_json(self.world, said),
            "channel": said.channel,
            "channel_type": _CHANNEL_TYPES[kind],
            "event_ts": said.ts,
        }
        if said.user != BOT:
            event["client_msg_id"] = f"client-{said.ts}"
        return event | {"subtype": "file_share"} if said.files else event

    async def _changed(self, said: Said, subtype: str, before: Payload) -> Delivery:
        event = self._change_event(said, subtype, before)
        return await self.courier.deliver(DeliveryKind.EVENT, self.courier.wrap(event))

    def _change_event(self, said: Said, subtype: str, before: Payload) -> Payload:
        stamp = self.world.workspace.new_ts()
        kind = self.world.workspace.channels[said.channel].kind
        event: Payload = {
            "type": "message",
            "subtype": subtype,
            "channel": said.channel,
            "channel_type": _CHANNEL_TYPES[kind],
            "previous_message": before,
            "hidden": True,
            "ts": stamp,
            "event_ts": stamp,
        }
        if subtype == "message_deleted":
            return event | {"deleted_ts": said.ts}
        return event | {"message": message_json(self.world, said)}

    def _tell_of_own(self, what: str, said: Said) -> None:
        """Slack tells a bot of its own messages too, which it must leave alone."""
        if said.user != BOT or BOT not in self.world.workspace.channels[said.channel].members:
            return
        match what:
            case "posted":
                self.courier.deliver_later(self._event_of(said))
            case "edited":
                before = message_json(self.world, said)
                self.courier.deliver_later(self._change_event(said, "message_changed", before))
