"""Turn a valid request into a job once, or ask its asker first whether it is meant."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import structlog

from bot.base.traces import Attribute, current_traceparent, note
from bot.jobs.budget_view import in_charge
from bot.jobs.cast_pictures import refuse_gone
from bot.jobs.dry_run import DryRun, SetDryRun, dry_run, dry_run_of_set
from bot.jobs.forecast import load_forecast
from bot.jobs.names import names_at_once
from bot.jobs.planned import load_start, refuse_planned_set
from bot.jobs.projects import choose_project
from bot.jobs.services import Services
from bot.jobs.sets import new_set_id, part_key, set_row
from bot.jobs.styles import refuse_hidden_words
from bot.jobs.usual_options import UsualOptions, load_usual_options
from bot.money.forecast import PriceToConfirm, total_forecast
from bot.options.continuation import place_of, take_of
from bot.options.doubts import Doubt, in_one
from bot.options.draft import Draft
from bot.options.mentions import mentioned
from bot.options.request import RenderRequest
from bot.options.schema import PROMPT
from bot.options.times import StartError
from storage.budget import NotAdmitted, Reason
from storage.job import (
    REQUESTED,
    Event,
    EventName,
    Forecast,
    Instant,
    Job,
    Json,
    QuestionKind,
    ReplyTo,
    Stage,
    first_due,
    waiting,
)
from storage.store import Inserted, InsertTerms

# A user who sees an error repeats the command at once; after this long they mean a second job.
DUPLICATE_SECONDS = 60.0
# Slack repeats an event for some minutes; one that is older may not be wanted any more.
# https://docs.slack.dev/apis/events-api/#retries
LATE_SECONDS = 1800.0

# Without I, L, O and U an ID can be read aloud and spells no word.
# https://www.crockford.com/base32.html
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10


def new_id() -> str:
    """Return a new job ID: 50 random bits, short enough to be typed."""
    # One system call for all characters. 256 is a multiple of 32, so all are equally likely.
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(LENGTH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A user's action in Slack: the user, the place and the surface."""

    team: str
    """The workspace where the bot is installed."""
    channel: str
    user: str
    surface: str
    dedup_key: str
    """The same for every delivery of one interaction, and different for any two."""
    reply_to: ReplyTo
    sent_at: Instant | None = None
    """When the user acted, by Slack's clock; `None` where the payload does not say."""
    user_team: str | None = None
    """The user's own workspace or organisation, if the payload told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The request is on disk as a job."""

    job: Job
    is_new: bool
    """Whether this call made the job; `False`: an earlier delivery of the interaction did."""
    left_out: tuple[str, ...] = ()
    """Titles of options of the earlier request that its model does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request is on disk and waits for its asker, or for an approver: see `job.question`.

    Nothing is announced, sent or charged until they answer.
    """

    job: Job
    left_out: tuple[str, ...] = ()
    """As in `Accepted`."""
    unit: str | None = None
    """The unit of amounts, as in `Services`."""
    draft: Draft | None = None
    """The typed text and its files, for the form; `None`: the request was not typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A question that a surface wants answered before the request is accepted."""

    kind: QuestionKind
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskContext:
    """The circumstances of requests, as far as their surface knows them."""

    parent_id: str | None = None
    """The job that the user renders again."""
    question: Asking | None = None
    """What has to be asked before the requests are accepted."""
    agreed: PriceToConfirm | None = None
    """The price that the user saw, and agreed to."""
    usual: UsualOptions | None = None
    """The default options of the user in the channel; `None`: they are read."""


NO_CONTEXT = AskContext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Budgets have no room for the request, which counts nothing."""

    user: str
    reasons: tuple[Reason, ...]
    in_charge: tuple[str, ...]
    """The users to ask for more room."""
    waiting: Job | None
    """The request as it waits, if its asker may have an approver asked."""
    unit: str | None
    """The unit of amounts, as in `Services`."""
    uncounted_since: Instant | None = None
    """As of `NotAdmitted`."""


Acceptance: TypeAlias = Accepted | Asked | Refused | DryRun


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAccepted:
    """The parts of a set are on disk as jobs, and so is the row of the set's message."""

    set_id: str
    parts: tuple[Job, ...]
    """In their order."""
    is_new: bool
    """As of `Accepted`."""
    left_out: tuple[str, ...] = ()
    """As in `Accepted`, of any part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAsked:
    """The parts of a set are on disk and wait for their asker, who gets one question for all.

    Each part has that question. Whichever of them is confirmed, all are.
    """

    set_id: str
    parts: tuple[Job, ...]
    """In their order."""
    left_out: tuple[str, ...] = ()
    """As in `Accepted`, of any part."""
    unit: str | None = None
    """The unit of amounts, as in `Services`."""
    draft: Draft | None = None
    """As in `Asked`."""


SetAcceptance: TypeAlias = SetAccepted | SetAsked | Accepted | Asked | Refused | SetDryRun
"""`Accepted` and `Asked`: an earlier delivery was read as one request, and made one job."""


async def accept(
    request: RenderRequest,
    interaction: Interaction,
    services: Services,
    context: AskContext = NO_CONTEXT,
) -> Acceptance:
    """Commit a job for the request; when this returns, the job is on disk.

    It waits for its asker if the `context` has a question, if the request has doubts, or if the
    same user made an equal request a moment ago; the job that the user renders again is none once
    its render has ended. It also waits if its price has to be approved, or to be confirmed and is
    above the one that its user agreed to, and it is refused if budgets have no room for what it
    will probably cost; one that caps alone refuse is kept, so that its asker may have an approver
    asked.
    A request that is only to be shown is answered by a `DryRun`, and nothing is written of it.
    One that is to start at a later time is planned.
    Idempotent by `interaction.dedup_key`: a request that was asked about is asked about again.
    Raises `StoreError` when the job could not be written: the request was not accepted;
    `UsageError` if the picture of a member of the cast is gone from Slack, or the time is over; and
    `ProjectNeededError` if it names no project where one is required.
    """
    services.delay_steps()
    await _refuse_gone([request], services)
    now = services.now()
    question = _question(request, interaction, context.question, now)
    asks = await _load_asks(interaction, context, services, now)
    try:
        job, forecast = await asks.read(request)
    except StartError:
        # An earlier delivery may have been in time.
        found = await services.store.jobs.find_by_dedup_key(interaction.dedup_key)
        if found is None:
            raise
        earlier = Inserted(job=found, is_new=False)
        return _accepted_or_asked(earlier, request.left_out, services)
    if request.is_dry:
        [named] = await _as_shown([request], [job], services)
        return await dry_run(named, forecast, services, context.agreed, _doubts([request]))
    job, event = _first_row(job, question)
    terms = _terms(question, forecast, context.agreed, services, now)
    made = await services.store.jobs.insert(job, event, terms)
    if isinstance(made, NotAdmitted):
        return await refused(made, job, services)
    return _accepted_or_asked(made, request.left_out, services)


def _accepted_or_asked(
    made: Inserted, left_out: tuple[str, ...], services: Services
) -> Accepted | Asked:
    row, is_new = made.job, made.is_new
    note(Attribute.JOB, row.id)
    if row.stage not in REQUESTED:
        if row.question is not None and row.question.is_for_approvers:
            services.wake()
        return Asked(job=row, left_out=left_out, unit=services.unit)
    if is_new:
        services.wake()
        _log_accepted(row)
    return Accepted(job=row, is_new=is_new, left_out=left_out)


async def accept_set(
    requests: Sequence[RenderRequest],
    words: str,
    interaction: Interaction,
    services: Services,
    context: AskContext = NO_CONTEXT,
) -> SetAcceptance:
    """Commit a job for each of several requests, all of them or none, and their set's message.

    `words` are what the user typed, for that message. The price to be confirmed, and to which the
    user agreed, is that of all together. A set about which an approver would have to decide is
    refused. Otherwise as `accept`, for each request; equal ones are no duplicates of each other.
    Idempotent by `interaction.dedup_key`. Raises what `accept` raises.
    """
    services.delay_steps()
    refuse_planned_set(requests)
    await _refuse_gone(requests, services)
    now = services.now()
    question = context.question or _doubt(requests) or _late(interaction, now)
    asks = await _load_asks(interaction, context, services, now)
    read = await asks.read_set(requests)
    forecast = total_forecast([one for _, one in read])
    # A flag may be an alternative: nothing is charged that is only to be shown.
    if any(request.is_dry for request in requests):
        named = await _as_shown(requests, [job for job, _ in read], services)
        shown = [(job, one) for job, (_, one) in zip(named, read, strict=True)]
        return await dry_run_of_set(shown, forecast, services, context.agreed, _doubts(requests))
    rows = [_first_row(job, question) for job, _ in read]
    message = set_row(rows[0][0], words, len(rows), now)
    terms = _terms(question, forecast, context.agreed, services, now)
    made = await services.store.jobs.insert_set(rows, terms, message)
    if isinstance(made, NotAdmitted):
        return await refused(made, rows[0][0], services)
    parts, set_id = tuple(inserted.job for inserted in made), made[0].job.set_id
    left_out = tuple({title: None for request in requests for title in request.left_out})
    if set_id is None:
        # An earlier delivery was read as one request, by another version of the program.
        return _accepted_or_asked(made[0], left_out, services)
    note(Attribute.JOB, parts[0].id)
    if parts[0].stage not in REQUESTED:
        return SetAsked(set_id=set_id, parts=parts, left_out=left_out, unit=services.unit)
    if made[0].is_new:
        services.wake()
        for part in parts:
            _log_accepted(part)
    return SetAccepted(set_id=set_id, parts=parts, is_new=made[0].is_new, left_out=left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asks:
    """What the requests of one interaction have in common."""

    interaction: Interaction
    parent_id: str | None
    parent_place: str | None
    """The place of which the parent is a take."""
    usual: UsualOptions
    services: Services
    now: Instant

    async def read(self, request: RenderRequest) -> tuple[Job, Forecast]:
        """Return the job of a request, and what it will probably cost."""
        interaction, usual = self.interaction, self.usual
        model = self.services.catalog.get(request.model)
        price, forecast = await load_forecast(model, request.input, self.services, self.now)
        job_id = self.services.new_id()
        starts_at, repeat = await load_start(request, job_id, interaction.user, self.services)
        job = Job(
            id=job_id,
            dedup_key=interaction.dedup_key,
            team=interaction.team,
            channel=interaction.channel,
            user=interaction.user,
            surface=interaction.surface,
            reply_to=interaction.reply_to,
            parent_id=self.parent_id,
            take_of=take_of(model, request.input, self.parent_place),
            model=request.model,
            input=request.input,
            kind=request.kind,
            price=price,
            forecast=forecast,
            reserved=forecast.amount,
            style=request.style,
            project=choose_project(request.project, usual.project, is_needed=usual.needs_project),
            channel_defaults=_channel_defaults(request.input, usual.of_channel),
            created_at=self.now,
            starts_at=starts_at,
            repeat=repeat,
            stage=Stage.ACCEPTED if starts_at is None else Stage.PLANNED,
            traceparent=current_traceparent(),
            due_at=self.now,
        )
        return job, forecast

    async def read_set(self, requests: Sequence[RenderRequest]) -> list[tuple[Job, Forecast]]:
        """Return the jobs of the parts of a new set, in their order, each with its forecast."""
        set_id = new_set_id(self.services)
        parts = []
        for number, request in enumerate(requests, start=1):
            job, forecast = await self.read(request)
            part = replace(
                job,
                dedup_key=part_key(job.dedup_key, number),
                set_id=set_id,
                part=number,
            )
            parts.append((replace(part, due_at=first_due(part, self.now)), forecast))
        return parts


async def _load_asks(
    interaction: Interaction, context: AskContext, services: Services, now: Instant
) -> _Asks:
    """Return what requests have in common; nothing is read of what the surface knows."""
    where = (interaction.team, interaction.user, interaction.channel)
    return _Asks(
        interaction=interaction,
        parent_id=context.parent_id,
        parent_place=await _load_place(context.parent_id, services),
        usual=context.usual or await load_usual_options(*where, services),
        services=services,
        now=now,
    )


async def _load_place(parent_id: str | None, services: Services) -> str | None:
    """Return the place of which a job is a take; nothing is read for a request of its own."""
    parent = None if parent_id is None else await services.store.jobs.get(parent_id)
    return None if parent is None else place_of(services.catalog.find(parent.model), parent)


async def _refuse_gone(requests: Sequence[RenderRequest], services: Services) -> None:
    """Raise `UsageError` if the picture of a member of the cast is gone from Slack."""
    cast = {member: None for request in requests for member in request.cast}
    if cast:
        await refuse_gone(tuple(cast), services)


async def _as_shown(
    requests: Sequence[RenderRequest], jobs: Sequence[Job], services: Services
) -> list[Job]:
    """Return jobs that are only shown, with the names of whom they mention.

    Raises `UsageError` for a style whose words its user may not see.
    """
    shown = []
    for request, job in zip(requests, jobs, strict=True):
        if request.style is not None:
            await refuse_hidden_words(request.style, job.team, job.user, job.channel, services)
        names = await names_at_once(mentioned(job.input), services.directory)
        shown.append(replace(job, names=names))
    return shown


def _first_row(job: Job, question: Asking | None) -> tuple[Job, Event]:
    """Return a job as it is inserted, with its first event."""
    if question is None:
        name = EventName.ACCEPTED if job.starts_at is None else EventName.PLANNED
        return job, Event(at=job.created_at, name=name, detail=job.surface)
    asked = Event(at=job.created_at, name=EventName.ASKED, detail=question.kind)
    return waiting(job, question.kind, question.about), asked


def _terms(
    question: Asking | None,
    forecast: Forecast,
    agreed: PriceToConfirm | None,
    services: Services,
    now: Instant,
) -> InsertTerms:
    return InsertTerms(
        equal_since=now - DUPLICATE_SECONDS if question is None else None,
        most_active=services.max_active,
        may_ask=True,
        is_price_agreed=agreed is not None and agreed.covers(forecast),
    )


def _log_accepted(row: Job) -> None:
    structlog.get_logger("jobs").info(
        "ask_accepted",
        job=row.id,
        user=row.user,
        by=row.surface,
        prompt=row.input.get(PROMPT),
    )


async def accept_requests(
    requests: Sequence[RenderRequest],
    words: str,
    interaction: Interaction,
    services: Services,
    context: AskContext = NO_CONTEXT,
) -> Acceptance | SetAcceptance:
    """Accept what a surface read: one request as `accept` does, several as `accept_set` does."""
    if len(requests) == 1:
        return await accept(requests[0], interaction, services, context)
    return await accept_set(requests, words, interaction, services, context)


async def refused(made: NotAdmitted, job: Job, services: Services) -> Refused:
    """Return the answer to a request that budgets have no room for, and log it."""
    structlog.get_logger("jobs").info(
        "ask_not_admitted",
        user=job.user,
        by=job.surface,
        reasons=[type(reason).__name__ for reason in made.reasons],
    )
    return Refused(
        user=job.user,
        reasons=made.reasons,
        in_charge=await in_charge(job.team, services),
        waiting=made.waiting,
        unit=services.unit,
        uncounted_since=made.uncounted_since,
    )


def _question(
    request: RenderRequest, interaction: Interaction, asked: Asking | None, now: Instant
) -> Asking | None:
    """Return the one question about a request; a repeat is always asked about."""
    question = asked or _doubt([request]) or _late(interaction, now)
    return question if request.every is None else _about_repeat(question)


def _about_repeat(doubt: Asking | None) -> Asking:
    """Return the one question about a repeat, with what else is in doubt about the request."""
    about = ""
    if doubt is not None and doubt.kind is QuestionKind.DOUBT:
        about = doubt.about
    elif doubt is not None and doubt.kind is QuestionKind.UNKNOWN_OPTION:
        about = f"`{doubt.about}` looks like an option and is none, so it is a part of the prompt."
    return Asking(kind=QuestionKind.REPEAT, about=about)


def _doubt(requests: Sequence[RenderRequest]) -> Asking | None:
    """Return the question about what requests may not mean."""
    doubt = in_one(_doubts(requests))
    return None if doubt is None else Asking(kind=doubt.kind, about=doubt.about)


def _doubts(requests: Sequence[RenderRequest]) -> tuple[Doubt, ...]:
    """Return the doubts of all requests, each once."""
    return tuple(dict.fromkeys(doubt for request in requests for doubt in request.doubts))


def _channel_defaults(given: Mapping[str, Json], defaults: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the options whose given values are the defaults of the channel."""
    return tuple(
        name for name, value in given.items() if name in defaults and defaults[name] == value
    )


def _late(interaction: Interaction, now: Instant) -> Asking | None:
    """Return the question about an interaction that reached the bot long after it happened."""
    if interaction.sent_at is None or now - interaction.sent_at < LATE_SECONDS:
        return None
    return Asking(kind=QuestionKind.LATE_EVENT, about=f"{interaction.sent_at:.0f}")
