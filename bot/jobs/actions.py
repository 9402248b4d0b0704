"""The actions on a job: one registry for all surfaces.

A surface maps its spelling to the name of an action: a command and a reply a word, a button its
action ID.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import TypeAlias, assert_never

from bot.base.errors import UsageError
from bot.base.traces import Attribute, note
from bot.jobs.accept import (
    Acceptance,
    Accepted,
    AskContext,
    Asked,
    Asking,
    Interaction,
    Refused,
    SetAcceptance,
    SetAccepted,
    SetAsked,
    accept_requests,
    refused,
)
from bot.jobs.access import is_in_charge, require_member
from bot.jobs.cast import cast_for
from bot.jobs.chains import frame_of, require_chain
from bot.jobs.deleted import refuse_deleted
from bot.jobs.deliveries import following, have_followed, result_place
from bot.jobs.dry_run import DryRun, SetDryRun
from bot.jobs.erased import refuse_erased
from bot.jobs.planned import next_of_repeat
from bot.jobs.projects import ProjectNeededError
from bot.jobs.reviews import add_notes, give_feedback, load_notes
from bot.jobs.services import Services
from bot.jobs.sets import SetView, load_set
from bot.jobs.styles import styles_for
from bot.jobs.takes import load_chain_view
from bot.jobs.verdict import Verdict, verdict_of
from bot.jobs.view import JobView, brief_view, load_view
from bot.money.forecast import PriceToConfirm
from bot.options.alternatives import has_alternatives, variants_of
from bot.options.attachments import Attached
from bot.options.catalog import Model
from bot.options.continuation import base_of_continuation, has_words, looped
from bot.options.draft import Draft, RefusedTextError
from bot.options.mentions import asked_input
from bot.options.notes import TypedNote
from bot.options.parser import TypedText
from bot.options.request import (
    RenderRequest,
    all_options,
    asked_values,
    changed_request,
    same_request,
)
from bot.options.schema import PROMPT
from bot.options.sets import read_requests
from storage.budget import NotAdmitted
from storage.job import (
    REQUESTED,
    TERMINAL,
    UNDER_WAY,
    Event,
    Instant,
    Job,
    Json,
    Outcome,
    ReviewKind,
    Stage,
)
from storage.notification import (
    Notification,
    NotificationKind,
    notification_id,
    row_about,
)
from storage.review import Note
from storage.store import Added, Outbox

# Files of up to 90 MB, which go through this service each time.
MOST_RESENDS = 3
"""How often the files of one job are delivered again within an hour, whoever asks in Slack."""

HOUR_SECONDS = 3600.0

SAY_WHAT_FOLLOWS = "Say what happens next: `continue the boat leaves the harbour`."


class ActionName(StrEnum):
    """The name of an action on a job."""

    STATUS = "status"
    COST = "cost"
    DETAILS = "details"
    AGAIN = "again"
    CANCEL = "cancel"
    GIVE_UP = "give up"
    SHARE = "share"
    BRING = "bring"
    RESEND = "resend"
    KEEP = "keep"
    STOP_KEEPING = "stop keeping"
    SET_STATUS = "status of the set"
    CANCEL_SET = "cancel the set"
    CONTINUE = "continue"
    LOOP = "loop"
    STITCH = "stitch"
    DELETE = "delete"
    NOTE = "note"
    NEXT_TAKE = "next take"
    RATE_GOOD = "rate good"
    RATE_BAD = "rate bad"
    MARK_APPROVED = "mark as approved"
    ASK_CHANGES = "ask for changes"
    CONFIRM = "confirm"
    ASK_APPROVER = "ask an approver"


class Allowed(StrEnum):
    """The users who may perform an action."""

    MEMBERS = "members of the channel"
    ASKER_AND_ADMINS = "asker and admins"
    ASKER = "asker"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """A user's request for an action on a job."""

    job: Job
    interaction: Interaction
    changes: TypedText | None = None
    """Changes for another render, as typed."""
    files: Sequence[Attached] = ()
    options: Mapping[str, Json] = field(default_factory=dict)
    """Changes for another render, by property, as a button carries them."""
    question: Asking | None = None
    """What to ask before another render is accepted."""
    agreed: PriceToConfirm | None = None
    """The price of another render that its user was told, and agreed to."""
    moment: float | None = None
    """The second at which a continuation begins; `None`: at the end."""
    notes: Sequence[TypedNote] = ()
    """Notes about the result."""
    words: str = ""
    """What a reviewer said beside the review."""
    target: str | None = None
    """The channel to which a result is shared; `None`: that of the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusShown:
    """The state of the job."""

    view: JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class CostShown:
    """The cost of the job."""

    view: JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsShown:
    """All details of the job."""

    view: JobView
    options: Sequence[tuple[str, str, bool]]
    """Title and value of each option, and whether the user gave the value."""
    events: Sequence[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAnswered:
    """The outcome of a request to cancel or to give up; `view` shows the job as it is now."""

    verdict: Verdict
    view: JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAnswered:
    """The result will be shared in a channel; `is_new`: this request is the first to share it."""

    job: Job
    channel: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BringAnswered:
    """The render that was given up will be brought; `is_new`: this request is the first."""

    job: Job
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendAnswered:
    """The files will be delivered again."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepAnswered:
    """The result is kept, or not any more, as `job.kept_by` says."""

    job: Job
    has_changed: bool
    """Whether this request has changed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetShown:
    """The state of a set and its parts."""

    view: SetView


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCancelAnswered:
    """The outcome of a request to cancel a set, by what became of each part."""

    view: SetView
    parts: Mapping[Verdict, tuple[Job, ...]]
    """The parts of each verdict, in their order; without those that no part has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StitchAnswered:
    """The clips up to a job will be joined; `is_new`: this request is the first to want it."""

    job: Job
    clips: int
    is_new: bool
    problem: str = ""
    """Why an earlier request came to no film; empty: it did not fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAnswered:
    """The result is deleted; `is_new`: this request is the first to delete it."""

    job: Job
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesAnswered:
    """Notes about the result of a job are kept; `is_new`: this request brought them."""

    job: Job
    notes: Sequence[Note]
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAnswered:
    """The result is reviewed; `is_new`: this request reviewed it."""

    job: Job
    kind: ReviewKind
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackAnswered:
    """What its user thinks of the result is kept."""

    job: Job
    is_good: bool
    """What counts now, which may be a later press."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTakeOffered:
    """The form of the next take can be opened."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionExpired:
    """The question can no longer be answered: the request ended without having been accepted."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class ResentTooOften:
    """The files were delivered again `MOST_RESENDS` times within the last hour."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """The user may not perform the action, although they may see the job."""

    job: Job
    name: ActionName


ActionOutcome: TypeAlias = (
    StatusShown
    | CostShown
    | DetailsShown
    | Accepted
    | Asked
    | Refused
    | DryRun
    | SetAccepted
    | SetAsked
    | SetDryRun
    | QuestionExpired
    | CancelAnswered
    | ShareAnswered
    | BringAnswered
    | ResendAnswered
    | ResentTooOften
    | KeepAnswered
    | SetShown
    | SetCancelAnswered
    | StitchAnswered
    | DeleteAnswered
    | NotesAnswered
    | ReviewAnswered
    | FeedbackAnswered
    | NextTakeOffered
    | NotAllowed
)

Run: TypeAlias = Callable[[ActionRequest, Services], Awaitable[ActionOutcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAction:
    """One action: the users who may perform it, and its function."""

    allowed: Allowed
    run: Run
    """Safe to repeat for the same `dedup_key`. Raises `UsageError`, and `StoreError` when it could
    not be written."""
    makes_job: bool = False
    """Whether it makes a job, of whose user Slack is asked after the acknowledgement."""


async def perform(name: ActionName, request: ActionRequest, services: Services) -> ActionOutcome:
    """Perform an action, if the user may. Raises what `JobAction.run` raises.

    Whoever gets a job to perform an action on is in its channel, asked for it or is an admin:
    `access.find_job` returns no other, and a reply in its thread comes from its channel.
    """
    action, job = JOB_ACTIONS[name], request.job
    note(Attribute.JOB, job.id)
    if not action.makes_job and not is_in_charge(job, request.interaction.user, services):
        await require_member(request.interaction, services)
    if not _is_allowed(action.allowed, request, services):
        return NotAllowed(job=job, name=name)
    return await action.run(request, services)


def _is_allowed(allowed: Allowed, request: ActionRequest, services: Services) -> bool:
    user = request.interaction.user
    match allowed:
        case Allowed.MEMBERS:
            return True
        case Allowed.ASKER_AND_ADMINS:
            return is_in_charge(request.job, user, services)
        case Allowed.ASKER:
            return user == request.job.user
        case _:
            assert_never(allowed)


async def _status(request: ActionRequest, services: Services) -> StatusShown:
    return StatusShown(view=await load_view(request.job, services))


async def _cost(request: ActionRequest, services: Services) -> CostShown:
    return CostShown(view=brief_view(request.job, services.catalog, services.unit))


async def _details(request: ActionRequest, services: Services) -> DetailsShown:
    job = request.job
    model = services.catalog.find(job.model)
    chain = await load_chain_view(job, request.interaction, services)
    notes = await load_notes(job, services)
    return DetailsShown(
        view=replace(await load_view(job, services), chain=chain, notes=notes),
        options=all_options(model, asked_input(job)) if model else (),
        events=await services.store.jobs.events(job.id),
    )


async def _again(request: ActionRequest, services: Services) -> Acceptance | SetAcceptance:
    """Render the job's request again with the given changes, as new jobs with new charges.

    Raises `UsageError` for changes that cannot be made, for a model that is no longer in the
    catalog, and for a job whose texts were erased.
    """
    job, catalog = request.job, services.catalog
    refuse_erased(job)
    if request.changes is not None or request.files:
        renders = await _changed(job, request, services)
    else:
        # What its asker was asked about then, and confirmed, is meant.
        is_meant = job.stage in REQUESTED
        model = catalog.get(job.model)
        renders = [same_request(job, model, request.options, is_meant=is_meant)]
    try:
        return await _accepted(renders, request, services, parent_id=job.id)
    except ProjectNeededError as error:
        raise RefusedTextError(draft_of(request), *error.problems) from None


async def _accepted(
    renders: Sequence[RenderRequest],
    request: ActionRequest,
    services: Services,
    *,
    parent_id: str | None,
) -> Acceptance | SetAcceptance:
    return await accept_requests(
        renders,
        _words(request, renders[0]),
        request.interaction,
        services,
        AskContext(parent_id=parent_id, question=request.question, agreed=request.agreed),
    )


def _words(request: ActionRequest, render: RenderRequest) -> str:
    """Return the words of a set: its alternatives as they were typed, else the whole prompt."""
    typed = request.changes or _NO_CHANGES
    return typed.text if has_alternatives(typed) else str(asked_values(render).get(PROMPT) or "")


async def _changed(
    previous: Job | RenderRequest, request: ActionRequest, services: Services
) -> Sequence[RenderRequest]:
    """Return an earlier request with the typed changes, once for each video that they ask for.

    Raises `RefusedTextError`, `StoreError`.
    """
    typed, asker = request.changes or _NO_CHANGES, request.interaction
    where = (asker.team, asker.user, asker.channel)
    styles = await styles_for(typed, *where, services)
    cast = await cast_for(typed, *where, services)

    def read(changes: TypedText, files: Sequence[Attached]) -> RenderRequest:
        return changed_request(previous, changes, services.catalog, files, styles, cast=cast)

    try:
        return read_requests(variants_of(typed), request.files, read)
    except UsageError as error:
        raise RefusedTextError(draft_of(request), *error.problems) from None


_NO_CHANGES = TypedText(text="", tokens=(), rest="")


def draft_of(request: ActionRequest) -> Draft:
    """Return the changes of a job, to open them in the form."""
    typed = request.changes or _NO_CHANGES
    return Draft(
        text=typed.text,
        channel=request.interaction.channel,
        thread_ts=request.interaction.reply_to.thread_ts,
        parent_id=request.job.id,
        files=tuple(request.files),
        people=typed.people,
    )


async def _cancel(request: ActionRequest, services: Services) -> CancelAnswered:
    """Cancel the job if nothing was sent to MindVideo yet. Idempotent.

    Of a job that is over, the next one of its repeat is cancelled, which ends the repeat.
    """
    job, by = request.job, request.interaction.user
    if job.stage in TERMINAL:
        # Nothing is left of it to be cancelled but what goes on by itself.
        job = await next_of_repeat(job, services) or job
    row = await services.store.jobs.request_cancel(job.id, by, services.now()) or job
    verdict = verdict_of(row)
    if verdict is Verdict.FREE:
        services.wake()
    return _cancel_answered(verdict, row, services)


async def _set_status(request: ActionRequest, services: Services) -> SetShown:
    """Show the set of which the job is a part. Raises `UsageError` for a job that is of none."""
    return SetShown(view=await _set_of(request.job, services))


async def _cancel_set(request: ActionRequest, services: Services) -> SetCancelAnswered:
    """Cancel all parts of the set of which nothing was sent to MindVideo yet. Idempotent.

    Raises `UsageError` for a job that is of no set.
    """
    view = await _set_of(request.job, services)
    by = request.interaction.user
    rows = await services.store.jobs.request_cancel_of_set(view.id, by, services.now())
    services.wake()
    verdicts: dict[Verdict, list[Job]] = {}
    for row in rows:
        verdicts.setdefault(verdict_of(row), []).append(row)
    parts = {verdict: tuple(those) for verdict, those in verdicts.items()}
    return SetCancelAnswered(view=view, parts=parts)


async def _set_of(job: Job, services: Services) -> SetView:
    view = None if job.set_id is None else await load_set(job.set_id, services)
    if view is None:
        raise UsageError(f"Job {job.id} is no part of a set.")
    return view


async def _give_up(request: ActionRequest, services: Services) -> CancelAnswered:
    """End the job for the user, while MindVideo goes on with the render. Idempotent."""
    job, by = request.job, request.interaction.user
    row = await services.store.jobs.give_up(job.id, by, services.now()) or job
    if row.given_up_at is None:
        verdict = Verdict.ON_HOLD if row.stage is Stage.PARKED else Verdict.OVER
        return _cancel_answered(verdict, row, services)
    services.wake()
    return _cancel_answered(Verdict.GIVEN_UP, row, services)


def _cancel_answered(verdict: Verdict, row: Job, services: Services) -> CancelAnswered:
    view = brief_view(row, services.catalog, services.unit)
    return CancelAnswered(verdict=verdict, view=view)


async def _continue(request: ActionRequest, services: Services) -> Acceptance | SetAcceptance:
    """Render what follows a video: a new job that begins with a frame of it, and is charged.

    Its words are new; model, options, style and images stay, and may be changed. Raises
    `UsageError` without words, for a video that is no file at Slack, and for a model that takes no
    first frame.
    """
    job, model = request.job, _model_of(request.job, services)
    frame = await frame_of(job, request.moment, services)
    base = base_of_continuation(job, model, frame)
    if request.changes is None:
        raise UsageError(SAY_WHAT_FOLLOWS)
    try:
        renders = await _changed(base, request, services)
    except RefusedTextError as error:
        # The form of a draft would fill in the scene of the earlier video.
        raise UsageError(*error.problems) from None
    if not all(has_words(render.input) for render in renders):
        raise UsageError(SAY_WHAT_FOLLOWS)
    return await _accepted(renders, request, services, parent_id=None)


async def _loop(request: ActionRequest, services: Services) -> Acceptance | SetAcceptance:
    """Render the video again with its first frame as first and last one: a new job, charged.

    Raises `UsageError` as `_continue` does.
    """
    job, model = request.job, _model_of(request.job, services)
    frame = await frame_of(job, 0.0, services)
    return await _accepted([looped(job, model, frame)], request, services, parent_id=job.id)


def _model_of(job: Job, services: Services) -> Model:
    refuse_erased(job)
    return services.catalog.get(job.model)


async def _stitch(request: ActionRequest, services: Services) -> StitchAnswered:
    """Enqueue the film of the clips up to a job, at most once for each job. Nothing is charged.

    Raises `UsageError` if the job continues no other.
    """
    job, now = request.job, services.now()
    chain = await require_chain(job, request.interaction, services)
    place = result_place(job)
    row = row_about(
        job,
        NotificationKind.STITCHED,
        now,
        row_id=notification_id(NotificationKind.STITCHED, job.channel, job.id),
        channel=place.channel,
        thread_ts=place.thread_ts,
        detail=request.interaction.user,
    )
    is_new = await services.store.outbox.add(row)
    services.wake()
    before = None if is_new else await services.store.outbox.find(row.id)
    problem = (before.problem or "") if before is not None and before.is_given_up else ""
    return StitchAnswered(job=job, clips=len(chain), is_new=is_new, problem=problem)


async def _share(request: ActionRequest, services: Services) -> ShareAnswered | NotAllowed:
    """Enqueue a message that brings a result to a channel, at most once for each of both.

    The row's ID is made of the job and the channel, so a click that is delivered again, or another
    one, adds nothing. Only the asker and admins take a result to another channel. Raises
    `UsageError` for a job without a result.
    """
    job, channel = request.job, request.target or request.job.channel
    if channel != job.channel and not _is_allowed(Allowed.ASKER_AND_ADMINS, request, services):
        return NotAllowed(job=job, name=ActionName.SHARE)
    refuse_deleted(job)
    if not job.has_result:
        raise UsageError(f"Job {job.id} has no video to share.")
    now = services.now()
    row = row_about(
        job,
        NotificationKind.SHARED,
        now,
        row_id=notification_id(NotificationKind.SHARED, channel, job.id),
        channel=channel,
        detail=request.interaction.user,
    )
    is_new = await services.store.outbox.add(row)
    services.wake()
    return ShareAnswered(job=job, channel=channel, is_new=is_new)


async def _bring(request: ActionRequest, services: Services) -> BringAnswered:
    """Enqueue the delivery of a render that was given up, at most once for each job.

    MindVideo bills the render in any case. Raises `UsageError` for another job.
    """
    job = request.job
    refuse_deleted(job)
    if job.given_up_at is None or job.outcome is not Outcome.CANCELLED or job.task_id is None:
        raise UsageError(f"Job {job.id} was not given up.")
    row = following(job, services.now(), by=request.interaction.user)
    is_new = await services.store.outbox.add(row)
    services.wake()
    return BringAnswered(job=job, is_new=is_new)


async def _resend(request: ActionRequest, services: Services) -> ResendAnswered | ResentTooOften:
    """Enqueue another delivery, at most `MOST_RESENDS` in an hour for each job.

    Idempotent: a request that is delivered again finds its row, and counts once.
    """
    job, interaction, now = request.job, request.interaction, services.now()
    delivery_id = notification_id(NotificationKind.RESENT, job.id, interaction.dedup_key)
    row = _resend_row(job, delivery_id, by=interaction.user, now=now)
    outbox = services.store.outbox
    if await outbox.add_within(row, most=MOST_RESENDS, since=now - HOUR_SECONDS) is Added.TOO_MANY:
        return ResentTooOften(job=job)
    services.wake()
    return ResendAnswered(job=job)


async def _keep(request: ActionRequest, services: Services) -> KeepAnswered:
    """Record who keeps a result; the first one stays. Idempotent.

    Raises `UsageError` for a job without a result.
    """
    job = request.job
    refuse_deleted(job)
    if not job.has_result:
        raise UsageError(f"Job {job.id} has no video to keep.")
    return await _kept(job, request.interaction.user, services)


async def _stop_keeping(request: ActionRequest, services: Services) -> KeepAnswered:
    """Record that nobody keeps a result any more. Idempotent."""
    return await _kept(request.job, None, services)


async def _kept(job: Job, by: str | None, services: Services) -> KeepAnswered:
    row = await services.store.jobs.keep(job.id, by, services.now()) or job
    services.wake()
    has_changed = (row.kept_by is None) is not (job.kept_by is None)
    return KeepAnswered(job=row, has_changed=has_changed)


async def _delete(request: ActionRequest, services: Services) -> DeleteAnswered:
    """Delete the result; what was brought of it is taken back in the background. Idempotent.

    The row and what is billed stay. A repeat takes back what Slack did not delete before. Raises
    `UsageError` for a job that is under way, or has no video.
    """
    job = request.job
    if job.stage in UNDER_WAY:
        raise UsageError(
            f"Job {job.id} is not over yet, so there is nothing to delete. "
            f"`/video cancel {job.id}` tells what can still be done."
        )
    is_made = job.has_result or job.deleted_at is not None
    if not is_made and not await have_followed(job, services):
        raise UsageError(f"Job {job.id} has no video to delete.")
    row = await services.store.jobs.delete_result(job.id, request.interaction.user, services.now())
    services.wake()
    return DeleteAnswered(job=row or job, is_new=job.deleted_at is None)


async def _note(request: ActionRequest, services: Services) -> NotesAnswered:
    """Keep notes about a result; nothing is rendered. Idempotent.

    Raises `UsageError` for a job without a result, and for a time that its video does not have.
    """
    noted = await add_notes(request.job, request.notes, request.interaction, services)
    by, now = request.interaction.user, services.now()
    notes = [Note(by=by, at=now, second=one.second, words=one.words) for one in request.notes]
    return NotesAnswered(job=noted.job, notes=notes, is_new=noted.is_new)


async def _review(kind: ReviewKind, request: ActionRequest, services: Services) -> ReviewAnswered:
    """Record what a reviewer says of a result, with notes if there are any. Idempotent.

    The last review counts. Raises `UsageError` as `_note` does.
    """
    noted = await add_notes(
        request.job,
        request.notes,
        request.interaction,
        services,
        review=kind,
        words=request.words,
    )
    return ReviewAnswered(job=noted.job, kind=kind, is_new=noted.is_new)


async def _give_feedback(
    request: ActionRequest, services: Services, *, is_good: bool
) -> FeedbackAnswered:
    """Keep what a user thinks of a result. Idempotent.

    Raises `UsageError` for a job without a result.
    """
    job, feedback = await give_feedback(request.job, request.interaction, services, is_good=is_good)
    return FeedbackAnswered(job=job, is_good=feedback.is_good)


async def _next_take(request: ActionRequest, _: Services) -> NextTakeOffered:
    refuse_erased(request.job)
    return NextTakeOffered(job=request.job)


async def put_resend(outbox: Outbox, job: Job, delivery_id: str, *, by: str, now: Instant) -> None:
    """Enqueue another delivery of a finished job's files for an operator, whom no limit holds.

    Idempotent by `delivery_id`. Raises `UsageError` for a job without files.
    """
    await outbox.add(_resend_row(job, delivery_id, by=by, now=now))


def _resend_row(job: Job, delivery_id: str, *, by: str, now: Instant) -> Notification:
    """Return the row of another delivery of a finished job's files, without render or charge.

    Its message is marked at Slack with `delivery_id`. `by` is the ID of the user who requested it.
    Raises `UsageError` for a job without files.
    """
    refuse_deleted(job)
    if not job.has_result:
        raise UsageError(f"Job {job.id} has no finished files to send.")
    row = row_about(
        job,
        NotificationKind.RESENT,
        now,
        row_id=delivery_id,
        channel=job.channel,
        thread_ts=job.thread_root,
        detail=by,
    )
    # Not `now`: the clock of an operator's shell may be ahead of the running bot's.
    return replace(row, due_at=0.0)


async def _confirm(
    request: ActionRequest, services: Services, *, asks_approvers: bool = False
) -> Accepted | Asked | Refused | QuestionExpired:
    """Accept a request that waits for its asker. Idempotent: it is accepted once.

    It may have to wait for an approver then. Refused by budgets it waits on, and can be confirmed
    until its question expires; with `asks_approvers` an approver is asked instead.
    """
    job = request.job
    made = await services.store.jobs.confirm(
        job.id,
        request.interaction.user,
        services.now(),
        most_active=services.max_active,
        asks_approvers=asks_approvers,
    )
    if isinstance(made, NotAdmitted):
        return await refused(made, job, services)
    row = made or job
    services.wake()
    if row.stage is Stage.WAITING and row.question is not None and row.question.is_for_approvers:
        return Asked(job=row, unit=services.unit)
    if row.stage not in REQUESTED:
        return QuestionExpired(job=row)
    return Accepted(job=row, is_new=False)


JOB_ACTIONS: Mapping[ActionName, JobAction] = MappingProxyType(
    {
        ActionName.STATUS: JobAction(allowed=Allowed.MEMBERS, run=_status),
        ActionName.COST: JobAction(allowed=Allowed.MEMBERS, run=_cost),
        ActionName.DETAILS: JobAction(allowed=Allowed.MEMBERS, run=_details),
        ActionName.AGAIN: JobAction(allowed=Allowed.MEMBERS, run=_again, makes_job=True),
        ActionName.CANCEL: JobAction(allowed=Allowed.ASKER_AND_ADMINS, run=_cancel),
        ActionName.GIVE_UP: JobAction(allowed=Allowed.ASKER_AND_ADMINS, run=_give_up),
        ActionName.SHARE: JobAction(allowed=Allowed.MEMBERS, run=_share),
        ActionName.BRING: JobAction(allowed=Allowed.ASKER_AND_ADMINS, run=_bring),
        ActionName.RESEND: JobAction(allowed=Allowed.ASKER_AND_ADMINS, run=_resend),
        ActionName.SET_STATUS: JobAction(allowed=Allowed.MEMBERS, run=_set_status),
        ActionName.CANCEL_SET: JobAction(allowed=Allowed.ASKER_AND_ADMINS, run=_cancel_set),
        ActionName.KEEP: JobAction(allowed=Allowed.MEMBERS, run=_keep),
        ActionName.STOP_KEEPING: JobAction(allowed=Allowed.MEMBERS, run=_stop_keeping),
        ActionName.CONTINUE: JobAction(allowed=Allowed.MEMBERS, run=_continue, makes_job=True),
        ActionName.LOOP: JobAction(allowed=Allowed.MEMBERS, run=_loop, makes_job=True),
        ActionName.STITCH: JobAction(allowed=Allowed.MEMBERS, run=_stitch),
        ActionName.DELETE: JobAction(allowed=Allowed.ASKER_AND_ADMINS, run=_delete),
        ActionName.NOTE: JobAction(allowed=Allowed.MEMBERS, run=_note),
        ActionName.NEXT_TAKE: JobAction(allowed=Allowed.MEMBERS, run=_next_take),
        ActionName.RATE_GOOD: JobAction(
            allowed=Allowed.MEMBERS, run=partial(_give_feedback, is_good=True)
        ),
        ActionName.RATE_BAD: JobAction(
            allowed=Allowed.MEMBERS, run=partial(_give_feedback, is_good=False)
        ),
        ActionName.MARK_APPROVED: JobAction(
            allowed=Allowed.MEMBERS, run=partial(_review, ReviewKind.APPROVED)
        ),
        ActionName.ASK_CHANGES: JobAction(
            allowed=Allowed.MEMBERS, run=partial(_review, ReviewKind.CHANGES)
        ),
        ActionName.CONFIRM: JobAction(allowed=Allowed.ASKER, run=_confirm),
        ActionName.ASK_APPROVER: JobAction(
            allowed=Allowed.ASKER, run=partial(_confirm, asks_approvers=True)
        ),
    }
)
