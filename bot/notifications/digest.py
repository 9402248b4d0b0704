"""Post a digest once: the figures of a period and a chart, as one message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.base.errors import CannotShareFileError, OutcomeUnknownError
from bot.base.ports import Download, Message, Place
from bot.jobs.feedback import FeedbackSummary, summarize_feedback
from bot.jobs.services import Services
from bot.jobs.styles import load_placed_styles
from bot.messages import blocks
from bot.messages.digest import chart_filename, chart_title, chart_words, digest_message
from bot.money.costs import Day, Summary, by_day, summarize
from bot.notifications.chart import draw
from bot.notifications.place import MESSAGE_SLOT, place_of
from bot.notifications.schedule import Span
from bot.options.times import zone_named
from bot.worker.context import Claim
from bot.worker.outbox import find_posted, post_once, share_once
from bot.worker.result import Done, Result
from bot.worker.upload import OutgoingFile, in_memory, upload_once
from storage.job import EventName
from storage.notification import Notification

# Two weeks, so that this week can be compared with the last.
CHART_DAYS = 14
DAY_SECONDS = 86400.0


async def post_digest(claim: Claim[Notification]) -> Result[Notification]:
    """Post a digest to its channel, with a chart if Slack accepts one.

    As safe to repeat as `share_once`, and without a chart as `post_once`. For a row that may come
    from a backup the message is searched for first, with or without a chart.
    """
    place = await place_of(claim)
    ts = await _find_digest(claim, place) or await _post(claim, place)
    if ts is None:
        raise OutcomeUnknownError("Slack has not shown the chart yet.")
    return Done(row=replace(claim.row, delivery=replace(claim.row.delivery, ts=ts)))


async def _find_digest(claim: Claim[Notification], place: Place) -> str | None:
    """Return the `ts` of the digest if it was posted before.

    A digest with a chart is found by `share_once`, unless the row may come from a backup.
    """
    if claim.row.delivery.uploads and not claim.may_be_restored(claim.row.happened_at):
        return None
    posted = await find_posted(claim, MESSAGE_SLOT, place)
    return None if posted is None else posted.ts


async def _post(claim: Claim[Notification], place: Place) -> str | None:
    row, services = claim.row, claim.services
    span = Span.model_validate_json(row.detail)
    renders = await services.store.jobs.renders(row.team, span.since, span.until)
    feedback = await _feedback(row, span, services)
    unmarked = await _compose(summarize(renders), feedback, span, services)
    message = replace(unmarked, blocks=blocks.marked(unmarked.blocks, row.id))
    days = () if row.delivery.link_only else await _days(row.team, span, services)
    if any(day.succeeded or day.failed for day in days):
        try:
            return await _share(claim, place, message, days)
        except CannotShareFileError as error:
            alone = replace(claim.row.delivery, link_only=True, uploads=(), intent_at=None)
            without_chart = replace(claim.row, delivery=alone)
            await claim.record(without_chart, EventName.LINK_ONLY, str(error))
    return (await post_once(claim, MESSAGE_SLOT, place, message)).ts


async def _feedback(row: Notification, span: Span, services: Services) -> FeedbackSummary:
    ratings = await services.store.feedback.ratings(row.team, span.since, span.until)
    # The place is a channel or a person, whose IDs differ.
    placed = await load_placed_styles(row.team, row.channel, row.channel, services)
    return summarize_feedback(ratings, services.catalog, {style.name for style in placed})


async def _days(team: str, span: Span, services: Services) -> Sequence[Day]:
    """Return the days of the chart, the oldest first."""
    since = min(span.since, span.until - CHART_DAYS * DAY_SECONDS)
    renders = await services.store.jobs.renders(team, since, span.until)
    calendar = (await services.store.budgets.rules(team, services.now())).policy.calendar
    return by_day(renders, span.until, CHART_DAYS, zone_named(calendar.zone))


async def _compose(
    summary: Summary, feedback: FeedbackSummary, span: Span, services: Services
) -> Message:
    users = [share.name for share in summary.by_person]
    names = {user: (await services.directory.person(user)).name for user in users}
    return digest_message(
        summary,
        feedback,
        since=span.since,
        until=span.until,
        names=names,
        titles={model.slug: model.title for model in services.catalog.models},
        unit=services.unit,
    )


async def _share(
    claim: Claim[Notification], place: Place, message: Message, days: Sequence[Day]
) -> str | None:
    """Upload a chart and share it as one message; return its `ts`, or `None` if it was lost."""

    @asynccontextmanager
    async def chart() -> AsyncIterator[Download]:
        png = await asyncio.to_thread(draw, days)
        yield in_memory(png, "image/png")

    file = OutgoingFile(open=chart, name=lambda _: chart_filename(days), alt_text=chart_words(days))

    async def upload() -> None:
        await upload_once(claim, MESSAGE_SLOT, 0, file, place.channel)

    async def compose() -> Message:
        return message

    return await share_once(
        claim, MESSAGE_SLOT, place, bring=upload, title=chart_title(days), compose=compose
    )
