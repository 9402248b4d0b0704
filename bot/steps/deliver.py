"""Deliver the result to the user: the file in the thread, else a link, else a direct message."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.base.errors import BotError, PermitLaterError
from bot.base.ports import Message, Place, Snapshot
from bot.jobs import pacing
from bot.jobs.deliveries import (
    FOLLOW_AFTER_SECONDS,
    following,
    follows_later,
    is_poster_wanted,
    poster_row,
)
from bot.jobs.view import load_result_view
from bot.messages.file import alt_text, file_name, title
from bot.messages.result import final_message
from bot.steps.progress import show, show_progress
from bot.steps.result_slot import RESULT
from bot.worker.context import Claim
from bot.worker.delivery import Content, UndeliverableError, deliver_once
from bot.worker.outputs import bring_outputs
from bot.worker.result import Advance, Park, Result
from bot.worker.snapshot import with_snapshot
from storage.job import EventName, Job, Outcome, Stage
from storage.pace import NextPermit


async def deliver(claim: Claim[Job]) -> Result[Job]:
    """Post the job's result, once, and update the job's own message.

    As safe to repeat as `deliver_once`; the edits are idempotent. Where links stand in place of the
    files, these may follow: their row of the outbox, added before the job is delivered, has an ID
    that is made of the job. So has the row of the poster.
    """
    await _show_end(claim)
    job = claim.row
    content = Content(
        bring=partial(_upload_files, claim) if job.outcome is Outcome.SUCCEEDED else None,
        title=title(job),
        compose=partial(_compose, claim),
    )
    place = Place(channel=job.channel, thread_ts=job.thread_root)
    try:
        await deliver_once(claim, RESULT, content, place=place, user=job.user)
    except UndeliverableError as error:
        problem = "The result could not be brought to you, neither there nor directly."
        return Park(row=claim.row, problem=problem, detail=str(error))
    if follows_later(claim.row):
        now = claim.services.now()
        row = following(claim.row, now, after=FOLLOW_AFTER_SECONDS)
        await claim.services.store.outbox.add(row)
    if is_poster_wanted(claim.row, claim.services):
        await claim.services.store.outbox.add(poster_row(claim.row, claim.services.now()))
    return await _delivered(claim)


async def _show_end(claim: Claim[Job]) -> None:
    """Show in the job's message that the render has ended: to bring a file can take minutes."""
    is_slow = claim.row.outcome is Outcome.SUCCEEDED or claim.row.attempts > 0
    if not is_slow:
        return
    # It goes with the commit that follows: the intent of an upload, or of a post.
    claim.keep(await show_progress(claim.row, claim.services, is_over=True))


async def _compose(claim: Claim[Job]) -> Message:
    if follows_later(claim.row):
        await _refresh_links(claim)
    return final_message(await load_result_view(claim.row, claim.services))


async def _refresh_links(claim: Claim[Job]) -> None:
    """Request fresh links: those of the render's end may have expired while the files failed.

    Best effort: without an answer the message has the links that are known.
    """
    job, services = claim.row, claim.services
    with suppress(BotError):
        snapshot = await services.video.get_task(
            job.task_id or "", job.provider_memo, fresh_urls=True
        )
        if len(snapshot.outputs) >= len(job.outputs):
            seen = with_snapshot(job, snapshot, services.now())
            await claim.record(seen, EventName.FRESH_LINK)


async def _upload_files(claim: Claim[Job], place: Place) -> None:
    """Upload the files. Fresh URLs are committed, because MindVideo may not return them again."""

    async def record_fresh_urls(snapshot: Snapshot) -> None:
        seen = with_snapshot(claim.row, snapshot, claim.services.now())
        await claim.record(seen, EventName.FRESH_LINK)

    await bring_outputs(
        claim,
        RESULT,
        claim.row,
        name=partial(file_name, claim.row),
        alt_text=alt_text(claim.row),
        channel=place.channel,
        on_fresh_urls=record_fresh_urls,
    )


async def _delivered(claim: Claim[Job]) -> Advance[Job]:
    job = claim.row
    delivered = replace(
        job, stage=Stage.DELIVERED, delivered_at=claim.services.now(), cost_shown=job.cost_actual
    )
    pause = pacing.next_cost_check(0, cost_known=job.cost_actual is not None) or 0.0
    permit: NextPermit = None
    try:
        delivered = await show(claim, delivered)
    except PermitLaterError as error:
        # The result is there; the edit comes when Slack takes it, before the cost is read.
        delivered = replace(delivered, shown=None)
        pause, permit = error.after, error.permit
    return Advance(
        row=delivered,
        note=EventName.DELIVERED,
        detail=job.delivery.ts or "",
        after=pause,
        permit=permit,
    )
