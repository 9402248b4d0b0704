"""Post the message of a planned job, and let the job start at its time."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import UsageError
from bot.jobs.forecast import load_forecast
from bot.jobs.planned import plan_next
from bot.jobs.services import Services
from bot.messages.planned import MISSED, PAUSED, asked_first, not_admitted
from bot.money.forecast import PriceToConfirm
from bot.steps.own_message import post_own_message, refusal
from bot.steps.progress import show_progress
from bot.worker.context import Claim
from bot.worker.result import Reject, Result, Snooze
from storage.approval import due_next
from storage.budget import AskFirst, NotAdmitted
from storage.job import EventName, Job, Outcome, Stage
from storage.store import InsertTerms

MISSED_SECONDS = 3600.0
"""A job whose time is over for longer is not started: who wanted it then may not want it now."""

EARLY_SECONDS = 600.0
"""How long a look at Slack's clock is good for, if this machine's is ahead of it: it may be set."""


async def plan(claim: Claim[Job]) -> Result[Job]:
    """Post the message, and wait; at the time of the job start it, or reject what cannot start.

    The time is told by Slack's clock, so that a clock that was set starts nothing early: the age of
    the idempotency key counts from this time, too. Safe to repeat: the message is posted once, and
    the admission is one commit under the fence. The next job of a repeat is inserted, once, before
    this one leaves its stage; but not after one that was cancelled, or whose user is gone.
    """
    job, services = claim.row, claim.services
    if job.message_ts is None and not job.is_later_of_repeat:
        message = await post_own_message(claim)
        if isinstance(message, Reject):
            return message
        posted = message.on(claim.row)
        after = max(0.0, (job.starts_at or 0.0) - services.now())
        return Snooze(row=posted, after=after, note=EventName.ANNOUNCED, detail=message.detail)
    refused = await refusal(claim)
    if refused is not None:
        return _paused(refused)
    late = await _lateness(job, services)
    if late < 0:
        return Snooze(row=job, after=min(-late, EARLY_SECONDS))
    if job.repeat is not None:
        await plan_next(job, job.repeat, (job.starts_at or 0.0) + late, services)
    if late > MISSED_SECONDS:
        return _rejected(job, MISSED)
    return await _start(claim)


def _paused(refused: Reject[Job]) -> Reject[Job]:
    """Return the result with the sentence that nothing follows, if its user may not go on."""
    is_paused = refused.row.repeat is not None and refused.note is EventName.NOT_ADMITTED
    return replace(refused, problem=f"{refused.problem} {PAUSED}") if is_paused else refused


async def _lateness(job: Job, services: Services) -> float:
    """Return how many seconds ago the job was to start, by Slack's clock; negative: in so many."""
    return await services.chat.read_clock() - (job.starts_at or 0.0)


async def _start(claim: Claim[Job]) -> Result[Job]:
    """Let the job begin to count, at the price of now, or wait for an approver."""
    services = claim.services
    try:
        priced = await _priced(claim.row, services)
    except UsageError as error:
        return _rejected(claim.row, str(error))
    before = claim.row.forecast
    agreed = None if before is None else PriceToConfirm(amount=before.amount)
    is_agreed = (
        agreed is not None and priced.forecast is not None and agreed.covers(priced.forecast)
    )
    terms = InsertTerms(most_active=services.max_active, is_price_agreed=is_agreed)
    made = await claim.begin(priced, terms)
    match made:
        case AskFirst():
            return _rejected(claim.row, asked_first(made, priced, services.unit))
        case NotAdmitted():
            return _rejected(claim.row, not_admitted(made, services.unit))
        case Job(stage=Stage.WAITING):
            shown = await show_progress(made, services)
            question = made.question
            after = 0.0 if question is None else due_next(question) - services.now()
            return Snooze(row=shown, after=after)
        case Job():
            return Snooze(row=made, after=0.0)


async def _priced(job: Job, services: Services) -> Job:
    """Return the job with its price of now, as one that was asked for at its time.

    So reports count it in the month of its budgets. Raises `UsageError` if its model is gone.
    """
    model = services.catalog.get(job.model)
    price, forecast = await load_forecast(model, job.input, services, services.now())
    return replace(
        job,
        price=price,
        forecast=forecast,
        reserved=forecast.amount,
        created_at=job.starts_at or job.created_at,
    )


def _rejected(job: Job, problem: str) -> Reject[Job]:
    return Reject(row=job, problem=problem, outcome=Outcome.FAILED)
