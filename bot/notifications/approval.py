"""The messages about a request that waits for approvers: posted once, and edited as it goes on."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import NotFoundError, UnreachablePlaceError
from bot.base.ports import Message
from bot.jobs.view import brief_view
from bot.messages import approvals
from bot.notifications.place import MESSAGE_SLOT, PEOPLE, place_of
from bot.worker.context import Claim
from bot.worker.outbox import find_posted, post
from bot.worker.permits import edit
from bot.worker.result import Done, Park, Result, Snooze
from storage.job import EventName, Job, Stage
from storage.notification import Notification, NotificationKind, notification_id

UNREADABLE = "Its request is not in the store."
NO_MEMBER = "They are no member of the workspace."
DECIDED = "It was decided before it could be posted."


async def tell_approvers(claim: Claim[Notification]) -> Result[Notification]:
    """Post the card of a request that waits, or edit it as the request stands now.

    As safe to repeat as `post_once`. Where the approvers' channel takes no message, each of them is
    asked in a direct message. Nobody is asked who left the workspace, and what is decided before
    its card could be posted is not asked about.
    """
    row, services = claim.row, claim.services
    job = await services.store.jobs.get(row.job_id or "")
    if job is None or job.question is None:
        return Park(row=row, problem=UNREADABLE)
    is_person = row.channel.startswith(PEOPLE)
    if row.delivery.ts is None and is_person and not await _is_member(row.channel, claim):
        return Done(row=replace(row, problem=NO_MEMBER))
    message = await _card(job, claim, is_shared=not is_person and await _is_shared(claim))
    is_open = job.stage is Stage.WAITING
    try:
        return await _show(claim, message, posts=is_open)
    except UnreachablePlaceError as error:
        if is_open and not is_person:
            for user in job.question.approvers:
                await services.store.outbox.add(_direct(claim.row, user))
            services.wake()
        return Done(row=replace(claim.row, problem=str(error)))


async def tell_asker(claim: Claim[Notification]) -> Result[Notification]:
    """Post how the asker's request stands, or edit the message. As safe to repeat as `post_once`.

    The message that tells the end stays as it is.
    """
    row, services = claim.row, claim.services
    job = await services.store.jobs.get(row.job_id or "")
    if job is None or job.question is None:
        return Park(row=row, problem=UNREADABLE)
    view = brief_view(job, services.catalog, services.unit)
    message = approvals.status(view, is_end=row.detail != EventName.APPROVAL_ASKED)
    try:
        return await _show(claim, message, posts=True)
    except UnreachablePlaceError as error:
        return Done(row=replace(claim.row, problem=str(error)))


async def _show(
    claim: Claim[Notification], message: Message, *, posts: bool
) -> Result[Notification]:
    """Post the message if it `posts`, or edit the one that was posted. Raises as `post` does."""
    place = await place_of(claim)
    ts = claim.row.delivery.ts
    if ts is not None:
        try:
            await edit(claim, place.channel, ts, message)
        except NotFoundError as error:
            return Done(row=replace(claim.row, problem=str(error)))
        return Done(row=claim.row)
    found = await find_posted(claim, MESSAGE_SLOT, place)
    if found is None and not posts:
        return Done(row=replace(claim.row, problem=DECIDED))
    posted = found or await post(claim, MESSAGE_SLOT, place, message)
    row = replace(claim.row, delivery=replace(claim.row.delivery, ts=posted.ts))
    # What was found may have been posted before something changed.
    return Done(row=row) if found is None else Snooze(row=row, after=0.0)


async def _card(job: Job, claim: Claim[Notification], *, is_shared: bool) -> Message:
    services, budgets, now = claim.services, claim.services.store.budgets, claim.services.now()
    return approvals.card(
        brief_view(job, services.catalog, services.unit),
        await budgets.cap_uses(job, now),
        uncounted_since=(await budgets.rules(job.team, now)).uncounted_since,
        is_reminder=claim.row.detail == EventName.APPROVAL_REMINDED,
        in_channel=not claim.row.channel.startswith(PEOPLE),
        shows_prompt=not is_shared,
    )


async def _is_member(user: str, claim: Claim[Notification]) -> bool:
    services = claim.services
    if services.is_admin(user):
        return True
    return (await services.directory.identify(user)).is_member_of(claim.row.team)


async def _is_shared(claim: Claim[Notification]) -> bool:
    """Return whether people of another organisation read the channel."""
    return (await claim.services.directory.conversation(claim.row.channel)).is_shared


def _direct(row: Notification, user: str) -> Notification:
    """Return the row that asks one approver in a direct message."""
    return Notification(
        id=notification_id(NotificationKind.APPROVAL_CARD, user, row.id),
        team=row.team,
        channel=user,
        kind=row.kind,
        happened_at=row.happened_at,
        job_id=row.job_id,
        traceparent=row.traceparent,
        detail=row.detail,
        due_at=row.due_at,
    )
