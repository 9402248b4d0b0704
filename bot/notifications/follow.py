"""Bring files after the message of the result: Slack takes them late, or a user wants them late."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.base.errors import NotFoundError, RefusedError, RetryLaterError
from bot.base.ports import Message, Snapshot, TaskState
from bot.jobs.prices import load_render_prices
from bot.jobs.view import labelled_view
from bot.messages.file import title
from bot.messages.result import final_message, following_message, not_brought_message
from bot.notifications.deletion import NO_JOB, check_not_deleted, take_back
from bot.notifications.place import place_of, slot_since
from bot.notifications.resend import upload_files
from bot.options.mentions import named_input
from bot.options.schema import prompts_of
from bot.worker.context import Claim
from bot.worker.current import edit_claimed, result_to_edit
from bot.worker.delivery import Content, UndeliverableError, deliver_once
from bot.worker.result import Done, Park, Result, Snooze
from storage.job import Job, Outcome
from storage.notification import Notification

# A render that was given up is polled so often until it is done: nobody waits any more.
POLL_SECONDS = 60.0
# Renders take minutes; one that has not ended by then never will.
LONGEST_WAIT_SECONDS = 24 * 3600.0
# So many answers that MindVideo does not know the render are believed.
UNKNOWN_TRIES = 10

UNKNOWN = "MindVideo no longer knows this render."
ENDLESS = "MindVideo has not ended this render within a day."


async def follow(claim: Claim[Notification]) -> Result[Notification]:
    """Deliver the files below the result's message, and edit that message to say so.

    As safe to repeat as `deliver_once`; the edit is idempotent. The message is marked with this
    row's ID, so that it is not taken for the job's own result.
    """
    services = claim.services
    job = await services.store.jobs.get(claim.row.job_id or "")
    if job is None:
        return Park(row=claim.row, problem=NO_JOB)
    if job.deleted_at is not None:
        return await take_back(claim, job)
    claim.prompts += prompts_of(named_input(job))
    if claim.row.delivery.ts is None:
        made = job if job.given_up_at is None else await _poll(claim, job)
        if made is None:
            return Snooze(row=claim.row, after=POLL_SECONDS)
        problem = await _bring(claim, made)
        if problem is not None:
            return Done(row=replace(claim.row, problem=problem))
    await _edit_result(claim, job)
    return Done(row=claim.row)


async def _poll(claim: Claim[Notification], job: Job) -> Job | None:
    """Return the job as its render has ended at MindVideo; `None`: it has not. A read."""
    try:
        snapshot = await claim.services.video.get_task(
            job.task_id or "", job.provider_memo, fresh_urls=True
        )
    except NotFoundError as error:
        if claim.row.attempts < UNKNOWN_TRIES:
            raise RetryLaterError(UNKNOWN, code=error.code) from error
        return replace(job, outcome=Outcome.FAILED, problem=UNKNOWN)
    match snapshot.state:
        case TaskState.SUCCEEDED if snapshot.outputs:
            return replace(job, outcome=Outcome.SUCCEEDED, outputs=snapshot.outputs)
        case TaskState.FAILED | TaskState.CANCELLED:
            return replace(job, outcome=Outcome.FAILED, problem=_reason(snapshot))
        case _:
            if claim.services.now() - claim.row.happened_at > LONGEST_WAIT_SECONDS:
                return replace(job, outcome=Outcome.FAILED, problem=ENDLESS)
            return None


def _reason(snapshot: Snapshot) -> str:
    said = f": {snapshot.problem}" if snapshot.problem else ""
    return f"MindVideo ended it as {snapshot.state}{said}"


async def _bring(claim: Claim[Notification], made: Job) -> str | None:
    """Deliver the files, or a message that says why there are none; return why neither came."""
    has_files = made.outcome is Outcome.SUCCEEDED
    content = Content(
        bring=partial(upload_files, claim, made) if has_files else None,
        title=title(made),
        compose=partial(_compose, claim, made),
        # The result's message has the links already, unless the render was given up.
        may_be_links=made.given_up_at is not None,
    )
    place, slot = await place_of(claim), await slot_since(claim, made.created_at)
    try:
        await deliver_once(claim, slot, content, place=place, user=made.user)
    except (UndeliverableError, RefusedError) as error:
        return str(error)
    return None


async def _compose(claim: Claim[Notification], made: Job) -> Message:
    row, services = claim.row, claim.services
    await check_not_deleted(made, services)
    shown = replace(made, delivery=row.delivery, problem=row.problem or made.problem)
    view = labelled_view(shown, services)
    view = replace(view, prices=await load_render_prices(shown, view.upgrades, services))
    if made.outcome is not Outcome.SUCCEEDED:
        return not_brought_message(view, mark=row.id)
    return following_message(view, mark=row.id)


async def _edit_result(claim: Claim[Notification], job: Job) -> None:
    """Say in the result's message that the files are there, with the amount that it costs now.

    An amount that came meanwhile was told there before, and must not be overwritten.
    """
    result = result_to_edit(job, claim.services, final_message)
    if result is not None:
        # The files are there, also where the message cannot be edited.
        with suppress(RefusedError):
            await edit_claimed(claim, result)
