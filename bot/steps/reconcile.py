"""After the delivery, read the final cost and correct the messages that show it."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import NotFoundError, PermitLaterError, UnreachablePlaceError
from bot.jobs import pacing
from bot.messages.result import final_message
from bot.steps.progress import show
from bot.worker.context import Claim
from bot.worker.current import edit_claimed, result_to_edit
from bot.worker.result import Done, Result, Snooze
from bot.worker.snapshot import with_snapshot
from storage.job import EventName, Job


async def reconcile(claim: Claim[Job]) -> Result[Job]:
    """Read the cost once. Safe to repeat: a read, and edits of messages that exist.

    An edit comes first for which Slack had no room when the job was delivered, or which is to show
    the poster that came meanwhile.
    """
    if claim.row.cost_actual != claim.row.cost_shown:
        # Settled meanwhile: files that follow may have been told of with that amount.
        await _doubt_shown(claim, claim.row)
    if claim.row.shown is None and claim.row.message_ts is not None:
        late = await show(claim, claim.row)
        pause = pacing.next_cost_check(late.cost_checks, cost_known=late.cost_actual is not None)
        if late.cost_actual == late.cost_shown:
            return Done(row=late) if pause is None else Snooze(row=late, after=pause)
        await claim.write(late, None)
    await _read_cost(claim)
    job = replace(claim.row, cost_checks=claim.row.cost_checks + 1)
    note = None
    if job.cost_actual != job.cost_shown:
        job = await _correct(claim, await _doubt_shown(claim, job))
        note = EventName.COST_CORRECTED
    pause = pacing.next_cost_check(job.cost_checks, cost_known=job.cost_actual is not None)
    detail = str(job.cost_actual)
    if job.shown is None and job.message_ts is not None:
        # The poster came while the cost was read.
        pause = 0.0
    if pause is None:
        return Done(row=job, note=note, detail=detail)
    return Snooze(row=job, after=pause, note=note, detail=detail)


async def _read_cost(claim: Claim[Job]) -> None:
    """Read the cost and commit it if it is new, because MindVideo may not return it again."""
    job, services = claim.row, claim.services
    try:
        snapshot = await services.video.get_task(job.task_id or "", job.provider_memo)
    except NotFoundError:
        return
    seen = with_snapshot(job, snapshot, services.now())
    if seen.cost_actual != job.cost_actual:
        costs = replace(job, cost_actual=seen.cost_actual, cost_estimate=seen.cost_estimate)
        await claim.record(costs, EventName.COST, str(seen.cost_actual))


async def _doubt_shown(claim: Claim[Job], job: Job) -> Job:
    """Commit that nobody knows what the messages show, before they show another amount.

    Otherwise, if the commit after the edits is lost and MindVideo then names the earlier amount
    again, the row would say that they show it.
    """
    if job.cost_shown is None:
        return job
    unknown = replace(claim.row, cost_shown=None, shown=None)
    return replace(await claim.write(unknown, None), cost_checks=job.cost_checks)


async def _correct(claim: Claim[Job], job: Job) -> Job:
    shown = await show(claim, job)
    result = result_to_edit(job, claim.services, final_message)
    if result is not None:
        try:
            await edit_claimed(claim, result)
        except PermitLaterError:
            # The first of the two edits is not to be made again.
            await claim.write(replace(shown, cost_checks=claim.row.cost_checks), None)
            raise
        except UnreachablePlaceError:
            # The job's own message shows the cost.
            pass
    return replace(shown, cost_shown=job.cost_actual)
