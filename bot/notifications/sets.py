"""The message of a set: posted once, and edited as its parts go on, which wait for it."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import (
    NotAMemberError,
    NotFoundError,
    RefusedError,
    UnreachablePlaceError,
)
from bot.base.ports import Message
from bot.jobs.access import ONLY_MEMBERS, is_admitted
from bot.jobs.services import Services
from bot.jobs.sets import SetDetail, view_of
from bot.messages.replies import cannot_enter
from bot.messages.sets import set_message
from bot.notifications.place import MESSAGE_SLOT, place_of
from bot.notifications.sheet import bring_sheet
from bot.worker.context import Claim
from bot.worker.outbox import find_posted, post
from bot.worker.permits import edit
from bot.worker.result import Done, Result, Snooze
from storage.job import OVER, Job, Stage
from storage.notification import Notification

UNREADABLE = "What was asked for in this set cannot be read."


async def show_set(claim: Claim[Notification]) -> Result[Notification]:
    """Post the message of a set, or edit it as its parts are now. As safe to repeat as `post_once`.

    The parts, which wait for it, are woken once it stands, and also if it never will.
    """
    row, services = claim.row, claim.services
    if row.problem is not None:
        return await _give_up(claim, row.problem)
    parts, detail = await services.store.jobs.parts(row.id), SetDetail.of(row)
    if not parts:
        return await _give_up(claim, UNREADABLE)
    if detail is None:
        detail = _without_words(row, parts)
        claim.keep(replace(row, detail=detail.to_text()))
    if row.delivery.ts is None:
        try:
            return await _post(claim, parts)
        except UnreachablePlaceError as error:
            is_outside = isinstance(error, NotAMemberError)
            return await _give_up(claim, cannot_enter() if is_outside else str(error))
    await _wake_those_who_wait(claim, parts)
    shown = await _edit(claim, detail, parts)
    # The sheet is looked for after the edit, which it must not hold up.
    return shown or await bring_sheet(claim, detail, parts)


def _without_words(row: Notification, parts: list[Job]) -> SetDetail:
    """Return the detail of a set whose words were erased, as far as the row tells it."""
    uploads = row.delivery.uploads
    return SetDetail(words="", parts=len(parts), sheet=uploads[0].file_id if uploads else None)


async def _post(claim: Claim[Notification], parts: list[Job]) -> Result[Notification]:
    """Post the message, unless an earlier attempt has. Raises as `post` does."""
    services, place = claim.services, await place_of(claim)
    found = await find_posted(claim, MESSAGE_SLOT, place)
    if found is None and not await is_admitted(parts[0].user, claim.row.team, services):
        return await _give_up(claim, ONLY_MEMBERS)
    posted = found or await post(claim, MESSAGE_SLOT, place, _message(claim, parts))
    stands = replace(claim.row, delivery=replace(claim.row.delivery, ts=posted.ts))
    await claim.write(stands, None)
    await _wake_those_who_wait(claim, parts)
    # What was found may have been posted before something changed.
    return Done(row=claim.row) if found is None else Snooze(row=claim.row, after=0.0)


async def _edit(
    claim: Claim[Notification], detail: SetDetail, parts: list[Job]
) -> Result[Notification] | None:
    """Edit the message; `None`: it shows the parts as they are already."""
    row, message = claim.row, _message(claim, parts)
    digest = message.digest
    if digest == detail.shown or row.delivery.ts is None:
        return None
    place = await place_of(claim)
    try:
        await edit(claim, place.channel, row.delivery.ts, message)
    except NotFoundError as error:
        return Done(row=replace(row, problem=str(error)))
    except RefusedError:
        # The next change is shown, if Slack takes that.
        return Done(row=claim.row)
    shown = replace(claim.row, detail=replace(detail, shown=digest).to_text())
    is_over = all(part.stage in OVER for part in parts)
    has_more = is_over and detail.sheet is None
    return Snooze(row=shown, after=0.0) if has_more else Done(row=shown)


async def _give_up(claim: Claim[Notification], problem: str) -> Result[Notification]:
    """End without a message; the first part tells why, as that of a single job."""
    if claim.row.problem is None:
        await claim.write(replace(claim.row, problem=problem), None)
    await _wake(claim.row.id, claim.services)
    return Done(row=claim.row)


async def _wake_those_who_wait(claim: Claim[Notification], parts: list[Job]) -> None:
    if any(part.stage is Stage.ACCEPTED and part.post_intent_at is None for part in parts):
        await _wake(claim.row.id, claim.services)


async def _wake(set_id: str, services: Services) -> None:
    await services.store.jobs.wake_parts(set_id, services.now())
    services.wake()


def _message(claim: Claim[Notification], parts: list[Job]) -> Message:
    return set_message(view_of(claim.row, parts, claim.services))
