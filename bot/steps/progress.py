"""Keep the job's own message in step with its row. `chat.update` is safe to repeat."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace

from bot.base.errors import OperatorMustActError, OutcomeUnknownError, RefusedError, RetryLaterError
from bot.base.ports import Message
from bot.messages.job import job_message
from bot.worker.context import Tools
from storage.job import Job

# Slack's advice for a message that changes as work goes on: one edit in three seconds.
PROGRESS_SECONDS = 3.0


async def show(job: Job, tools: Tools) -> Job:
    """Make the message say what the row says, and return the row that knows it.

    Safe to repeat. A message that is gone counts as shown: there is nobody to tell through it.
    """
    if job.message_ts is None:
        return job
    now = tools.now()
    message = job_message(job, await tools.sheet(job), now)
    digest = _digest(message)
    if digest == job.shown:
        return job
    tools.edits.spend(job.team, now)
    # Where an edit is refused for good there is nobody to tell through it; the job goes on.
    with suppress(RefusedError):
        await tools.chat.update(job.channel, job.message_ts, message)
    return replace(job, shown=digest, shown_at=now)


async def show_progress(job: Job, tools: Tools) -> Job:
    """Make the message say how far the render is, if Slack can spare an edit now.

    Best effort: no trouble at Slack is raised, because progress must not hold up the render that
    it tells about. The store, which knows the figures, may raise `StoreError`.
    """
    now = tools.now()
    if job.message_ts is None or now < (job.shown_at or 0.0) + PROGRESS_SECONDS:
        return job
    message = job_message(job, await tools.sheet(job), now)
    digest = _digest(message)
    if digest == job.shown or not tools.edits.take(job.team, now):
        return job
    try:
        await tools.chat.update(job.channel, job.message_ts, message)
    except (RetryLaterError, OutcomeUnknownError) as error:
        # Only the moment moves: the next edit comes when Slack will take it, and as long as it
        # takes none, no other job tries either.
        if error.retry_after is not None:
            tools.edits.hold(job.team, now + error.retry_after)
        return replace(job, shown_at=now)
    except (RefusedError, OperatorMustActError):
        return replace(job, shown_at=now)
    return replace(job, shown=digest, shown_at=now)


def _digest(message: Message) -> str:
    said = json.dumps([message.text, list(message.blocks)], sort_keys=True)
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()
