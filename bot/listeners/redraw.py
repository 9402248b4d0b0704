"""Draws the message anew that has a job's buttons, because a user changed what it shows."""

from __future__ import annotations

import structlog

from bot.jobs.actions import ActionOutcome, KeepAnswered, NotesAnswered, ReviewAnswered
from bot.jobs.services import Services
from bot.jobs.view import load_message_view
from bot.messages.job import job_message
from bot.messages.result import final_message
from storage.job import Job
from storage.store import StoreError


async def redraw_if_changed(outcome: ActionOutcome, services: Services) -> None:
    """Draw the message anew of a job of which an action has changed what the message shows."""
    match outcome:
        case KeepAnswered(has_changed=True) | ReviewAnswered(is_new=True):
            await redraw(outcome.job, services)
        case NotesAnswered(is_new=True) if outcome.job.notes == len(outcome.notes):
            # The first ones: a button has another name from now on.
            await redraw(outcome.job, services)
        case _:
            return


async def redraw(row: Job, services: Services) -> None:
    """Draw the message anew that has a job's buttons. Best effort."""
    try:
        view, ts = await load_message_view(row, services), row.delivery.ts
    except StoreError as error:
        structlog.get_logger("listeners").warning("message_not_redrawn", reason=str(error))
        return
    if ts is not None:
        channel = row.delivery.channel or row.channel
        services.message_edits.edit(channel, ts, final_message(view))
    elif row.message_ts is not None:
        services.message_edits.edit(row.channel, row.message_ts, job_message(view, services.now()))
