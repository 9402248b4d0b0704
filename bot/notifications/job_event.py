"""A notice about one job: gather what its words need, and post them."""

from __future__ import annotations

from dataclasses import replace

from bot.base.ports import Message
from bot.jobs.view import names
from bot.messages.notification import News, notice_message
from bot.worker.post import post_once
from bot.worker.telling import NoticeTools, Telling
from storage.job import Job
from storage.notification import Notice, NoticeKind

NOT_THEIRS = "It was made in a private conversation."


async def tell_news(telling: Telling) -> None:
    """Tell a channel about a job. As safe to repeat as `post_once`."""
    message = await _compose(telling.notice, telling.tools)
    if message is None:
        await telling.record(replace(telling.notice, due_at=None, problem=NOT_THEIRS))
        return
    ts = await post_once(telling, message)
    await telling.record(replace(telling.notice, due_at=None, posted_ts=ts))


async def _compose(notice: Notice, tools: NoticeTools) -> Message | None:
    job = await tools.jobs.get(notice.job_id or "")
    if job is None:
        return None
    is_open = job.channel == notice.channel or (await tools.directory.room(job.channel)).is_public
    return notice_message(
        News(
            kind=notice.kind,
            job=job,
            sheet=names(job, tools.catalog, tools.unit),
            asker=(await tools.directory.person(job.user)).name,
            detail=await _detail(notice, tools),
            link=await _link(notice, job, tools) if is_open else None,
            is_open=is_open,
        )
    )


async def _detail(notice: Notice, tools: NoticeTools) -> str:
    if notice.kind is NoticeKind.SHARED:
        return (await tools.directory.person(notice.detail)).name
    return notice.detail


async def _link(notice: Notice, job: Job, tools: NoticeTools) -> str | None:
    shown = job.result_ts if notice.kind is NoticeKind.SHARED else job.message_ts
    ts = shown or job.thread_ts
    return None if ts is None else await tools.directory.permalink(job.channel, ts)
