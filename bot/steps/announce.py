"""Post the job's own message. Its ID becomes the idempotency key: no message, no charge."""

from __future__ import annotations

from dataclasses import replace

from bot.jobs.submit_delay import submit_delay
from bot.steps.own_message import post_own_message
from bot.steps.progress import show_progress
from bot.worker.context import Claim
from bot.worker.result import Advance, Reject, Result
from storage.job import EventName, Job, Stage


async def announce(claim: Claim[Job]) -> Result[Job]:
    """Post the message, or find the one that was posted before; reject whoever may not use the bot.

    As safe to repeat as `post_own_message`. The message of a planned job is there already, and
    shows from now on that it has started.
    """
    job, services = claim.row, claim.services
    if job.message_ts is not None:
        announced = replace(job, stage=Stage.ANNOUNCED)
        shown = await show_progress(announced, services)
        delay = await submit_delay(job, services)
        return Advance(row=shown, note=EventName.ANNOUNCED, detail="as planned", after=delay)
    message = await post_own_message(claim)
    if isinstance(message, Reject):
        return message
    announced = replace(message.on(claim.row), stage=Stage.ANNOUNCED)
    return Advance(
        row=announced, note=EventName.ANNOUNCED, detail=message.detail, after=message.starts_in
    )
