"""Post the job's own message. Its ID becomes the idempotency key: no message, no charge."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import NotAMemberError, UnreachablePlaceError
from bot.base.ports import Place, Posted
from bot.jobs.access import ONLY_MEMBERS, is_admitted
from bot.jobs.sets import load_place
from bot.jobs.submit_delay import submit_delay
from bot.jobs.view import load_message_view
from bot.messages.job import job_message
from bot.messages.replies import cannot_enter
from bot.worker.context import Claim
from bot.worker.names import name_mentions
from bot.worker.outbox import Slot, find_posted, post
from bot.worker.result import Advance, Reject, Result, Snooze
from storage.job import PART_WAIT_SECONDS, Delivery, EventName, Job, Outcome, Stage


def _read(job: Job) -> Delivery:
    return Delivery(intent_at=job.post_intent_at, ts=job.message_ts)


def _write(job: Job, delivery: Delivery) -> Job:
    return replace(job, post_intent_at=delivery.intent_at, message_ts=delivery.ts)


MESSAGE = Slot(
    read=_read,
    write=_write,
    known_since=lambda job: job.created_at,
    intended=EventName.POSTING,
    withdrawn=EventName.NOT_POSTED,
)
"""The slot of the job's own message."""


async def announce(claim: Claim[Job]) -> Result[Job]:
    """Post the message, or find the one that was posted before; reject whoever may not use the bot.

    Safe to repeat: the intent is committed before the post, and for a row that has an intent (or
    may come from a backup) the message is searched for by its metadata before it is posted.
    """
    return await _enter_thread_of_set(claim) or await _announce(claim)


async def _announce(claim: Claim[Job]) -> Result[Job]:
    job, services = claim.row, claim.services
    place = Place(channel=job.channel, thread_ts=job.reply_to.thread_ts)
    try:
        found = await find_posted(claim, MESSAGE, place)
    except UnreachablePlaceError as error:
        # An earlier attempt may have posted there, so a second message must not follow it.
        return _rejected(job, error)
    if found is not None:
        return _announced(job, found, "found", await submit_delay(job, services))
    if job.cancel_requested_at is not None:
        return _cancelled(job)
    if not await is_admitted(job.user, job.team, services):
        return Reject(
            row=job,
            problem=ONLY_MEMBERS,
            outcome=Outcome.FAILED,
            note=EventName.NOT_ADMITTED,
        )
    # Everything that the message needs is read before the intent is committed: between the intent
    # and the post nothing else can fail.
    await name_mentions(claim)
    view = await load_message_view(claim.row, services)
    message = job_message(view, services.now())
    try:
        posted = await post(claim, MESSAGE, place, message)
    except UnreachablePlaceError as error:
        return _rejected(claim.row, error)
    return _announced(claim.row, posted, "posted", view.starts_in)


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
            return _cancelled(job)
        is_outsider = place.refusal == ONLY_MEMBERS
        return Reject(
            row=job,
            problem=place.refusal,
            outcome=Outcome.FAILED,
            note=EventName.NOT_ADMITTED if is_outsider else EventName.REJECTED,
        )
    if place.thread_ts is None:
        return Snooze(row=job, after=PART_WAIT_SECONDS)
    # Written with the intent to post there.
    claim.keep(replace(job, reply_to=replace(job.reply_to, thread_ts=place.thread_ts)))
    return None


def _cancelled(job: Job) -> Reject[Job]:
    return Reject(row=job, problem="You cancelled it.", outcome=Outcome.CANCELLED)


def _rejected(job: Job, error: UnreachablePlaceError) -> Reject[Job]:
    problem = cannot_enter() if isinstance(error, NotAMemberError) else str(error)
    return Reject(row=job, problem=problem, outcome=Outcome.FAILED)


def _announced(job: Job, posted: Posted, detail: str, delay: float) -> Advance[Job]:
    announced = replace(job, stage=Stage.ANNOUNCED, message_ts=posted.ts, posted_at=posted.at)
    return Advance(row=announced, note=EventName.ANNOUNCED, detail=detail, after=delay)
