"""When a planned job starts, and the job that follows it if it is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.jobs.services import Services
from bot.options.continuation import take_of
from bot.options.request import RenderRequest
from bot.options.times import (
    NO_SET_LATER,
    StartError,
    StartTime,
    first_moment,
    moment_of,
    new_repeat,
    next_moment,
    zone_named,
)
from storage.job import (
    Event,
    EventName,
    Instant,
    Job,
    Repeat,
    ReplyTo,
    Stage,
)
from storage.store import InsertTerms


async def load_start(
    request: RenderRequest, job_id: str, user: str, services: Services
) -> tuple[Instant | None, Repeat | None]:
    """Return when a request starts, by the clocks where its asker is, and how it is repeated.

    `None`: at once, and not. Raises `StartError` for a time that is over or too far ahead.
    """
    if request.at is None:
        return None, None
    zone = await _zone_of(user, services)
    starts_at = moment_of(request.at, zone, services.now())
    if request.every is None:
        return starts_at, None
    repeat = new_repeat(job_id, request.every, starts_at, zone)
    return first_moment(repeat, starts_at), repeat


async def load_moment(at: StartTime, user: str, services: Services) -> Instant:
    """Return the moment of a time by the clocks where a user is. Raises `StartError`."""
    return moment_of(at, await _zone_of(user, services), services.now())


async def _zone_of(user: str, services: Services) -> ZoneInfo:
    """Return the time zone of a user; that of one whom Slack does not tell is UTC."""
    return zone_named((await services.directory.person(user)).zone)


def refuse_planned_set(requests: Sequence[RenderRequest]) -> None:
    """Raise `StartError` if several requests of one interaction have a time."""
    if len(requests) > 1 and any(request.at is not None for request in requests):
        raise StartError(NO_SET_LATER)


async def plan_next(job: Job, repeat: Repeat, now: Instant, services: Services) -> None:
    """Insert the job that follows a job of a repeat, for the next moment that is not over.

    Idempotent: its dedup key is made of the repeat and the moment, so that there is one job a
    moment, whoever inserts it and how often. It has the price that was agreed to at first.
    """
    starts_at = next_moment(repeat, max(now, job.starts_at or 0.0))
    following = Job(
        id=services.new_id(),
        dedup_key=repeat_key(repeat, starts_at),
        team=job.team,
        channel=job.channel,
        user=job.user,
        surface=job.surface,
        reply_to=ReplyTo(thread_ts=job.reply_to.thread_ts),
        take_of=take_of(services.catalog.find(job.model), job.input, None),
        model=job.model,
        input=job.input,
        kind=job.kind,
        names=job.names,
        channel_defaults=job.channel_defaults,
        style=job.style,
        project=job.project,
        price=job.price,
        forecast=job.forecast,
        reserved=job.reserved,
        created_at=services.now(),
        starts_at=starts_at,
        repeat=repeat,
        stage=Stage.PLANNED,
        due_at=starts_at,
    )
    event = Event(at=services.now(), name=EventName.PLANNED, detail=job.surface)
    await services.store.jobs.insert(following, event, InsertTerms(is_price_agreed=True))


async def next_of_repeat(job: Job, services: Services) -> Job | None:
    """Return the planned job for the next moment of a job's repeat; `None`: there is none."""
    if job.repeat is None:
        return None
    key = repeat_key(job.repeat, next_moment(job.repeat, services.now()))
    found = await services.store.jobs.find_by_dedup_key(key)
    return found if found is not None and found.stage is Stage.PLANNED else None


def repeat_key(repeat: Repeat, starts_at: Instant) -> str:
    """Return the dedup key of the job for a moment of a repeat."""
    return f"repeat:{repeat.id}:{starts_at:.0f}"
