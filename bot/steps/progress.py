"""Keep the job's own message in step with its row. `chat.update` is safe to repeat."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from bot.base.errors import OperatorMustActError, OutcomeUnknownError, RefusedError, RetryLaterError
from bot.base.ports import Message
from bot.jobs.services import Services
from bot.jobs.view import load_message_view
from bot.messages.job import job_message
from storage.job import Job

# Slack's advice for a message that changes as work goes on: one edit in three seconds.
PROGRESS_SECONDS = 3.0


async def show(job: Job, services: Services) -> Job:
    """Make the message say what the row says, and return the row that knows it.

    Safe to repeat. A message that is gone counts as shown: there is nobody to tell through it.
    """
    if job.message_ts is None:
        return job
    now = services.now()
    message = job_message(await load_message_view(job, services), now)
    digest = _digest(message)
    if digest == job.shown:
        return job
    services.edits.take(job.team, now)
    # Where an edit is refused for good there is nobody to tell through it; the job goes on.
    with suppress(RefusedError):
        await services.chat.update(job.channel, job.message_ts, message)
    return replace(job, shown=digest, shown_at=now)


async def show_progress(
    job: Job, services: Services, history: Sequence[float] | None = None
) -> Job:
    """Make the message say how far the render is, if Slack can spare an edit now.

    Best effort: no error of Slack is raised, because progress must not hold up the render that
    it tells about. The store, which knows the figures, may raise `StoreError`.
    """
    now = services.now()
    if job.message_ts is None or now < (job.shown_at or 0.0) + PROGRESS_SECONDS:
        return job
    message = job_message(await load_message_view(job, services, history), now)
    digest = _digest(message)
    if digest == job.shown or not services.edits.try_take(job.team, now):
        return job
    try:
        await services.chat.update(job.channel, job.message_ts, message)
    except (RetryLaterError, OutcomeUnknownError) as error:
        # Only the moment moves: the next edit comes when Slack will take it, and as long as it
        # takes none, no other job tries either.
        if error.retry_after is not None:
            services.edits.hold(job.team, now + error.retry_after)
        return replace(job, shown_at=now)
    except (RefusedError, OperatorMustActError):
        return replace(job, shown_at=now)
    return replace(job, shown=digest, shown_at=now)


def _digest(message: Message) -> str:
    said = json.dumps([message.text, list(message.blocks)], sort_keys=True)
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()
