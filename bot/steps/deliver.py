"""Bring the result to the person: the file in the thread, else a link, else a direct message."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.base.errors import (
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
    UnreachablePlaceError,
)
from bot.base.ports import Place
from bot.jobs import pacing
from bot.messages.result import final_message
from bot.steps.progress import show
from bot.steps.share import share_files
from bot.worker.context import Turn
from bot.worker.member import find_as_member
from bot.worker.result import Advance, Park, Result
from bot.worker.say_once import say_once
from storage.job import Job, Outcome, Stage

# With the engine's pauses this is about half an hour of trying to carry the file over.
FILE_TRIES = 30


async def deliver(turn: Turn) -> Result:
    """Tell the person how it ended, once, and bring the job's own message up to date.

    Safe to repeat: a result that stands is found again (`files.info`, message metadata) before
    anything is posted, and the edit is idempotent.
    """
    try:
        await _tell(turn)
    except UnreachablePlaceError as error:
        if turn.job.result_channel is not None:
            problem = "The result could not be brought to you, neither there nor directly."
            return Park(job=turn.job, problem=problem, detail=str(error))
        await _turn_to_person(turn)
        raise RetryLaterError("The channel takes nothing; telling the person directly.") from error
    if turn.job.result_ts is None:
        raise RetryLaterError("The result does not stand yet.")
    return await _delivered(turn)


async def _tell(turn: Turn) -> None:
    if turn.job.result_ts is not None:
        return
    place = _place(turn.job)
    if turn.may_be_restored and await _found(turn, place):
        return
    if turn.job.outcome is Outcome.SUCCEEDED and not turn.job.link_only:
        try:
            await share_files(turn, place)
        except UnreachablePlaceError:
            raise
        except RefusedError as error:
            # The file cannot be had or put here; the person still gets the link and the cost.
            await _give_up_file(turn, str(error))
        except (RetryLaterError, OutcomeUnknownError) as error:
            sharing = turn.job.result_intent_at is not None
            if sharing or turn.job.attempts < FILE_TRIES:
                raise
            await _give_up_file(turn, str(error))
        else:
            return
    await say_once(turn, place, final_message(turn.job, await turn.tools.sheet(turn.job)))


async def _found(turn: Turn, place: Place) -> bool:
    """Tell whether the result was told by a life that the row knows nothing of; put it right."""
    job, chat = turn.job, turn.tools.chat
    results = await find_as_member(chat, place, job.id, job.created_at, marked=True)
    if not results:
        return False
    message = final_message(job, await turn.tools.sheet(job))
    with suppress(UnreachablePlaceError):
        await chat.update(place.channel, results[0], message)
    await turn.record(replace(job, result_ts=results[0]), "told", "found")
    return True


async def _give_up_file(turn: Turn, reason: str) -> None:
    given_up = replace(turn.job, link_only=True, problem=reason, uploads=(), result_intent_at=None)
    await turn.record(given_up, "link only", reason)


def _place(job: Job) -> Place:
    if job.result_channel is not None:
        return Place(channel=job.result_channel)
    return Place(channel=job.channel, thread_ts=job.thread_root)


async def _turn_to_person(turn: Turn) -> None:
    """Choose the direct conversation, where the channel or the thread takes nothing any more."""
    direct = await turn.tools.chat.open_direct(turn.job.user)
    elsewhere = replace(turn.job, result_channel=direct, uploads=(), result_intent_at=None)
    await turn.record(elsewhere, "direct", direct)


async def _delivered(turn: Turn) -> Advance:
    job = turn.job
    delivered = replace(
        job, stage=Stage.DELIVERED, delivered_at=turn.tools.now(), cost_told=job.cost_actual
    )
    shown = await show(delivered, turn.tools)
    pause = pacing.settle_pause(0, cost_known=job.cost_actual is not None)
    return Advance(job=shown, note="delivered", detail=job.result_ts or "", after=pause or 0.0)
