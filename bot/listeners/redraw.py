"""Draws the message anew that has a job's buttons, because a user changed what it shows."""

from __future__ import annotations

from functools import partial

import structlog

from bot.base.ports import Message
from bot.jobs.actions import ActionOutcome, KeepAnswered, NotesAnswered, ReviewAnswered
from bot.jobs.services import Services
from bot.jobs.view import load_message_view
from bot.messages.job import job_message
from bot.messages.result import final_message
from bot.worker.current import EditedMessage, edit_unclaimed, result_to_edit
from storage.job import Job
from storage.store import StoreError


def redraw_if_changed(outcome: ActionOutcome, services: Services) -> None:
    """Draw the message anew of a job of which an action has changed what the message shows."""
    match outcome:
        case KeepAnswered(has_changed=True) | ReviewAnswered(is_new=True):
            redraw(outcome.job, services)
        case NotesAnswered(is_new=True) if outcome.job.notes == len(outcome.notes):
            # The first ones: a button has another name from now on.
            redraw(outcome.job, services)
        case _:
            return


def redraw(job: Job, services: Services) -> None:
    """Draw the message anew that has a job's buttons, in the background. Best effort."""
    services.message_edits.draw(job.id, partial(_draw, job.id, services))


async def _draw(job_id: str, services: Services) -> None:
    """Edit the message until it shows the job's row. Raises as `Chat.update` does."""
    try:
        job = await services.store.jobs.get(job_id)
        if job is None:
            return
        own = None if result_to_edit(job, services, final_message) else _own_to_edit(job, services)
        if own is not None:
            await edit_unclaimed(services, own)
            # Meanwhile the result may have come, with the buttons.
            job = await services.store.jobs.get(job_id) or job
        result = result_to_edit(job, services, final_message)
        if result is not None:
            await edit_unclaimed(services, result)
    except StoreError as error:
        structlog.get_logger("listeners").warning("message_not_redrawn", reason=str(error))


def _own_to_edit(job: Job, services: Services) -> EditedMessage | None:
    if job.message_ts is None:
        return None
    # With another time it would show another age whenever it is composed.
    at = services.now()

    async def compose() -> Message | None:
        now = await services.store.jobs.get(job.id) or job
        return job_message(await load_message_view(now, services), at)

    return EditedMessage(team=job.team, channel=job.channel, ts=job.message_ts, compose=compose)
