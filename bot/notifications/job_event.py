"""Post a notification about one job."""

from __future__ import annotations

from dataclasses import replace

from bot.base.ports import Message
from bot.jobs.services import Services
from bot.jobs.view import brief_view
from bot.messages.credit import discrepancy
from bot.messages.notification import JobNotification, notification_message
from bot.notifications.place import PEOPLE, place_of, searched_since
from bot.worker.context import Claim
from bot.worker.outbox import post_once
from bot.worker.result import Done, Result
from storage.job import Failure, Job
from storage.notification import Notification, NotificationKind

NOT_THEIRS = "It was made in a private conversation."


async def notify(claim: Claim[Notification]) -> Result[Notification]:
    """Post a notification to a channel or an operator. As safe to repeat as `post_once`."""
    services = claim.services
    job = await services.store.jobs.get(claim.row.job_id or "")
    message = None if job is None else await _compose(claim.row, job, services)
    if job is None or message is None:
        return Done(row=replace(claim.row, problem=NOT_THEIRS))
    # A process before a restore may have posted it at any time since the job was created: after
    # the restore the same event happens again, at a later time.
    slot = searched_since(lambda _: job.created_at)
    posted = await post_once(claim, slot, await place_of(claim), message)
    return Done(row=replace(claim.row, delivery=replace(claim.row.delivery, ts=posted.ts)))


async def _compose(row: Notification, job: Job, services: Services) -> Message | None:
    directory = services.directory
    is_open = await _is_open(row, job, services)
    return notification_message(
        JobNotification(
            kind=row.kind,
            view=brief_view(job, services.catalog, services.unit),
            asker=(await directory.person(job.user)).name,
            detail=row.detail,
            link=await _link(job, services) if is_open else None,
            is_open=is_open,
            note=await _discrepancy(row, job, services),
        )
    )


async def _discrepancy(row: Notification, job: Job, services: Services) -> str:
    """Return that MindVideo refuses for lack of credit while our own book has some; else nothing.

    A channel is not told how much.
    """
    if row.kind is not NotificationKind.OPERATOR_NEEDED or job.failure is not Failure.CREDIT:
        return ""
    book = await services.store.budgets.credit(row.team)
    if book is None or book.left <= 0:
        return ""
    return discrepancy(book.left, services.unit, is_direct=row.channel.startswith(PEOPLE))


async def _is_open(row: Notification, job: Job, services: Services) -> bool:
    """Return whether all readers of the notification may see the job.

    A public channel is open to the workspace, but not to people of another one.
    """
    directory = services.directory
    if job.channel == row.channel:
        return True
    if not (await directory.conversation(job.channel)).is_public:
        return False
    if row.channel.startswith(PEOPLE):
        return True
    return not (await directory.conversation(row.channel)).is_shared


async def _link(job: Job, services: Services) -> str | None:
    ts = job.message_ts or job.reply_to.thread_ts
    return None if ts is None else await services.directory.permalink(job.channel, ts)
