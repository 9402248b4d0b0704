"""Simulates clicks, choices and submitted forms, and applies the bot's acknowledgement to them."""

from collections.abc import Mapping

from pydantic import BaseModel, ValidationError

from sandbox.slack.blocks import checked_view
from sandbox.slack.delivery import Delivery, DeliveryKind, Dispatcher
from sandbox.slack.entities import Payload, RefusalError, StoredMessage
from sandbox.slack.forms import (
    Values,
    element_state,
    find_element,
    pressed_button,
    state_of,
    validation_errors,
)
from sandbox.slack.payloads import (
    channel_in_payload,
    message_json,
    person_in_payload,
    team_in_payload,
    view_json,
)
from sandbox.slack.views import View
from sandbox.slack.world import World

NO_VALUES: Values = {}

NOT_ACKNOWLEDGED = "We had some trouble connecting. Try again?"
"""The error that Slack shows for a form or a button that was not acknowledged."""


class _FormAnswer(BaseModel):
    response_action: str = ""
    errors: dict[str, str] = {}
    view: Payload = {}


class Clicks:
    """Actions of people on blocks and views.

    Each method returns the delivery to the bot, with its acknowledgement and the error shown.
    """

    def __init__(self, world: World, dispatcher: Dispatcher) -> None:
        self.world = world
        self.dispatcher = dispatcher
        self.errors_shown: dict[str, str] = {}
        """By user ID, the error that a person sees until their next action."""

    async def click(
        self,
        user: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: object = None,
    ) -> Delivery:
        """Press a button in a message, or choose `value` in a select there."""
        message = self.world.workspace.locate(ts)
        block_id, element = find_element(message.blocks, action_id, block_id)
        payload = self._interaction("block_actions", user)
        payload |= self._message_parts(user, message)
        payload["state"] = {"values": state_of(self.world, message.blocks, NO_VALUES)}
        payload["actions"] = [self._action(block_id, element, value)]
        return await self._interact(user, payload)

    async def view_action(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: object = None,
        values: Values = NO_VALUES,
    ) -> Delivery:
        """Press a button in a form or in the Home tab, or choose `value` in a field there."""
        view = self._view_of(user, view_id)
        block_id, element = find_element(view.data["blocks"], action_id, block_id)
        if value is not None:
            values = _with(values, block_id, action_id, value)
        state = state_of(self.world, view.data["blocks"], values)
        payload = self._interaction("block_actions", user)
        payload["container"] = {"type": "view", "view_id": view.id}
        payload["view"] = view_json(self.world, view, state)
        payload["actions"] = [self._action(block_id, element, value)]
        return await self._interact(user, payload)

    async def submit_view(self, user: str, view_id: str, values: Values = NO_VALUES) -> Delivery:
        """Submit a form.

        Errors that Slack itself finds are shown at the fields, and the form is not sent to the bot:
        the delivery then has no acknowledgement.
        """
        view = self._view_of(user, view_id)
        state = state_of(self.world, view.data["blocks"], values)
        payload = self._interaction("view_submission", user)
        payload |= {"view": view_json(self.world, view, state), "response_urls": []}
        errors = validation_errors(view.data["blocks"], state)
        if errors:
            self.world.views.show_errors(view, errors)
            return Delivery(kind=DeliveryKind.INTERACTION, payload=payload)
        delivery = await self._interact(user, payload)
        if delivery.error is None:
            self._apply_ack(view, delivery)
        return delivery

    async def close_view(self, user: str, view_id: str) -> Delivery | None:
        """Close a form; the bot is notified if the form has `notify_on_close`."""
        view = self._view_of(user, view_id)
        self.world.views.close(view)
        if not view.data.get("notify_on_close"):
            return None
        payload = self._interaction("view_closed", user)
        payload |= {"view": view_json(self.world, view), "is_cleared": False}
        return await self._interact(user, payload)

    def _interaction(self, kind: str, user: str) -> Payload:
        self.errors_shown.pop(user, None)
        return {
            "type": kind,
            "token": "unused",
            "api_app_id": self.world.app_id,
            "team": team_in_payload(self.world.workspace.users[user]),
            "user": person_in_payload(self.world.workspace.users[user]),
            "trigger_id": self.world.views.new_trigger(user),
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _message_parts(self, user: str, message: StoredMessage) -> Payload:
        channel = self.world.workspace.channels[message.channel]
        container: Payload = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.ephemeral_for is not None,
        }
        if message.thread_ts is not None:
            container["thread_ts"] = message.thread_ts
        return {
            "container": container,
            "channel": channel_in_payload(channel),
            "message": message_json(self.world, message, with_metadata=True),
            "response_url": self.world.new_response_url(
                message.channel, user, thread_ts=message.thread_ts, source_ts=message.ts
            ),
        }

    def _action(self, block_id: str, element: Payload, value: object) -> Payload:
        action: Payload = {
            "type": element["type"],
            "action_id": element.get("action_id"),
            "block_id": block_id,
            "action_ts": self.world.workspace.new_ts(),
        }
        if element["type"] == "button":
            shown = {"text": element.get("text"), "value": element.get("value")}
            return action | {name: part for name, part in shown.items() if part is not None}
        if element["type"] == "feedback_buttons":
            return action | pressed_button(element, value)
        return action | element_state(self.world, element, value)

    async def _interact(self, user: str, payload: Payload) -> Delivery:
        delivery = await self.dispatcher.deliver(DeliveryKind.INTERACTION, payload)
        if delivery.ack.problem is not None:
            self._show_error(delivery, user, NOT_ACKNOWLEDGED)
        return delivery

    def _show_error(self, delivery: Delivery, user: str, sentence: str) -> None:
        delivery.error = sentence
        self.errors_shown[user] = sentence
        self.world.workspace.touch()

    def _apply_ack(self, view: View, delivery: Delivery) -> None:
        """Apply the acknowledgement to the form that was submitted."""
        try:
            answer = _FormAnswer.model_validate(delivery.ack.body or {})
            self._apply_response_action(view, answer)
        except (ValidationError, RefusalError):
            self._show_error(delivery, view.user, NOT_ACKNOWLEDGED)

    def _apply_response_action(self, view: View, answer: _FormAnswer) -> None:
        views = self.world.views
        match answer.response_action:
            case "errors":
                views.show_errors(view, answer.errors)
            case "update":
                views.update(view.id, checked_view(answer.view), None)
            case "push":
                views.stack(view.user, checked_view(answer.view))
            case "clear":
                views.close(view, all_of_them=True)
            case _:
                views.close(view)

    def _view_of(self, user: str, view_id: str) -> View:
        view = self.world.views.find(view_id)
        if view.user != user:
            raise RefusalError("not_found")
        return view


def _with(values: Values, block_id: str, action_id: str, value: object) -> Values:
    block: Mapping[str, object] = {**values.get(block_id, {}), action_id: value}
    return {**values, block_id: block}
