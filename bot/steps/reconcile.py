"""After the delivery, look for the final cost and correct what was told."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.base.errors import NotFoundError, UnreachablePlaceError
from bot.jobs import pacing
from bot.messages.result import final_message
from bot.steps.learn import learn
from bot.steps.progress import show
from bot.worker.context import Tools, Turn
from bot.worker.result import Again, Rest, Result
from storage.job import Job


async def reconcile(turn: Turn) -> Result:
    """Ask once for the cost. Safe to repeat: a read, and edits of messages that stand."""
    tools = turn.tools
    await _listen(turn)
    job = replace(turn.job, settle_tries=turn.job.settle_tries + 1)
    note = None
    if job.cost_actual != job.cost_told:
        job = await _correct(job, tools)
        note = "cost corrected"
    pause = pacing.settle_pause(job.settle_tries, cost_known=job.cost_actual is not None)
    detail = str(job.cost_actual)
    if pause is None:
        return Rest(job=job, note=note, detail=detail)
    return Again(job=job, after=pause, note=note, detail=detail)


async def _listen(turn: Turn) -> None:
    """Ask for the cost and commit what is new: MindVideo may not know it when asked again."""
    job = turn.job
    try:
        snapshot = await turn.tools.video.look(job.task_id or "", job.look_by)
    except NotFoundError:
        return
    learned = learn(job, snapshot, turn.tools.now())
    if learned.cost_actual != job.cost_actual:
        costs = replace(job, cost_actual=learned.cost_actual, cost_estimate=learned.cost_estimate)
        await turn.record(costs, "cost", str(learned.cost_actual))


async def _correct(job: Job, tools: Tools) -> Job:
    shown = await show(job, tools)
    if job.result_ts is not None:
        message = final_message(job, await tools.sheet(job))
        # Where the thread's line is gone or may not be edited, the job's own message is right.
        with suppress(UnreachablePlaceError):
            await tools.chat.update(job.result_channel or job.channel, job.result_ts, message)
    return replace(shown, cost_told=job.cost_actual)
