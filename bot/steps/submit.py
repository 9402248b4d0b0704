"""Hand the job to MindVideo, once: one key, one body, however often it must be sent."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import KeyConflictError, RefusedError
from bot.base.ports import Snapshot
from bot.messages.job import TRIES_UNTOLD
from bot.steps.learn import learn
from bot.steps.progress import show_progress
from bot.worker.context import Turn
from bot.worker.result import Advance, Park, Reject, Result
from storage.job import Job, Outcome, Stage

# MindVideo does not say how long it remembers a key. 24 h is assumed, and one kept in hand: past
# that a repeat could be a second charge.
KEY_LIFETIME_SECONDS = 23 * 3600.0

LARGEST_KEPT_BODY = 100_000
"""Bytes. A body that was answered is kept for support alone; one with images has megabytes."""


def idempotency_key(job: Job) -> str:
    """Return the key of an announced job: the ID of its own message."""
    return f"slack:{job.team}:{job.channel}:{job.message_ts}"


async def submit(turn: Turn) -> Result:
    """Start the render, or get the task that an earlier try started.

    Safe to repeat: the key and the exact bytes are committed before the first of them leaves, and
    every repeat sends those same bytes under that same key, which MindVideo answers with the
    original task and no second charge (https://api.mindvideo.ai, "Submit a request").
    """
    tools = turn.tools
    if turn.job.attempts >= TRIES_UNTOLD:
        await _tell_delay(turn)
    if turn.job.cancel_requested_at is None and await _key_age(turn) > KEY_LIFETIME_SECONDS:
        return Park(
            job=turn.job,
            problem="It was not handed to MindVideo for certain within a day; handed over again "
            "without a look, it could be billed twice.",
            detail="MindVideo may have forgotten its key. If its page shows this render, "
            f"`jobs resume {turn.job.id} --task TASK_ID` takes it up; if not, `--send-again`.",
        )
    if turn.job.request_body is None:
        try:
            await _prepare(turn)
        except RefusedError as error:
            return Reject(job=turn.job, problem=str(error), outcome=Outcome.FAILED)
    if turn.job.cancel_requested_at is not None:
        # The store notes a cancel only before the first send is committed, so nothing was sent.
        return Reject(job=turn.job, problem="You cancelled it.", outcome=Outcome.CANCELLED)
    job = turn.job
    try:
        snapshot = await tools.video.submit(job.request_body or b"", job.idempotency_key or "")
    except KeyConflictError as error:
        return Park(
            job=job,
            problem="MindVideo knows this job's key with another request.",
            detail=f"409 {error.code or ''} request {error.request_id or 'unknown'}",
        )
    except RefusedError as error:
        problem = f"MindVideo says: {error}"
        return Reject(job=_without_images(job), problem=problem, outcome=Outcome.FAILED)
    return _accepted(job, snapshot, tools.now())


async def _tell_delay(turn: Turn) -> None:
    shown = await show_progress(turn.job, turn.tools)
    if shown != turn.job:
        await turn.write(shown, None)


async def _key_age(turn: Turn) -> float:
    """Return how many seconds ago the key can have been used first: it is as old as its message.

    Both moments are Slack's. Our own clock may have stood still or been set since, and a row from
    a backup does not know what was sent after it. A person who saw that MindVideo has no render
    under the key makes it as good as new.
    """
    now = await turn.tools.chat.read_clock()
    if (turn.job.vouched_at or 0.0) > now:
        # The shell where they said so has a clock that is ahead: nothing was sent before they did,
        # so this moment is early enough. Written down, or each later try would move it on.
        await turn.write(replace(turn.job, vouched_at=now), None)
    return now - max(float(turn.job.message_ts or 0.0), turn.job.vouched_at or 0.0)


async def _prepare(turn: Turn) -> None:
    """Commit the key, the bytes and the moment, unless a cancel request came first.

    The store returns the row as it stands after the commit: a cancel request that is in it came
    before, and after it the store notes none. Raises `RefusedError` for an attached image that
    cannot be used: nothing was sent.
    """
    job = turn.job
    if job.cancel_requested_at is not None:
        return
    values = await turn.tools.pictures.resolve(job.input)
    prepared = replace(
        job,
        idempotency_key=idempotency_key(job),
        request_body=turn.tools.video.request_body(job.model, values),
        first_sent_at=turn.tools.now(),
    )
    await turn.record(prepared, "submitting")


def _without_images(job: Job) -> Job:
    """Return a job that is never sent again, without a body so large that it holds images."""
    return (
        job
        if len(job.request_body or b"") <= LARGEST_KEPT_BODY
        else replace(job, request_body=None)
    )


def _accepted(job: Job, snapshot: Snapshot, now: float) -> Advance:
    known = learn(_without_images(job), snapshot, now)
    started = replace(
        known,
        stage=Stage.RENDERING,
        task_id=snapshot.task_id,
        submitted_at=job.first_sent_at,
    )
    return Advance(job=started, note="submitted", detail=f"task {snapshot.task_id}")
