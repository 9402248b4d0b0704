"""What is done to one job at a person's word, and the private answer to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from bot.attachments import Attached
from bot.intake import Asker
from bot.messages import answers
from bot.ports import Message
from bot.sheets import names, sheet
from bot.slack.desk import Desk
from bot.verbs import Cancelled
from storage.job import Job, Stage


async def status(desk: Desk, job: Job) -> Message:
    """Return where a job stands."""
    return answers.status(job, await sheet(job, desk.store, desk.catalog, desk.unit), desk.now())


def cost(desk: Desk, job: Job) -> Message:
    """Return what a job cost."""
    return answers.cost(job, names(job, desk.catalog, desk.unit))


async def cancel(desk: Desk, job: Job, by: str) -> Message:
    """Cancel a job while that is free, and say what came of it. Idempotent."""
    verdict = await desk.verbs.cancel(job, by)
    now_standing = await desk.store.get(job.id) or job
    match verdict:
        case Cancelled.FREE:
            return answers.cancelled(job)
        case Cancelled.BILLED if now_standing.stage is Stage.PARKED:
            return answers.on_hold(job)
        case Cancelled.BILLED:
            return answers.billed(job)
        case Cancelled.GIVEN_UP:
            return answers.given_up(job)
        case Cancelled.OVER:
            return answers.over(
                now_standing, names(now_standing, desk.catalog, desk.unit), desk.now()
            )
        case Cancelled.NOT_YOURS:
            return answers.not_yours(job)
        case _:
            assert_never(verdict)


async def again(
    desk: Desk, job: Job, asker: Asker, changes: str = "", files: Sequence[Attached] = ()
) -> Message | None:
    """Render a job again, with what words and files change; `None`: its message says it all.

    Idempotent by `asker.ask_key`. Raises `UsageError`.
    """
    return await desk.answer(desk.verbs.again(job, asker, changes, files))


async def resend(desk: Desk, job: Job, ask_key: str) -> Message:
    """Bring a job's files again. Idempotent by `ask_key`. Raises `UsageError`."""
    await desk.verbs.resend(job, ask_key)
    return answers.resending(job)
