"""What is done to one job at a person's word, and the private answer to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import Asker
from bot.jobs.actions import Cancelled
from bot.jobs.view import names, sheet
from bot.listeners.context import Desk
from bot.messages import replies
from bot.messages.details import job_details
from bot.options.attachments import Attached
from bot.options.request import all_options
from bot.slack.markup import plain
from storage.job import Job, Json, Outcome, Stage
from storage.notification import Notice, NoticeKind, notice_id


async def status(desk: Desk, job: Job) -> Message:
    """Return where a job stands."""
    return replies.status(job, await sheet(job, desk.store, desk.catalog, desk.unit), desk.now())


def cost(desk: Desk, job: Job) -> Message:
    """Return what a job cost."""
    return replies.cost(job, names(job, desk.catalog, desk.unit))


async def cancel(desk: Desk, job: Job, by: str) -> Message:
    """Cancel a job while that is free, and say what came of it. Idempotent."""
    return await _what_came(desk, job, await desk.verbs.cancel(job, by))


async def give_up(desk: Desk, job: Job, by: str) -> Message:
    """Let go of a render that MindVideo has, and say what came of it. Idempotent."""
    return await _what_came(desk, job, await desk.verbs.give_up(job, by))


async def _what_came(desk: Desk, job: Job, verdict: Cancelled) -> Message:
    now_standing = await desk.store.get(job.id) or job
    match verdict:
        case Cancelled.FREE:
            return replies.cancelled(job)
        case Cancelled.BILLED | Cancelled.OVER if now_standing.stage is Stage.PARKED:
            return replies.on_hold(job)
        case Cancelled.BILLED:
            return replies.billed(job)
        case Cancelled.GIVEN_UP:
            return replies.given_up(job)
        case Cancelled.OVER:
            return replies.over(
                now_standing, names(now_standing, desk.catalog, desk.unit), desk.now()
            )
        case Cancelled.NOT_YOURS:
            return replies.not_yours(job)
        case _:
            assert_never(verdict)


async def again(
    desk: Desk, job: Job, asker: Asker, changes: str = "", files: Sequence[Attached] = ()
) -> Message | None:
    """Render a job again, with what words and files change; `None`: its message says it all.

    Idempotent by `asker.ask_key`. Raises `UsageError`.
    """
    return await desk.answer(desk.verbs.again(job, asker, plain(changes), files))


async def press_again(
    desk: Desk, job: Job, asker: Asker, changes: Mapping[str, Json]
) -> Message | None:
    """Render a job again with some options set; a question if that was asked for a moment ago.

    Idempotent by `asker.ask_key`. Raises `UsageError`.
    """
    return await desk.answer(desk.verbs.again_with(job, asker, changes))


async def share(desk: Desk, job: Job, by: str) -> Message:
    """Tell the channel of a result that stands in a thread, at most once for each job.

    The wish is on disk when this returns, known by the job and the channel: a click that comes
    again, or another one, adds nothing. The notice board then looks for its message by metadata
    before it posts after any doubt. Raises `UsageError`.
    """
    if job.outcome is not Outcome.SUCCEEDED or job.result_ts is None or job.result_channel:
        raise UsageError(f"Job {job.id} has no video in a thread of this channel to share.")
    now = desk.now()
    wish = Notice(
        id=notice_id(NoticeKind.SHARED, job.channel, job.id),
        team=job.team,
        channel=job.channel,
        kind=NoticeKind.SHARED,
        happened_at=now,
        job_id=job.id,
        detail=by,
        due_at=now,
    )
    if not await desk.notices.add_notice(wish):
        return replies.shared_before(job)
    desk.intake.wake()
    return replies.sharing(job)


async def details(desk: Desk, job: Job) -> Message:
    """Return everything that is known of a job."""
    known = await sheet(job, desk.store, desk.catalog, desk.unit)
    model = desk.catalog.find(job.model)
    options = all_options(model, job.input) if model else ()
    return job_details(job, known, options, await desk.store.events(job.id), desk.now())


async def resend(desk: Desk, job: Job, ask_key: str) -> Message:
    """Bring a job's files again. Idempotent by `ask_key`. Raises `UsageError`."""
    await desk.verbs.resend(job, ask_key)
    return replies.resending(job)
