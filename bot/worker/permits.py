"""Waits for the permits of calls, and shares with all processes what a service refuses.

A permit that is valid within three seconds is waited for. For a longer wait the row is put back,
and is due again shortly before its permit is valid. In neither case it holds a slot of a pool.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from bot.base.errors import BotError, PermitLaterError, RetryLaterError
from bot.base.ports import Message
from bot.jobs.call_limits import provider
from bot.jobs.services import Services
from bot.worker.context import Claim
from bot.worker.retry import asked_pause
from storage.job import Failure, Instant, Job
from storage.notification import Notification
from storage.pace import LONGEST_WAIT_SECONDS, LateCall, Limit, Permit

_ON_TIME_SHARE = 0.07
"""A call that is late by this share of its limit's gap keeps enough distance from the next one: the
times of posts are further apart than Slack asks for by a tenth, and some calls take longer to
arrive than others."""

PacedRow = TypeVar("PacedRow", Job, Notification)
"""A row that keeps the permit of its next call."""


async def use_permit(claim: Claim[PacedRow], limit: Limit) -> None:
    """Take a permit by a statement of its own, and return when it is valid.

    A commit would keep the limit's key locked until this process has its turn to end it. All edits
    of a workspace have one key, and on a busy machine results would wait for each other there.
    Raises `PermitLaterError` if the permit is valid later than `LONGEST_WAIT_SECONDS` from now.
    """
    if limit.interval > 0:
        await _wait(claim, limit, await claim.take_permit(limit))
    else:
        refuse_known(claim, limit)


def refuse_known(claim: Claim[PacedRow], limit: Limit) -> None:
    """Raise `PermitLaterError` if this process knows that the wait would be long.

    Costs nothing. The permit is taken by the commit that puts the row back.
    """
    services = claim.services
    now, pacing = services.now(), services.store.pacing
    if limit.interval > 0:
        if pacing.not_before(limit, claim.reserved_at) - now > LONGEST_WAIT_SECONDS:
            raise PermitLaterError(permit=limit)
        return
    pause = pacing.not_before(limit) - now
    if pause > 0:
        # The service asked for it. Not all that wait are to come back at one instant.
        raise PermitLaterError(after=asked_pause(pause, services.chance()))


async def await_call(services: Services, limit: Limit) -> None:
    """Return when a call may be made that no row is claimed for, however long that takes."""
    now, pacing = services.now(), services.store.pacing
    if limit.interval > 0:
        at = await pacing.take(Permit(limit=limit, at=now))
    else:
        at = pacing.not_before(limit)
    if at > now:
        await services.wait_until(at)


async def await_permit(claim: Claim[PacedRow], limit: Limit) -> None:
    """Return when the permit is valid that the last commit took, if it took one."""
    if claim.row.paced_at is not None:
        await _wait(claim, limit, claim.row.paced_at)


async def _wait(claim: Claim[PacedRow], limit: Limit, valid_at: Instant) -> None:
    services = claim.services
    if valid_at - claim.permit_asked_at > LONGEST_WAIT_SECONDS:
        raise PermitLaterError(permit=valid_at)
    at: Instant | None = valid_at
    while at is not None:
        if services.now() < at:
            await claim.wait_until(at)
        at = await _postponed(services, limit, at)


async def _postponed(services: Services, limit: Limit, valid_at: Instant) -> Instant | None:
    """Return when a call is to be made that comes too late for its permit; `None`: now."""
    now = services.now()
    if limit.gap <= 0 or now - valid_at <= _ON_TIME_SHARE * limit.gap:
        return None
    # The commit took long, or the process is busy.
    late = LateCall(limit=limit, valid_at=valid_at, at=now)
    at = await services.store.pacing.postpone(late)
    return at if at > now else None


@asynccontextmanager
async def shared_refusals(services: Services, limit: Limit) -> AsyncIterator[None]:
    """Let all processes wait if a service refuses a call and names a pause."""
    try:
        yield
    except BotError as error:
        if error.retry_after is not None:
            until = services.now() + error.retry_after
            await services.store.pacing.hold(limit.held_by, until)
        raise


@asynccontextmanager
async def shared_pauses(services: Services) -> AsyncIterator[None]:
    """Let all processes wait if MindVideo refuses a call because there are too many."""
    try:
        yield
    except RetryLaterError as error:
        if error.retry_after is not None and error.failure is Failure.LIMIT:
            until = services.now() + error.retry_after
            await services.store.pacing.hold(provider().held_by, until)
        raise


async def edit(claim: Claim[PacedRow], channel: str, ts: str, message: Message) -> None:
    """Edit a message of the bot within the limit of edits. Raises as `Chat.update` does."""
    services = claim.services
    limit = services.limits.edits(claim.row.team)
    await use_permit(claim, limit)
    async with shared_refusals(services, limit):
        await services.chat.update(channel, ts, message)
