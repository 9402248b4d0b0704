"""Submit the job to MindVideo once: with one key and one body, however often they are sent."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import (
    BotError,
    KeyConflictError,
    OperatorMustActError,
    RefusedError,
    RetryLaterError,
)
from bot.base.ports import Snapshot
from bot.jobs.call_limits import provider
from bot.jobs.services import Services
from bot.messages.job import SILENT_TRIES
from bot.options.failures import failure_of
from bot.options.mentions import named_input
from bot.steps.progress import show_progress
from bot.worker.context import Claim
from bot.worker.names import name_mentions
from bot.worker.permits import refuse_known, shared_pauses
from bot.worker.result import Advance, Park, Reject, Result, cancelled
from bot.worker.snapshot import with_snapshot
from storage.job import EventName, Failure, Instant, Job, Outcome, Stage

_REFUSALS = frozenset({Failure.ACCESS, Failure.CREDIT})
"""Why MindVideo certainly did not take a request. A page of a gateway, such as a redirect, has no
class: the request may have been handed on."""


def idempotency_key(job: Job) -> str:
    """Return the key of an announced job: the ID of its own message."""
    return f"slack:{job.team}:{job.channel}:{job.message_ts}"


async def submit(claim: Claim[Job]) -> Result[Job]:
    """Start the render, or get the task that an earlier attempt started.

    Safe to repeat: the key and the exact bytes are committed before the first byte is sent, and
    every retry sends the same bytes under the same key, which MindVideo answers with the original
    task and no second charge (https://api.mindvideo.ai, "Submit a request").
    """
    services = claim.services
    if claim.row.attempts >= SILENT_TRIES:
        await _show_delay(claim)
    if await _is_key_too_old(claim):
        return Park(
            row=claim.row,
            problem="It was not handed to MindVideo for certain within a day; handed over again "
            "without a look, it could be billed twice.",
            detail="MindVideo may have forgotten its key. If its page shows this render, "
            f"`jobs resume {claim.row.id} --task TASK_ID` takes it up; if not, `--send-again`.",
        )
    was_chargeable = claim.row.chargeable_since is not None
    # Given up while a send was under way, which was then refused for certain.
    was_given_up = not was_chargeable and claim.row.given_up_at is not None
    is_wanted = not was_given_up and claim.row.cancel_requested_at is None
    if is_wanted:
        refuse_known(claim, provider())
    if is_wanted and not was_chargeable:
        try:
            await _make_chargeable(claim)
        except RefusedError as error:
            unfit = replace(claim.row, failure=Failure.IMAGE)
            return Reject(row=unfit, problem=str(error), outcome=Outcome.FAILED)
    job = claim.row
    if was_given_up or job.cancel_requested_at is not None:
        # The store accepts a cancel only while MindVideo certainly has no request.
        return cancelled(job)
    claim.check_lease()
    try:
        async with shared_pauses(services):
            snapshot = await services.video.submit(
                job.request_body or b"", job.idempotency_key or ""
            )
    except KeyConflictError as error:
        return Park(
            row=job,
            problem="MindVideo knows this job's key with another request.",
            detail=f"409 {error.code or ''} request {error.request_id or 'unknown'}",
        )
    except RefusedError as error:
        problem = f"MindVideo says: {error}"
        model = services.catalog.find(job.model)
        cause = failure_of(model, error.code, str(error))
        refused = replace(job, request_body=None, failure=cause)
        return Reject(row=refused, problem=problem, outcome=Outcome.FAILED)
    except (OperatorMustActError, RetryLaterError) as error:
        raise await _waiting(claim, error, was_chargeable=was_chargeable) from error
    return _accepted(job, snapshot, services.now())


async def _show_delay(claim: Claim[Job]) -> None:
    shown = await show_progress(claim.row, claim.services)
    if shown != claim.row:
        await claim.write(shown, None)


async def _waiting(
    claim: Claim[Job], error: OperatorMustActError | RetryLaterError, *, was_chargeable: bool
) -> BotError:
    """Show why the submit waits, and return the error to raise for it.

    That is another one where a model's own code for an empty account came as a limit of rate.
    """
    cause = _cause(claim, error)
    needs_operator = isinstance(error, OperatorMustActError) or cause is Failure.CREDIT
    if cause in _REFUSALS and not was_chargeable:
        # Refused for certain, as each send before: a cancel is free again until the next try.
        await claim.write(replace(claim.row, chargeable_since=None), None)
    await _show_wait(claim, cause)
    kind = OperatorMustActError if needs_operator else RetryLaterError
    return kind(
        str(error),
        code=error.code,
        request_id=error.request_id,
        retry_after=error.retry_after,
        failure=cause,
        why=error.why,
    )


def _cause(claim: Claim[Job], error: BotError) -> Failure | None:
    """Return why the submit has to wait; a model may have a code of its own for no credit."""
    model = claim.services.catalog.find(claim.row.model)
    declared = failure_of(model, error.code, None)
    return declared if declared is Failure.CREDIT else error.failure


async def _show_wait(claim: Claim[Job], failure: Failure | None) -> None:
    """Show why the submit waits, and keep it on the row."""
    waiting = replace(claim.row, failure=failure)
    shown = waiting if failure is None else await show_progress(waiting, claim.services)
    if shown != claim.row:
        await claim.write(shown, None)


async def _is_key_too_old(claim: Claim[Job]) -> bool:
    """Return whether MindVideo may have forgotten the key; `False` for a job that is cancelled."""
    if claim.row.cancel_requested_at is not None:
        return False
    return await _key_age(claim) > claim.services.video.key_lifetime


async def _key_age(claim: Claim[Job]) -> float:
    """Return how many seconds ago the key can have been used first: the age of the job's message.

    That of a planned job was not used before its time.
    Both times are by Slack's clock. Our own clock may have stopped or been set since, and a row
    from a backup lacks what was sent after the backup. If an operator has vouched that MindVideo
    has no render under the key, the age counts from then.
    """
    chat = claim.services.chat
    known = None if _may_be_sent(claim) else chat.known_clock()
    now = await chat.read_clock() if known is None else known
    if (claim.row.confirmed_absent_at or 0.0) > now:
        # The clock of the operator's shell is ahead. Nothing was sent since, so the present time is
        # early enough. It is committed, or each later attempt would replace it by a later time.
        await claim.write(replace(claim.row, confirmed_absent_at=now), None)
    job = claim.row
    return now - max(job.posted_at or 0.0, job.starts_at or 0.0, job.confirmed_absent_at or 0.0)


def _may_be_sent(claim: Claim[Job]) -> bool:
    """Return whether the key may have been used before, so that its age must be certain."""
    job = claim.row
    is_noted = job.first_sent_at is not None or job.confirmed_absent_at is not None
    return is_noted or claim.may_be_restored(job.created_at)


async def _make_chargeable(claim: Claim[Job]) -> None:
    """Commit that MindVideo may have the request from now on, at first with the key and the body.

    A cancel request in `claim.row` came before this commit, after which the store accepts none.
    Raises `RefusedError` for an attached image that cannot be used: nothing was sent.
    """
    now = claim.services.now()
    if claim.row.request_body is not None:
        await claim.write(replace(claim.row, chargeable_since=now), None)
        return
    await name_mentions(claim)
    prepared = replace(await _prepared(claim.row, claim.services), chargeable_since=now)
    await claim.record(prepared, EventName.SUBMITTING)


async def _prepared(job: Job, services: Services) -> Job:
    """Return the job with the key and the body of its request. Raises `RefusedError`."""
    values = await services.images.resolve(job.model, named_input(job))
    return replace(
        job,
        idempotency_key=idempotency_key(job),
        request_body=services.video.request_body(job.model, values),
        first_sent_at=services.now(),
    )


def _accepted(job: Job, snapshot: Snapshot, now: Instant) -> Advance[Job]:
    started = replace(
        with_snapshot(job, snapshot, now),
        stage=Stage.RENDERING,
        request_body=None,  # it is never sent again, and may hold megabytes of images
        task_id=snapshot.task_id,
        failure=None,
        submitted_at=job.first_sent_at,
    )
    detail = f"task {snapshot.task_id}"
    return Advance(row=started, note=EventName.SUBMITTED, detail=detail)
