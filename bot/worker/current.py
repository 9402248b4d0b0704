"""Edits a message until it shows what the store says: the last edit to arrive is never an old one.

Several processes edit one message, and Slack's pauses, retries and the network change the order in
which their edits arrive. So each composes the message from the row once its permit is valid, and
looks at the row again after the edit: whose edit came last has seen all that was written before it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from bot.base.ports import Message
from bot.jobs.services import Services
from bot.jobs.view import JobView, load_result_view
from bot.worker.context import Claim
from bot.worker.permits import PacedRow, await_call, shared_refusals, use_permit
from storage.job import Job, Stage
from storage.pace import Limit

Compose: TypeAlias = Callable[[], Awaitable[Message | None]]
"""Reads what a message is to show now; `None`: it is not to be edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedMessage:
    """A message of the bot that is edited."""

    team: str
    channel: str
    ts: str
    compose: Compose


def result_to_edit(
    job: Job, services: Services, draw: Callable[[JobView], Message]
) -> EditedMessage | None:
    """Return the message of a job's result; `None`: it has none, or none any more.

    Where a planned job could not start, a reply says so, and the job's own message has the buttons.
    """
    if job.delivery.ts is None or job.deleted_at is not None or job.stage is Stage.REJECTED:
        return None

    async def compose() -> Message | None:
        now = await services.store.jobs.get(job.id) or job
        return None if now.deleted_at is not None else draw(await load_result_view(now, services))

    return EditedMessage(
        team=job.team,
        channel=job.delivery.channel or job.channel,
        ts=job.delivery.ts,
        compose=compose,
    )


async def edit_claimed(claim: Claim[PacedRow], edited: EditedMessage) -> None:
    """Edit a message for a row that keeps the permit. Raises as `permits.edit` does."""
    limit = claim.services.limits.edits(edited.team)
    await _edit(edited, claim.services, limit, partial(use_permit, claim, limit))


async def edit_unclaimed(services: Services, edited: EditedMessage) -> None:
    """Edit a message for which no row is claimed, however long its permit takes.

    Raises as `Chat.update` does.
    """
    limit = services.limits.edits(edited.team)
    await _edit(edited, services, limit, partial(await_call, services, limit))


async def _edit(
    edited: EditedMessage,
    services: Services,
    limit: Limit,
    take_permit: Callable[[], Awaitable[None]],
) -> None:
    is_current = False
    while not is_current:
        await take_permit()
        message = await edited.compose()
        if message is None:
            return
        async with shared_refusals(services, limit):
            await services.chat.update(edited.channel, edited.ts, message)
        now = await edited.compose()
        is_current = now is None or now.digest == message.digest
