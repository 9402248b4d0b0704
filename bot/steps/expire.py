"""End a request whose question the asker did not answer in time. Nobody is notified."""

from __future__ import annotations

from dataclasses import replace

from bot.worker.context import Claim
from bot.worker.result import Done, Result, Snooze
from storage.job import EventName, Job, Stage


async def expire(claim: Claim[Job]) -> Result[Job]:
    """End the request, unless its question can still be answered.

    Safe to repeat: it has no effect but the row. An answer that is committed first raises the
    fence, so this result is refused.
    """
    question = claim.row.question
    left = 0.0 if question is None else question.expires_at - claim.services.now()
    if left > 0:
        return Snooze(row=claim.row, after=left)
    return Done(row=replace(claim.row, stage=Stage.UNCONFIRMED), note=EventName.EXPIRED)
