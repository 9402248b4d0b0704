"""Post the job's own message, whose ID becomes the idempotency key: no message, no charge."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import OperatorMustActError, RetryLaterError, UnreachablePlaceError
from bot.base.ports import Place
from bot.messages.job import job_message
from bot.messages.replies import cannot_enter
from bot.worker.context import Turn
from bot.worker.member import find_as_member, is_closed_to_us, post_as_member
from bot.worker.result import Advance, Reject, Result
from storage.job import Job, Outcome, Stage


async def announce(turn: Turn) -> Result:
    """Post the message, or find the one that was posted before.

    Safe to repeat: the intent is committed before the post, and a row that carries an intent (or
    may come from a backup) looks for its message by metadata before it posts.
    """
    job, tools = turn.job, turn.tools
    place = Place(channel=job.channel, thread_ts=job.thread_ts)
    try:
        found = await _find(turn, place)
    except UnreachablePlaceError as error:
        # An earlier try may have posted there, so a second message must not follow it.
        return _shut_out(job, error)
    if found is not None:
        return _announced(job, found, "found")
    if job.cancel_requested_at is not None:
        return Reject(job=job, problem="You cancelled it.", outcome=Outcome.CANCELLED)
    # Whatever must be asked for the words is asked before the intent: between it and the post
    # there is nothing but the post.
    message = job_message(job, await tools.sheet(job), tools.now())
    job = await turn.record(replace(job, post_intent_at=tools.now()), "posting")
    try:
        ts = await post_as_member(tools.chat, place, message, job.id, turn.hold)
    except (RetryLaterError, OperatorMustActError):
        # Certainly not posted, so the next try need not look.
        await turn.record(replace(job, post_intent_at=None), "not posted")
        raise
    except UnreachablePlaceError as error:
        return _shut_out(job, error)
    return _announced(job, ts, "posted")


async def _find(turn: Turn, place: Place) -> str | None:
    """Return the `ts` of a message that an earlier try may have posted."""
    job = turn.job
    if job.post_intent_at is None and not turn.may_be_restored:
        return None
    intended_at = job.post_intent_at or job.created_at
    found = await find_as_member(turn.tools.chat, place, job.id, intended_at)
    return found[0] if found else None


def _shut_out(job: Job, error: UnreachablePlaceError) -> Reject:
    problem = cannot_enter() if is_closed_to_us(error) else str(error)
    return Reject(job=job, problem=problem, outcome=Outcome.FAILED)


def _announced(job: Job, ts: str, how: str) -> Advance:
    announced = replace(job, stage=Stage.ANNOUNCED, message_ts=ts)
    return Advance(job=announced, note="announced", detail=how)
