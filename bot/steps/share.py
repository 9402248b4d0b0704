"""Share the finished files in one message, at most once."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import (
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RetryLaterError,
)
from bot.base.ports import Place
from bot.messages.file import title
from bot.messages.result import final_message
from bot.steps.learn import learn
from bot.steps.upload import fetch
from bot.worker.context import Turn
from bot.worker.member import share_as_member
from storage.job import LookBy

# How long Slack may take to show that a file is shared, after it said so.
SHARE_PATIENCE_SECONDS = 30.0


async def share_files(turn: Turn, place: Place) -> None:
    """Bring every output to Slack and share them all as the job's result.

    Safe to repeat: the intent is committed before the share, and a row that carries an intent
    asks Slack whether the files are shared before it shares anything. Only when Slack has denied
    that for a while are the files discarded and brought anew.
    """
    if turn.job.result_intent_at is not None and await _stands(turn, place):
        return
    for index in range(len(turn.job.outputs)):
        await _fetch_fresh(turn, index)
    message = final_message(turn.job, await turn.tools.sheet(turn.job))
    files = [(upload.file_id, title(turn.job)) for upload in turn.job.uploads]
    await turn.record(replace(turn.job, result_intent_at=turn.tools.now()), "sharing")
    try:
        await share_as_member(turn.tools.chat, files, place, message, turn.hold)
    except (RetryLaterError, OperatorMustActError):
        # Certainly not shared, so the next try need not look.
        await turn.record(replace(turn.job, result_intent_at=None), "not shared")
        raise
    except NotFoundError as error:
        # The file is gone, or was shared by a call whose answer was lost: look before repeating.
        raise OutcomeUnknownError("Slack does not know the file that was to be shared.") from error
    await _stands(turn, place)


async def _fetch_fresh(turn: Turn, index: int) -> None:
    """Fetch an output, asking the task for a new URL if the one we have has expired.

    Raises `RetryLaterError` where MindVideo denies the task or the new URL as well: what was paid
    for is not given up because of one such answer.
    """
    try:
        await fetch(turn, index)
    except NotFoundError:
        try:
            await _fetch_anew(turn, index)
        except NotFoundError as error:
            raise RetryLaterError(str(error), code=error.code) from error


async def _fetch_anew(turn: Turn, index: int) -> None:
    snapshot = await turn.tools.video.look(turn.job.task_id or "", LookBy.TASK)
    known = learn(turn.job, snapshot, turn.tools.now())
    if known.outputs == turn.job.outputs:
        raise RetryLaterError("MindVideo's link to the file does not work yet.")
    await turn.record(known, "fresh link")
    await fetch(turn, index)


async def _stands(turn: Turn, place: Place) -> bool:
    """Tell whether the share stands, and record it; start over where it certainly failed."""
    job, chat = turn.job, turn.tools.chat
    if not job.uploads:
        return False
    first = job.uploads[0].file_id
    try:
        state = await chat.look_at_file(first, place.channel)
    except NotFoundError:
        await turn.record(replace(job, uploads=(), result_intent_at=None), "file gone")
        return False
    if state.shared_ts is not None:
        await turn.record(replace(job, result_ts=state.shared_ts), "shared")
        return True
    since = job.result_intent_at or turn.tools.now()
    if turn.tools.now() - since < SHARE_PATIENCE_SECONDS:
        raise OutcomeUnknownError("Slack has not shown the shared file yet.")
    await turn.hold()
    for upload in job.uploads:
        await chat.discard_file(upload.file_id)
    await turn.record(replace(job, uploads=(), result_intent_at=None), "share lost")
    return False
