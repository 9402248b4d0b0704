"""Delivers events, commands and interactions to the bot, by signed requests or by websocket."""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from sandbox.slack.entities import TEAM, Payload, StoredMessage
from sandbox.slack.payloads import as_form
from sandbox.slack.sockets import SocketHub
from sandbox.slack.world import World

ACK_SECONDS = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response"""

RETRY_PAUSES = (0.0, 60.0, 300.0)
"""Seconds before each retry of an event. https://docs.slack.dev/apis/events-api#retries"""

OK = 200


class DeliveryKind(StrEnum):
    """The three kinds of request that a bot gets, by their names in Socket Mode."""

    EVENT = "events_api"
    COMMAND = "slash_commands"
    INTERACTION = "interactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """An acknowledgement: HTTP status (200 for one by websocket), body, and problem, if any."""

    status: int
    body: object = None
    problem: str | None = None
    """`operation_timeout` or `dispatch_failed`, as Slack shows it; `None`: it was acknowledged."""


@dataclass(slots=True, kw_only=True)
class Delivery:
    """A payload sent to the bot; `shown` is the message that came with its acknowledgement."""

    kind: DeliveryKind
    payload: Payload
    acks: list[Ack] = field(default_factory=list)
    shown: StoredMessage | None = None
    error: str | None = None
    """The error that the person was shown."""

    @property
    def ack(self) -> Ack:
        """The first acknowledgement."""
        return self.acks[0]


class Dispatcher:
    """Delivers to `events_url` if that is set, else to an open socket.

    `ack_seconds` bounds each acknowledgement; `retry_pauses` come before each retry of an event.
    """

    def __init__(
        self,
        world: World,
        hub: SocketHub,
        *,
        ack_seconds: float = ACK_SECONDS,
        retry_pauses: Sequence[float] = RETRY_PAUSES,
    ) -> None:
        self.events_url: str | None = None
        self.ack_seconds = ack_seconds
        self._world = world
        self._hub = hub
        self._retry_pauses = tuple(retry_pauses)
        self._session: aiohttp.ClientSession | None = None
        self._retrying: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Open the HTTP session."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """Cancel deliveries in the background and close the HTTP session."""
        for task in self._retrying:
            task.cancel()
        await asyncio.gather(*self._retrying, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def settled(self) -> None:
        """Wait until no delivery in the background is left."""
        while self._retrying:
            await asyncio.gather(*self._retrying)

    async def deliver(self, kind: DeliveryKind, payload: Payload) -> Delivery:
        """Deliver once. An event that is not acknowledged is retried in the background."""
        delivery = Delivery(kind=kind, payload=payload)
        delivery.acks.append(await self._attempt(delivery, 0, ""))
        if kind is DeliveryKind.EVENT and delivery.ack.problem is not None:
            self._in_background(self._retry(delivery))
        return delivery

    def deliver_later(self, event: Payload) -> None:
        """Deliver an event in the background."""
        self._in_background(self._deliver_event(event))

    async def deliver_again(self, delivery: Delivery, *, same_id: bool = True) -> Ack:
        """Deliver once more, as Slack does at times even after an acknowledgement."""
        if not same_id:
            delivery.payload = {**delivery.payload, "event_id": self._world.workspace.new_id("Ev")}
        ack = await self._attempt(delivery, len(delivery.acks), "timeout")
        delivery.acks.append(ack)
        return ack

    def wrap(self, event: Payload, team: str = TEAM) -> Payload:
        """Return an event in an envelope of the Events API.

        In a shared channel, the `team` of the envelope can be the other workspace.
        """
        workspace = self._world.workspace
        return {
            "token": "unused",
            "team_id": team,
            "context_team_id": TEAM,
            "api_app_id": self._world.app_id,
            "type": "event_callback",
            "event_id": workspace.new_id("Ev"),
            "event_time": int(workspace.now()),
            "authorizations": [{"team_id": TEAM, "is_bot": True}],
            "event": event,
        }

    async def _deliver_event(self, event: Payload) -> None:
        await self.deliver(DeliveryKind.EVENT, self.wrap(event))

    async def _retry(self, delivery: Delivery) -> None:
        for number, pause in enumerate(self._retry_pauses, start=1):
            await asyncio.sleep(pause)
            problem = delivery.acks[-1].problem
            reason = "timeout" if problem == "operation_timeout" else "http_error"
            delivery.acks.append(await self._attempt(delivery, number, reason))
            if delivery.acks[-1].problem is None:
                return

    async def _attempt(self, delivery: Delivery, number: int, reason: str) -> Ack:
        try:
            async with asyncio.timeout(self.ack_seconds):
                if self.events_url is None:
                    return await self._by_socket(delivery, number, reason)
                return await self._by_http(self.events_url, delivery, number, reason)
        except TimeoutError:
            return Ack(status=0, problem="operation_timeout")
        except (aiohttp.ClientError, ConnectionError):
            return Ack(status=0, problem="dispatch_failed")

    async def _by_socket(self, delivery: Delivery, number: int, reason: str) -> Ack:
        envelope: Payload = {
            "envelope_id": self._world.workspace.new_id("E"),
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind is not DeliveryKind.EVENT,
        }
        if delivery.kind is DeliveryKind.EVENT:
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        return Ack(status=OK, body=(await self._hub.send(envelope)).get("payload"))

    async def _by_http(self, url: str, delivery: Delivery, number: int, reason: str) -> Ack:
        if self._session is None:
            raise RuntimeError("open the dispatcher first")
        body, content_type = _encoded(delivery)
        headers = {"Content-Type": content_type, **self._signature(body)}
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        async with self._session.post(url, data=body, headers=headers) as answer:
            text = await answer.text()
            problem = None if answer.status == OK else "dispatch_failed"
            parsed = json.loads(text) if answer.content_type == "application/json" else text
            return Ack(status=answer.status, body=parsed or None, problem=problem)

    def _signature(self, body: bytes) -> dict[str, str]:
        # https://docs.slack.dev/authentication/verifying-requests-from-slack
        timestamp = str(int(self._world.workspace.now()))
        signer = SignatureVerifier(self._world.credentials.signing_secret)
        signature = signer.generate_signature(timestamp=timestamp, body=body)
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature or ""}

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._retrying.add(task)
        task.add_done_callback(self._retrying.discard)


def _encoded(delivery: Delivery) -> tuple[bytes, str]:
    if delivery.kind is DeliveryKind.EVENT:
        return json.dumps(delivery.payload).encode(), "application/json"
    fields = {key: str(value) for key, value in delivery.payload.items()}
    if delivery.kind is DeliveryKind.INTERACTION:
        fields = as_form(delivery.payload)
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"
