"""End a request whose question was not answered in time; before that, remind its approvers."""

from __future__ import annotations

from dataclasses import replace

from bot.steps.progress import show
from bot.worker.context import Claim
from bot.worker.result import Advance, Done, Result, Snooze
from storage.approval import approvers_for, due_next, reminder_times
from storage.budget import approval_terms
from storage.job import EventName, Instant, Job, Question, Stage


async def expire(claim: Claim[Job]) -> Result[Job]:
    """End the request, unless its question can still be answered.

    An asker who did not answer is not told; approvers and the asker are, in the same commit. Safe
    to repeat: it has no effect but the row. An answer that is committed first raises the fence, so
    this result is refused. The message of a planned job shows that it ended.
    """
    job, now = claim.row, claim.services.now()
    question = job.question
    if job.stage is Stage.UNCONFIRMED:
        return Done(row=await show(claim, job))
    if question is None or question.expires_at <= now:
        ended = replace(job, stage=Stage.UNCONFIRMED)
        if job.message_ts is None:
            return Done(row=ended, note=EventName.EXPIRED)
        return Advance(row=ended, note=EventName.EXPIRED)
    if question.is_for_approvers:
        return await _remind(claim, question, now)
    return Snooze(row=job, after=question.expires_at - now)


async def _remind(claim: Claim[Job], question: Question, now: Instant) -> Result[Job]:
    """Remind those who may decide, if that is due; with the last reminder ask the fallback, too.

    Who they are is looked at again: rules and admins may be others by now.
    """
    job, times = claim.row, reminder_times(question)
    passed = sum(at <= now for at in times)
    if passed <= question.reminders:
        return Snooze(row=job, after=due_next(question) - now)
    rules = await claim.services.store.budgets.rules(job.team, now)
    approvers = approvers_for(approval_terms(rules, job), job.user)
    asked = replace(
        question,
        reminders=passed,
        approvers=approvers.users,
        place=approvers.place,
        fallback=approvers.fallback if passed == len(times) else (),
    )
    return Snooze(
        row=replace(job, question=asked),
        after=due_next(asked) - now,
        note=EventName.APPROVAL_REMINDED,
    )
