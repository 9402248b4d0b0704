"""Post a job's last word at most once, although Slack has no idempotency key for a post."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import OperatorMustActError, RetryLaterError
from bot.base.ports import Message, Place
from bot.worker.context import Turn
from bot.worker.member import find_as_member, post_as_member
from storage.job import Job


async def say_once(turn: Turn, place: Place, message: Message) -> Job:
    """Post `message` as the job's result and return the row that knows its `ts`.

    Safe to repeat: the intent is committed before the post, and a row that carries an intent
    looks for its message by metadata before it posts.
    """
    job, chat = turn.job, turn.tools.chat
    if job.result_intent_at is not None:
        results = await find_as_member(chat, place, job.id, job.result_intent_at, marked=True)
        if results:
            return await turn.record(replace(job, result_ts=results[0]), "told", "found")
    job = await turn.record(replace(job, result_intent_at=turn.tools.now()), "telling")
    try:
        ts = await post_as_member(chat, place, message, job.id, turn.hold)
    except (RetryLaterError, OperatorMustActError):
        # Certainly not posted, so the next try need not look.
        await turn.record(replace(job, result_intent_at=None), "not told")
        raise
    return await turn.record(replace(job, result_ts=ts), "told")
