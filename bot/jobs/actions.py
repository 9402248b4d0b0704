"""What may be done with a job: one registry, whichever surface a person uses.

A surface finds an action by its name: a command and a reply by a word, a button by its action ID.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.jobs.accept import Accepted, Duplicate, Interaction, accept
from bot.jobs.services import Services
from bot.jobs.view import JobView, brief_view, load_view
from bot.options.attachments import Attached
from bot.options.parser import TypedText
from bot.options.request import all_options, changed_request, check_input
from storage.job import TERMINAL, Event, Instant, Job, Json, Outcome, Stage
from storage.notification import Notification, NotificationKind, notification_id
from storage.store import Outbox


class ActionName(StrEnum):
    """What may be done with a job."""

    STATUS = "status"
    COST = "cost"
    DETAILS = "details"
    AGAIN = "again"
    CANCEL = "cancel"
    GIVE_UP = "give up"
    SHARE = "share"
    RESEND = "resend"


class Allowed(StrEnum):
    """Who may do it."""

    EVERYBODY = "everybody"
    ASKER_AND_ADMINS = "asker and admins"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """An action that somebody wants done."""

    job: Job
    interaction: Interaction
    changes: TypedText | None = None
    """What to render differently, in words."""
    files: Sequence[Attached] = ()
    options: Mapping[str, Json] = field(default_factory=dict)
    """What to render differently, by property; a button carries it."""
    sure: bool = True
    """Whether the person certainly means it; a button is easily pressed twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusShown:
    """How the job is doing."""

    view: JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class CostShown:
    """What the job cost."""

    view: JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsShown:
    """Everything that is known of the job."""

    view: JobView
    options: Sequence[tuple[str, str, bool]]
    """Title, value, and whether it was given."""
    events: Sequence[Event]


class Verdict(StrEnum):
    """What came of a request to cancel."""

    FREE = "free"
    """Nothing was sent yet: it ends without a charge."""
    BILLED = "billed"
    """MindVideo has it and bills it either way; it can only be given up."""
    GIVEN_UP = "given up"
    """It is no longer followed; the bill still comes."""
    ON_HOLD = "on hold"
    """It is parked, so an operator decides."""
    OVER = "over"
    """There was nothing left to cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAnswered:
    """What came of a request to cancel or to give up; `view` is the job as it is now."""

    verdict: Verdict
    view: JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAnswered:
    """The result is going to be shared in the channel; `is_new`: it was not asked for before."""

    job: Job
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendAnswered:
    """The files are going to be delivered again."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """This person may not do it."""

    job: Job


ActionOutcome: TypeAlias = (
    StatusShown
    | CostShown
    | DetailsShown
    | Accepted
    | Duplicate
    | CancelAnswered
    | ShareAnswered
    | ResendAnswered
    | NotAllowed
)

Run: TypeAlias = Callable[[ActionRequest, Services], Awaitable[ActionOutcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAction:
    """One action: who may do it, and what it does."""

    allowed: Allowed
    run: Run
    """Safe to repeat for the same `dedup_key`. Raises `UsageError`, and `StoreError` when it could
    not be written."""


async def perform(name: ActionName, request: ActionRequest, services: Services) -> ActionOutcome:
    """Do something with a job, if this person may. Raises what `JobAction.run` raises."""
    action = JOB_ACTIONS[name]
    if not _may(action.allowed, request, services):
        return NotAllowed(job=request.job)
    return await action.run(request, services)


def _may(allowed: Allowed, request: ActionRequest, services: Services) -> bool:
    user = request.interaction.user
    return allowed is Allowed.EVERYBODY or user == request.job.user or services.is_admin(user)


async def _status(request: ActionRequest, services: Services) -> StatusShown:
    return StatusShown(view=await load_view(request.job, services))


async def _cost(request: ActionRequest, services: Services) -> CostShown:
    return CostShown(view=brief_view(request.job, services.catalog, services.unit))


async def _details(request: ActionRequest, services: Services) -> DetailsShown:
    job = request.job
    model = services.catalog.find(job.model)
    return DetailsShown(
        view=await load_view(job, services),
        options=all_options(model, job.input) if model else (),
        events=await services.store.jobs.events(job.id),
    )


async def _again(request: ActionRequest, services: Services) -> Accepted | Duplicate:
    """Render the same again, with what words, files and options change: a new job and charge.

    Raises `UsageError` for changes that cannot be made and for a model that left the catalog.
    """
    job, catalog = request.job, services.catalog
    if request.changes is not None or request.files:
        typed = request.changes or TypedText(text="", tokens=(), rest="")
        render = changed_request(job, typed, catalog, request.files)
    else:
        render = check_input(catalog.get(job.model), {**job.input, **request.options})
    return await accept(render, request.interaction, services, parent_id=job.id, sure=request.sure)


async def _cancel(request: ActionRequest, services: Services) -> CancelAnswered:
    """Cancel while it is free. Idempotent."""
    job, by = request.job, request.interaction.user
    row = await services.store.jobs.request_cancel(job.id, by, services.now()) or job
    if row.stage in TERMINAL or row.stage is Stage.FINISHED:
        verdict = Verdict.OVER
    elif row.cancel_requested_at is not None:
        services.wake()
        verdict = Verdict.FREE
    elif row.unfollowed_at is not None:
        verdict = Verdict.GIVEN_UP
    else:
        verdict = Verdict.ON_HOLD if row.stage is Stage.PARKED else Verdict.BILLED
    return _answered(verdict, row, services)


async def _give_up(request: ActionRequest, services: Services) -> CancelAnswered:
    """Stop following a render that MindVideo has, for the person. Idempotent."""
    job, by = request.job, request.interaction.user
    row = await services.store.jobs.unfollow(job.id, by, services.now()) or job
    if row.unfollowed_at is None:
        verdict = Verdict.ON_HOLD if row.stage is Stage.PARKED else Verdict.OVER
        return _answered(verdict, row, services)
    services.wake()
    return _answered(Verdict.GIVEN_UP, row, services)


def _answered(verdict: Verdict, row: Job, services: Services) -> CancelAnswered:
    view = brief_view(row, services.catalog, services.unit)
    return CancelAnswered(verdict=verdict, view=view)


async def _share(request: ActionRequest, services: Services) -> ShareAnswered:
    """Tell the channel of a result that is in a thread, at most once for each job.

    The row is known by the job and the channel, so a click that comes again, or another one, adds
    nothing.
    """
    job, delivery = request.job, request.job.delivery
    if job.outcome is not Outcome.SUCCEEDED or delivery.ts is None or delivery.channel:
        raise UsageError(f"Job {job.id} has no video in a thread of this channel to share.")
    now = services.now()
    row = Notification(
        id=notification_id(NotificationKind.SHARED, job.channel, job.id),
        team=job.team,
        channel=job.channel,
        kind=NotificationKind.SHARED,
        happened_at=now,
        job_id=job.id,
        detail=request.interaction.user,
        due_at=now,
    )
    is_new = await services.store.outbox.add(row)
    services.wake()
    return ShareAnswered(job=job, is_new=is_new)


async def _resend(request: ActionRequest, services: Services) -> ResendAnswered:
    job, interaction = request.job, request.interaction
    delivery_id = notification_id(NotificationKind.RESENT, job.id, interaction.dedup_key)
    await put_resend(
        services.store.outbox, job, delivery_id, by=interaction.user, now=services.now()
    )
    services.wake()
    return ResendAnswered(job=job)


async def put_resend(outbox: Outbox, job: Job, delivery_id: str, *, by: str, now: Instant) -> None:
    """Have a finished job's files delivered again, without rendering or charging again.

    Idempotent by `delivery_id`, by which its message is marked at Slack. Raises `UsageError` for a
    job without files.
    """
    if job.outcome is not Outcome.SUCCEEDED or not job.outputs:
        raise UsageError(f"Job {job.id} has no finished files to send.")
    row = Notification(
        id=delivery_id,
        team=job.team,
        channel=job.channel,
        thread_ts=job.thread_root,
        kind=NotificationKind.RESENT,
        happened_at=now,
        job_id=job.id,
        detail=by,
        # Since ever: an operator's shell may have a clock that is ahead of the running bot's.
        due_at=0.0,
    )
    await outbox.add(row)


JOB_ACTIONS: Mapping[ActionName, JobAction] = MappingProxyType(
    {
        ActionName.STATUS: JobAction(allowed=Allowed.EVERYBODY, run=_status),
        ActionName.COST: JobAction(allowed=Allowed.EVERYBODY, run=_cost),
        ActionName.DETAILS: JobAction(allowed=Allowed.EVERYBODY, run=_details),
        ActionName.AGAIN: JobAction(allowed=Allowed.EVERYBODY, run=_again),
        ActionName.CANCEL: JobAction(allowed=Allowed.ASKER_AND_ADMINS, run=_cancel),
        ActionName.GIVE_UP: JobAction(allowed=Allowed.ASKER_AND_ADMINS, run=_give_up),
        ActionName.SHARE: JobAction(allowed=Allowed.EVERYBODY, run=_share),
        ActionName.RESEND: JobAction(allowed=Allowed.EVERYBODY, run=_resend),
    }
)
