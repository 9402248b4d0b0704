"""Update the job's own message from its row. `chat.update` is safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from bot.base.errors import OperatorMustActError, OutcomeUnknownError, RefusedError, RetryLaterError
from bot.base.ports import Place
from bot.jobs.services import Services
from bot.jobs.view import load_message_view
from bot.messages.job import job_message, working
from bot.worker.context import Claim
from bot.worker.permits import edit, shared_refusals
from storage.job import Job, is_direct
from storage.pace import Permit

# Slack advises at most one edit in three seconds for a message that shows the progress of work.
PROGRESS_SECONDS = 3.0


async def show(claim: Claim[Job], job: Job) -> Job:
    """Edit the message unless it shows the row already; return the row with the edit recorded.

    Safe to repeat. A message that is gone, or that Slack refuses to edit, counts as edited. Raises
    `PermitLaterError` while Slack takes no more edits.
    """
    if job.message_ts is None:
        return job
    services = claim.services
    now = services.now()
    message = job_message(await load_message_view(job, services), now)
    digest = message.digest
    if digest == job.shown:
        return job
    # The job goes on without a message that can never be edited.
    with suppress(RefusedError):
        await edit(claim, job.channel, job.message_ts, message)
    return replace(job, shown=digest, shown_at=now)


async def show_progress(
    job: Job,
    services: Services,
    history: Sequence[float] | None = None,
    *,
    is_over: bool = False,
) -> Job:
    """Show in the message how far the render is, if Slack takes an edit for that now.

    `history` is loaded if it is not given. The first edit after the end of the render, with
    `is_over`, does not wait until `PROGRESS_SECONDS` have passed since the one before.

    Best effort: no error of Slack is raised, because a progress edit must not delay the render. The
    store, which has the figures, may raise `StoreError`.
    """
    now = services.now()
    pause = 0.0 if is_over and job.attempts == 0 else PROGRESS_SECONDS
    if job.message_ts is None or now < (job.shown_at or 0.0) + pause:
        return job
    limit = services.limits.progress(job.team, now - (job.shown_at or 0.0))
    pacing = services.store.pacing
    if pacing.not_before(limit) > now:
        # Nothing is read for a message that cannot be edited now.
        return job
    message = job_message(await load_message_view(job, services, history), now)
    digest = message.digest
    if digest == job.shown or not await pacing.try_take(Permit(limit=limit, at=now)):
        return job
    try:
        # During a `Retry-After` of Slack no other job of the workspace tries one either.
        async with shared_refusals(services, limit):
            await services.chat.update(job.channel, job.message_ts, message)
    except (RetryLaterError, OutcomeUnknownError, RefusedError, OperatorMustActError):
        # Only the time of the attempt is recorded, so the edit is tried again later.
        return replace(job, shown_at=now)
    return replace(job, shown=digest, shown_at=now)


def show_status(job: Job, services: Services) -> None:
    """Show under the thread that the bot works, where a user talks with it alone. A mere hint."""
    if is_direct(job.channel) and job.thread_root is not None:
        place = Place(channel=job.channel, thread_ts=job.thread_root)
        services.agent_view.show_status(place, working(job))
