"""Draws the message anew that has a job's buttons, because a user changed what it shows."""

from __future__ import annotations

import structlog

from bot.jobs.actions import ActionOutcome, KeepAnswered
from bot.jobs.services import Services
from bot.jobs.view import load_message_view
from bot.messages.job import job_message
from bot.messages.result import final_message
from storage.job import Job
from storage.store import StoreError


async def redraw_if_kept(outcome: ActionOutcome, services: Services) -> None:
    """Draw the message anew of a job that is kept, or is not any more, by an action."""
    if isinstance(outcome, KeepAnswered) and outcome.has_changed:
        await redraw(outcome.job, services)


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
