"""What people do with the bot's buttons, fields and forms, and what Slack makes of the answer."""

from collections.abc import Mapping

from pydantic import BaseModel, ValidationError

from sandbox.slack.blocks import checked_view
from sandbox.slack.delivery import Courier, Delivery, DeliveryKind
from sandbox.slack.entities import Payload, RefusalError, Said
from sandbox.slack.forms import Values, complaints, entered, find_element, state_of
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
"""What Slack says in red about a form or a button that was not acknowledged."""


class _FormAnswer(BaseModel):
    response_action: str = ""
    errors: dict[str, str] = {}
    view: Payload = {}


class Clicks:
    """A person's hands on blocks. Each method returns what was delivered and what came of it."""

    def __init__(self, world: World, courier: Courier) -> None:
        self.world = world
        self.courier = courier
        self.red: dict[str, str] = {}
        """What each person was last shown in red."""

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
        said = self.world.workspace.locate(ts)
        block_id, element = find_element(said.blocks, action_id, block_id)
        payload = self._interaction("block_actions", user)
        payload |= self._message_parts(user, said)
        payload["state"] = {"values": state_of(self.world, said.blocks, NO_VALUES)}
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
        """Send a form. What Slack itself finds wrong is shown at the field.

        A delivery without an acknowledgement was not sent to the bot for that reason.
        """
        view = self._view_of(user, view_id)
        state = state_of(self.world, view.data["blocks"], values)
        payload = self._interaction("view_submission", user)
        payload |= {"view": view_json(self.world, view, state), "response_urls": []}
        wrong = complaints(view.data["blocks"], state)
        if wrong:
            self.world.views.show_errors(view, wrong)
            return Delivery(kind=DeliveryKind.INTERACTION, payload=payload)
        delivery = await self._interact(user, payload)
        if delivery.error is None:
            self._act_on(view, delivery)
        return delivery

    async def close_view(self, user: str, view_id: str) -> Delivery | None:
        """Close a form; the bot hears of it if the form says so."""
        view = self._view_of(user, view_id)
        self.world.views.close(view)
        if not view.data.get("notify_on_close"):
            return None
        payload = self._interaction("view_closed", user)
        payload |= {"view": view_json(self.world, view), "is_cleared": False}
        return await self._interact(user, payload)

    def _interaction(self, kind: str, user: str) -> Payload:
        self.red.pop(user, None)
        return {
            "type": kind,
            "token": "unused",
            "api_app_id": self.world.app_id,
            "team": team_in_payload(),
            "user": person_in_payload(self.world.workspace.users[user]),
            "trigger_id": self.world.views.new_trigger(user),
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _message_parts(self, user: str, said: Said) -> Payload:
        channel = self.world.workspace.channels[said.channel]
        container: Payload = {
            "type": "message",
            "message_ts": said.ts,
            "channel_id": said.channel,
            "is_ephemeral": said.ephemeral_for is not None,
        }
        if said.thread_ts is not None:
            container["thread_ts"] = said.thread_ts
        return {
            "container": container,
            "channel": channel_in_payload(channel),
            "message": message_json(self.world, said, with_metadata=True),
            "response_url": self.world.new_answer_url(
                said.channel, user, thread_ts=said.thread_ts, source_ts=said.ts
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
        return action | entered(self.world, element, value)

    async def _interact(self, user: str, payload: Payload) -> Delivery:
        delivery = await self.courier.deliver(DeliveryKind.INTERACTION, payload)
        if delivery.ack.problem is not None:
            self._show_red(delivery, user, NOT_ACKNOWLEDGED)
        return delivery

    def _show_red(self, delivery: Delivery, user: str, sentence: str) -> None:
        delivery.error = sentence
        self.red[user] = sentence
        self.world.workspace.touch()

    def _act_on(self, view: View, delivery: Delivery) -> None:
        """Do to the form what the acknowledgement asks."""
        try:
            answer = _FormAnswer.model_validate(delivery.ack.body or {})
            self._answer_form(view, answer)
        except (ValidationError, RefusalError):
            self._show_red(delivery, view.user, NOT_ACKNOWLEDGED)

    def _answer_form(self, view: View, answer: _FormAnswer) -> None:
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
