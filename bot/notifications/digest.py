"""A digest: figures of a stretch of time with a chart, shared as one message, at most once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from bot.base.errors import (
    CannotShareFileError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RetryLaterError,
)
from bot.base.ports import Message, Place
from bot.messages import blocks
from bot.messages.notification import chart_filename, chart_title, chart_words, digest_message
from bot.money.costs import Day, Summary, by_day, summarize
from bot.notifications.chart import draw
from bot.notifications.schedule import Span, zone_named
from bot.worker.member import share_as_member
from bot.worker.post import find_told, post_once
from bot.worker.telling import NoticeTools, Telling

# A fortnight shows whether this week is like the last.
CHART_DAYS = 14
DAY_SECONDS = 86400.0
# How long Slack may take to show that a file is shared, after it said so.
SHARE_PATIENCE_SECONDS = 90.0


async def tell_digest(telling: Telling) -> None:
    """Tell a channel its digest, with a chart where Slack takes one.

    Safe to repeat: the chart's file is known before it is shared, and a row that carries an
    intent asks Slack whether it is shared before it shares anything. Words without a chart are
    as safe as `post_once`.
    """
    place = await telling.place()
    ts = (
        await _shared(telling, place)
        or await find_told(telling, place)
        or await _tell(telling, place)
    )
    await telling.record(replace(telling.notice, due_at=None, posted_ts=ts))


async def _tell(telling: Telling, place: Place) -> str:
    tools, notice = telling.tools, telling.notice
    span = Span.model_validate_json(notice.detail)
    zone = zone_named(span.zone)
    renders = await tools.notices.renders(notice.team, span.since, span.until)
    words = await _words(summarize(renders), span, tools)
    message = replace(words, blocks=blocks.marked(words.blocks, notice.id))
    if not notice.plain:
        since = min(span.since, span.until - CHART_DAYS * DAY_SECONDS)
        past = await tools.notices.renders(notice.team, since, span.until)
        days = by_day(past, span.until, CHART_DAYS, zone)
        if any(day.succeeded or day.failed for day in days):
            try:
                return await _share(telling, place, message, days)
            except CannotShareFileError:
                plain = replace(telling.notice, plain=True, file_id=None, intent_at=None)
                await telling.record(plain)
    return await post_once(telling, message)


async def _words(summary: Summary, span: Span, tools: NoticeTools) -> Message:
    names = {
        spend.name: (await tools.directory.person(spend.name)).name for spend in summary.by_person
    }
    return digest_message(
        summary,
        since=span.since,
        until=span.until,
        names=names,
        titles={model.slug: model.title for model in tools.catalog.models},
        unit=tools.unit,
    )


async def _share(telling: Telling, place: Place, message: Message, days: list[Day]) -> str:
    """Bring a chart to Slack and share it with the words as one message; return its `ts`."""
    tools = telling.tools
    picture = await asyncio.to_thread(draw, days)
    target = await tools.chat.reserve_upload(chart_filename(days), len(picture), chart_words(days))
    try:
        await tools.chat.send_upload(target.url, len(picture), _whole(picture))
    except OutcomeUnknownError as error:
        # A file that is not shared shows nowhere: the next try brings another.
        raise RetryLaterError("Slack did not say whether the chart arrived.") from error
    await telling.record(
        replace(telling.notice, file_id=target.file_id, intent_at=tools.now()),
    )
    files = [(target.file_id, chart_title(days))]
    try:
        await share_as_member(tools.chat, files, place, message, telling.hold)
    except (RetryLaterError, OperatorMustActError):
        # Certainly not shared, so the next try begins anew.
        await telling.record(replace(telling.notice, file_id=None, intent_at=None))
        raise
    except NotFoundError as error:
        # The file is gone, or was shared by a call whose answer was lost: look before repeating.
        raise OutcomeUnknownError("Slack does not know the chart.") from error
    ts = await _shared(telling, place)
    if ts is None:
        raise OutcomeUnknownError("Slack has not shown the chart yet.")
    return ts


async def _shared(telling: Telling, place: Place) -> str | None:
    """Return the `ts` of the digest if it stands; `None`: it certainly does not."""
    notice, chat, now = telling.notice, telling.tools.chat, telling.tools.now()
    if notice.file_id is None or notice.intent_at is None:
        return None
    try:
        state = await chat.look_at_file(notice.file_id, place.channel)
    except NotFoundError:
        await telling.record(replace(notice, file_id=None, intent_at=None))
        return None
    if state.shared_ts is not None:
        return state.shared_ts
    if now - notice.intent_at < SHARE_PATIENCE_SECONDS:
        raise OutcomeUnknownError("Slack has not shown the chart yet.")
    await telling.hold()
    await chat.discard_file(notice.file_id)
    await telling.record(replace(notice, file_id=None, intent_at=None))
    return None


async def _whole(picture: bytes) -> AsyncIterator[bytes]:
    yield picture
