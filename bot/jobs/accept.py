"""Turn a valid request into a job once, or ask its asker first whether it is meant."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import structlog

from bot.base.traces import Attribute, current_traceparent, note
from bot.jobs.budget_view import in_charge
from bot.jobs.cast_pictures import refuse_gone
from bot.jobs.dry_run import DryRun, dry_run
from bot.jobs.forecast import load_forecast
from bot.jobs.names import names_at_once
from bot.jobs.planned import load_start
from bot.jobs.projects import choose_project
from bot.jobs.services import Services
from bot.jobs.styles import refuse_hidden_words
from bot.jobs.usual_options import UsualOptions, load_usual_options
from bot.money.forecast import PriceToConfirm
from bot.options.doubts import in_one
from bot.options.mentions import mentioned
from bot.options.request import RenderRequest
from bot.options.schema import PROMPT
from storage.budget import NotAdmitted, Reason
from storage.job import (
    REQUESTED,
    Event,
    EventName,
    Instant,
    Job,
    Json,
    QuestionKind,
    ReplyTo,
    Stage,
    waiting,
)
from storage.store import InsertTerms

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A question that a surface wants answered before the request is accepted."""

    kind: QuestionKind
    about: str = ""


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


async def accept(
    request: RenderRequest,
    interaction: Interaction,
    services: Services,
    *,
    parent_id: str | None = None,
    question: Asking | None = None,
    agreed: PriceToConfirm | None = None,
    usual: UsualOptions | None = None,
) -> Acceptance:
    """Commit a job for the request; when this returns, the job is on disk.

    The `usual` options of its user in its channel are read if they are not given.

    It waits for its asker if there is a `question`, if the request has doubts, or if the same user
    made an equal request a moment ago; the job `parent_id`, which the user renders again, is none
    once its render has ended. It also waits if its price has to be approved, or to be confirmed and
    is above the one that its user `agreed` to, and it is refused if budgets have no room for what
    it will probably cost; one that caps alone refuse is kept, so that its asker may have an
    approver asked.
    A request that is only to be shown is answered by a `DryRun`, and nothing is written of it.
    One that is to start at a later time is planned.
    Idempotent by `interaction.dedup_key`: a request that was asked about is asked about again.
    Raises `StoreError` when the job could not be written: the request was not accepted;
    `UsageError` if the picture of a member of the cast is gone from Slack, or the time is over; and
    `ProjectNeededError` if it names no project where one is required.
    """
    services.delay_steps()
    if request.cast:
        await refuse_gone(request.cast, services)
    now = services.now()
    question = _question(request, interaction, question, now)
    job_id = services.new_id()
    starts_at, repeat = await load_start(request, job_id, interaction.user, services)
    price, forecast = await load_forecast(
        services.catalog.get(request.model), request.input, services, now
    )
    if usual is None:
        usual = await load_usual_options(
            interaction.team, interaction.user, interaction.channel, services
        )
    job = Job(
        id=job_id,
        dedup_key=interaction.dedup_key,
        team=interaction.team,
        channel=interaction.channel,
        user=interaction.user,
        surface=interaction.surface,
        reply_to=interaction.reply_to,
        parent_id=parent_id,
        model=request.model,
        input=request.input,
        kind=request.kind,
        price=price,
        forecast=forecast,
        reserved=forecast.amount,
        style=request.style,
        project=choose_project(request.project, usual.project, is_needed=usual.needs_project),
        channel_defaults=_channel_defaults(request.input, usual.of_channel),
        created_at=now,
        starts_at=starts_at,
        repeat=repeat,
        stage=Stage.ACCEPTED if starts_at is None else Stage.PLANNED,
        traceparent=current_traceparent(),
        due_at=now,
    )
    if request.is_dry:
        if request.style is not None:
            await refuse_hidden_words(
                request.style, job.team, job.user, interaction.channel, services
            )
        names = await names_at_once(mentioned(job.input), services.directory)
        return await dry_run(replace(job, names=names), forecast, services, agreed)
    if question is None:
        name = EventName.ACCEPTED if starts_at is None else EventName.PLANNED
        event = Event(at=now, name=name, detail=interaction.surface)
    else:
        job = waiting(job, question.kind, question.about)
        event = Event(at=now, name=EventName.ASKED, detail=question.kind)
    made = await services.store.jobs.insert(
        job,
        event,
        InsertTerms(
            equal_since=now - DUPLICATE_SECONDS if question is None else None,
            most_active=services.max_active,
            may_ask=True,
            is_price_agreed=agreed is not None and agreed.covers(forecast),
        ),
    )
    if isinstance(made, NotAdmitted):
        return await refused(made, job, services)
    row, is_new = made.job, made.is_new
    note(Attribute.JOB, row.id)
    if row.stage not in REQUESTED:
        if row.question is not None and row.question.is_for_approvers:
            services.wake()
        return Asked(job=row, left_out=request.left_out, unit=services.unit)
    if is_new:
        services.wake()
        structlog.get_logger("jobs").info(
            "ask_accepted",
            job=row.id,
            user=row.user,
            by=row.surface,
            prompt=row.input.get(PROMPT),
        )
    return Accepted(job=row, is_new=is_new, left_out=request.left_out)


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
    question = asked or _doubt(request) or _late(interaction, now)
    return question if request.every is None else _about_repeat(question)


def _about_repeat(doubt: Asking | None) -> Asking:
    """Return the one question about a repeat, with what else is in doubt about the request."""
    about = ""
    if doubt is not None and doubt.kind is QuestionKind.UNPUBLISHED:
        about = doubt.about
    elif doubt is not None and doubt.kind is QuestionKind.UNKNOWN_OPTION:
        about = f"`{doubt.about}` looks like an option and is none, so it is a part of the prompt."
    return Asking(kind=QuestionKind.REPEAT, about=about)


def _doubt(request: RenderRequest) -> Asking | None:
    """Return the question about what a request may not mean."""
    doubt = in_one(request.doubts)
    return None if doubt is None else Asking(kind=doubt.kind, about=doubt.about)


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
