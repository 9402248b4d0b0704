"""The listeners, called with Slack's payloads over a real store: without HTTP and MindVideo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path

from bot.base.ports import Message, Place
from bot.jobs.services import Services
from bot.listeners import messages
from bot.listeners.actions import press
from bot.listeners.context import answer
from bot.listeners.payloads import ButtonPayload, CommandPayload, MessagePayload
from bot.listeners.subcommands import router
from storage.job import Job, Json, Stage
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.inline_store import inline_session
from tests.support.services import BOT, services
from tests.support.store_samples import ACCEPTED, NOW, a_job

JOB = replace(
    a_job(),
    id="0123456789",
    input={**a_job().input, "image_urls": ["slack-file:F1"]},
    stage=Stage.RENDERING,
    message_ts="1800000000.000100",
    created_at=NOW - 3600.0,
    first_sent_at=NOW,
    chargeable_since=NOW,
)
"""The job that is in the store: it was requested an hour ago, and renders."""


@dataclass
class RecordedEphemerals:
    """The port `EphemeralMessages`, which records each message by its key."""

    messages: dict[str, Message] = field(default_factory=dict)

    def send(
        self,
        key: str,
        _place: Place | None,
        _user: str,
        message: Message,
        _response_url: str | None = None,
    ) -> None:
        """Record a message."""
        self.messages[key] = message

    def has_sent(self, key: str) -> bool:
        """Return whether a message with this key was recorded."""
        return key in self.messages


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerHarness:
    """Listeners at `NOW`, over a store with one job, and the ephemeral messages that they send."""

    services: Services
    ephemerals: RecordedEphemerals
    numbers: Iterator[int] = field(default_factory=lambda: count(100))
    """Tell apart the requests of users."""

    async def command(self, text: str, user: str = JOB.user) -> Message | None:
        """Handle `/video text`; return the ephemeral answer."""
        payload = CommandPayload.model_validate(
            {
                "team_id": "T1",
                "channel_id": "C1",
                "user_id": user,
                "trigger_id": f"1.{next(self.numbers)}",
                "text": text,
            }
        )
        handler = partial(router.respond, payload.text)
        return await answer(handler, payload.interaction(), self.services)

    async def message(self, **event: Json) -> Message | None:
        """Handle a message whose fields `event` overrides; return the ephemeral answer.

        By default the job's user mentions the bot in the job's thread.
        """
        usual: dict[str, Json] = {
            "ts": f"1800000009.000{next(self.numbers)}",
            "channel": "C1",
            "user": JOB.user,
            "text": f"<@{BOT}>",
            "thread_ts": JOB.message_ts,
        }
        payload = MessagePayload.model_validate({"team_id": "T1", "event": usual | event})
        await messages.receive(payload, self.services)
        return self.sent_ephemeral()

    async def reply(self, text: str, user: str = JOB.user) -> Message | None:
        """Handle a mention of the bot in the job's thread; return the ephemeral answer."""
        return await self.message(text=f"<@{BOT}> {text}", user=user)

    async def click(
        self,
        action_id: str,
        user: str = JOB.user,
        *,
        at_home: bool = False,
        job_id: str = JOB.id,
        chosen: str = "",
    ) -> Message | None:
        """Handle a click on a button, under a message or in the Home tab; return the answer.

        `chosen` is the value of what was chosen in a menu instead.
        """
        where = {} if at_home else {"channel": {"id": "C1"}}
        payload = ButtonPayload.model_validate(
            {
                "team": {"id": "T1"},
                "user": {"id": user},
                "actions": [
                    {
                        "action_id": action_id,
                        "action_ts": f"1800000009.{next(self.numbers)}",
                        **({"selected_option": {"value": chosen}} if chosen else {"value": job_id}),
                    }
                ],
                **where,
            }
        )
        await press(payload, self.services)
        return self.sent_ephemeral()

    async def new_jobs(self) -> list[Job]:
        """Return the jobs that were accepted."""
        jobs = await self.services.store.jobs.jobs(JobFilter())
        return [job for job in jobs if job.id != JOB.id]

    def sent_ephemeral(self) -> Message | None:
        """Return the one ephemeral message that was sent, or `None`."""
        sent = list(self.ephemerals.messages.values())
        assert len(sent) <= 1
        return sent[0] if sent else None


@asynccontextmanager
async def listener_harness(folder: Path) -> AsyncIterator[ListenerHarness]:
    """Open a store with the job while the context lasts."""
    store = SqliteStore(await inline_session(str(folder / "jobs.db")))
    await store.jobs.insert(JOB, ACCEPTED)
    ephemerals, numbers = RecordedEphemerals(), count(100)
    made = services(
        store,
        ephemeral=ephemerals,
        now=lambda: NOW,
        new_id=lambda: f"job{next(numbers)}",
        team="T1",
    )
    yield ListenerHarness(services=made, ephemerals=ephemerals)
    await store.close()
