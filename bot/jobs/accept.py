"""Turn a valid request into a job once; a request made twice by mistake is reported instead."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from bot.jobs.services import Services
from bot.options.request import RenderRequest
from bot.options.schema import PROMPT
from storage.job import Event, EventName, Instant, Job, ReplyTo

# A user who sees an error repeats the command at once; after this long they mean a second job.
DUPLICATE_SECONDS = 60.0

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
    channel: str
    user: str
    surface: str
    dedup_key: str
    """The same for every delivery of one interaction, and different for any two."""
    reply_to: ReplyTo


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The request is on disk as a job."""

    job: Job
    is_new: bool
    """Whether this call made the job; `False`: an earlier delivery of the interaction did."""
    left_out: tuple[str, ...] = ()
    """Titles of options of the earlier request that its model does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """The same user made an equal request a moment ago, which became `job`; no job was made now."""

    job: Job


Acceptance: TypeAlias = Accepted | Duplicate


async def accept(
    request: RenderRequest,
    interaction: Interaction,
    services: Services,
    *,
    parent_id: str | None = None,
    sure: bool = False,
) -> Acceptance:
    """Commit a job for the request; when this returns `Accepted`, the job is on disk.

    Idempotent by `interaction.dedup_key`. With `sure` no earlier request makes this one a
    `Duplicate`; without it, only the job `parent_id`, which the user renders again, never does.
    Raises `StoreError` when the job could not be written: the request was not accepted.
    """
    services.delay_steps()
    jobs, now = services.store.jobs, services.now()
    job = _new_job(request, interaction, services.new_id(), now, parent_id)
    if not sure:
        earlier = await jobs.find_duplicate(job, now - DUPLICATE_SECONDS)
        if earlier is not None and earlier.dedup_key != job.dedup_key and earlier.id != parent_id:
            same = await jobs.find_by_dedup_key(job.dedup_key)
            if same is None:
                return Duplicate(job=earlier)
            return Accepted(job=same, is_new=False, left_out=request.left_out)
    event = Event(at=now, name=EventName.ACCEPTED, detail=interaction.surface)
    row, is_new = await jobs.insert(job, event)
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


def _new_job(
    request: RenderRequest,
    interaction: Interaction,
    job_id: str,
    now: Instant,
    parent_id: str | None,
) -> Job:
    return Job(
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
        created_at=now,
        due_at=now,
    )
