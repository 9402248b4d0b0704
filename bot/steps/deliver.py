"""Deliver the result to the user: the file in the thread, else a link, else a direct message."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bot.base.ports import Message, Place, Snapshot
from bot.jobs import pacing
from bot.jobs.view import brief_view
from bot.messages.file import alt_text, file_name, title
from bot.messages.result import final_message
from bot.steps.progress import show
from bot.worker.context import Claim
from bot.worker.delivery import Content, UndeliverableError, deliver_once
from bot.worker.outbox import Slot
from bot.worker.outputs import bring_outputs
from bot.worker.result import Advance, Park, Result
from bot.worker.snapshot import with_snapshot
from storage.job import Delivery, EventName, Job, Outcome, Stage


def _read(job: Job) -> Delivery:
    return job.delivery


def _write(job: Job, delivery: Delivery) -> Job:
    return replace(job, delivery=delivery)


RESULT = Slot(read=_read, write=_write, known_since=lambda job: job.created_at, marked=True)
"""The slot of the job's result, in the thread of its message."""


async def deliver(claim: Claim[Job]) -> Result[Job]:
    """Post the job's result, once, and update the job's own message.

    As safe to repeat as `deliver_once`; the edit is idempotent.
    """
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
    return await _delivered(claim)


async def _compose(claim: Claim[Job]) -> Message:
    services = claim.services
    return final_message(brief_view(claim.row, services.catalog, services.unit))


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
    shown = await show(delivered, claim.services)
    pause = pacing.next_cost_check(0, cost_known=job.cost_actual is not None)
    return Advance(
        row=shown,
        note=EventName.DELIVERED,
        detail=job.delivery.ts or "",
        after=pause or 0.0,
    )
