"""Post the job's own message. Its ID becomes the idempotency key: no message, no charge."""

from __future__ import annotations

from dataclasses import replace

from bot.jobs.sets import load_place
from bot.jobs.submit_delay import submit_delay
from bot.steps.own_message import post_own_message
from bot.steps.progress import show_progress
from bot.worker.context import Claim
from bot.worker.result import Advance, Reject, Result, Snooze, cancelled
from storage.job import PART_WAIT_SECONDS, EventName, Job, Outcome, Stage


async def announce(claim: Claim[Job]) -> Result[Job]:
    """Post the message, or find the one that was posted before; reject whoever may not use the bot.

    As safe to repeat as `post_own_message`. The message of a planned job is there already, and
    shows from now on that it has started.
    """
    return await _enter_thread_of_set(claim) or await _announce(claim)


async def _announce(claim: Claim[Job]) -> Result[Job]:
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


async def _enter_thread_of_set(claim: Claim[Job]) -> Result[Job] | None:
    """Have the message of a part go to the thread of its set's message, or return what to do else.

    The part waits for that message. If there will be none, nothing can be posted of the part
    either.
    """
    job = claim.row
    if job.set_id is None or job.post_intent_at is not None:
        return None
    place = await load_place(job, claim.services)
    if place.refusal is not None:
        if job.cancel_requested_at is not None:
            return cancelled(job)
        return Reject(row=job, problem=place.refusal, outcome=Outcome.FAILED)
    if place.thread_ts is None:
        return Snooze(row=job, after=PART_WAIT_SECONDS)
    # Written with the intent to post there.
    claim.keep(replace(job, reply_to=replace(job.reply_to, thread_ts=place.thread_ts)))
    return None
