"""Bring a cost report as a CSV or a chart to the direct messages of the user who wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from pydantic import BaseModel, ValidationError

from bot.base.errors import CannotShareFileError, OutcomeUnknownError
from bot.base.ports import Download, Message, Place
from bot.base.traces import current_traceparent
from bot.jobs.accept import Interaction
from bot.jobs.cost_report import Reader, ReportSpec, as_seen, load_costs
from bot.jobs.services import Services
from bot.messages import blocks
from bot.messages.cost_report import (
    WHOSE,
    chart_words,
    csv_name,
    file_message,
    file_name,
    file_title,
    not_taken,
)
from bot.money.cost_csv import rows_of, to_csv
from bot.money.cost_report import NO_COSTS, Costs, Dimension, costs_by, lines_by
from bot.notifications.chart import CostBars, draw_costs
from bot.notifications.place import MESSAGE_SLOT, place_of
from bot.worker.context import Claim
from bot.worker.outbox import find_posted, post_once, share_once
from bot.worker.result import Done, Park, Result
from bot.worker.upload import OutgoingFile, in_memory, upload_once
from storage.budget import day_at
from storage.costs import CostGroup
from storage.job import EventName
from storage.notification import Notification, NotificationKind, notification_id

UNREADABLE = "What the file is about cannot be read."

CSV_COLUMNS = (
    Dimension.DAY,
    Dimension.PERSON,
    Dimension.CHANNEL,
    Dimension.PROJECT,
    Dimension.MODEL,
)


class FileForm(StrEnum):
    """The form of a cost report's file. The values are stored and never change."""

    CSV = "csv"
    CHART = "png"


class CostFile(BaseModel, frozen=True, defer_build=True):
    """A file that a user wants, as a notification's `detail` holds it."""

    form: FileForm
    spec: ReportSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """The bytes of a file, and its description for screen readers."""

    data: bytes
    content_type: str
    alt_text: str


async def put_cost_file(file: CostFile, interaction: Interaction, services: Services) -> None:
    """Put a file for the user of an interaction into the outbox. Committed when it returns.

    Idempotent by `interaction.dedup_key`. Raises `StoreError`.
    """
    now, kind = services.now(), NotificationKind.COST_FILE
    row = Notification(
        id=notification_id(kind, interaction.user, interaction.dedup_key),
        team=interaction.team,
        channel=interaction.user,
        kind=kind,
        happened_at=now,
        traceparent=current_traceparent(),
        detail=file.model_dump_json(),
        due_at=now,
    )
    await services.store.outbox.add(row)
    services.wake()


async def bring(claim: Claim[Notification]) -> Result[Notification]:
    """Share the file once in the user's direct messages. As safe to repeat as `share_once`.

    Its figures are those of now. If Slack does not take it, a message says so.
    """
    row = claim.row
    try:
        file = CostFile.model_validate_json(row.detail)
    except ValidationError:
        return Park(row=row, problem=UNREADABLE)
    place = await place_of(claim)
    ts = await _find(claim, place) or await _share(claim, file, place)
    if ts is None:
        raise OutcomeUnknownError("Slack has not shown the file yet.")
    return Done(row=replace(claim.row, delivery=replace(claim.row.delivery, ts=ts)))


async def _find(claim: Claim[Notification], place: Place) -> str | None:
    """Return the `ts` of the message if it may come from a process before a restore."""
    if claim.row.delivery.uploads and not claim.may_be_restored(claim.row.happened_at):
        return None
    posted = await find_posted(claim, MESSAGE_SLOT, place)
    return None if posted is None else posted.ts


async def _share(claim: Claim[Notification], file: CostFile, place: Place) -> str | None:
    spec, row = file.spec, claim.row
    unmarked = file_message(WHOSE[spec.whose], spec.window, spec.period)
    message = replace(unmarked, blocks=blocks.marked(unmarked.blocks, row.id))

    async def upload() -> None:
        content = await _content(file, row, claim.services)

        @asynccontextmanager
        async def opened() -> AsyncIterator[Download]:
            yield in_memory(content.data, content.content_type)

        outgoing = OutgoingFile(
            open=opened,
            name=lambda _: file_name(spec.period, file.form.value),
            alt_text=content.alt_text,
        )
        await upload_once(claim, MESSAGE_SLOT, 0, outgoing, place.channel)

    async def compose() -> Message:
        return message

    if not row.delivery.link_only:
        title = file_title(spec.window, spec.period)
        try:
            return await share_once(
                claim, MESSAGE_SLOT, place, bring=upload, title=title, compose=compose
            )
        except CannotShareFileError as error:
            alone = replace(claim.row.delivery, link_only=True, uploads=(), intent_at=None)
            await claim.record(replace(claim.row, delivery=alone), EventName.LINK_ONLY, str(error))
    return (await post_once(claim, MESSAGE_SLOT, place, not_taken())).ts


async def _content(file: CostFile, row: Notification, services: Services) -> _Content:
    spec = file.spec
    reader = Reader(team=row.team, user=row.channel, channel=spec.channel)
    groups = await load_costs(spec.whose, spec.period, reader, services)
    match file.form:
        case FileForm.CSV:
            seen = await as_seen(groups, reader, services, in_a_hurry=False)
            return await _csv(seen, services)
        case FileForm.CHART:
            return await _chart(groups, spec, row, services)


async def _csv(groups: Sequence[CostGroup], services: Services) -> _Content:
    names = await _names(groups, services)
    rows = rows_of(groups, CSV_COLUMNS, lambda by, key: names.get((by, key), key))
    return _Content(data=to_csv(rows, CSV_COLUMNS), content_type="text/csv", alt_text="Costs")


async def _names(
    groups: Sequence[CostGroup], services: Services
) -> dict[tuple[Dimension, str], str]:
    """Return plain names by dimension and key, with the ID behind: two people may have one name."""
    people = {key for (key,) in costs_by(groups, (Dimension.PERSON,))}
    channels = {key for (key,) in costs_by(groups, (Dimension.CHANNEL,))}
    names = {
        (Dimension.PERSON, user): csv_name((await services.directory.person(user)).name, user)
        for user in sorted(people)
    }
    for channel in sorted(channels):
        if channel.startswith(("C", "G")):
            known = await services.directory.conversation(channel)
            names[Dimension.CHANNEL, channel] = csv_name(known.name, channel)
    return names


async def _chart(
    groups: Sequence[CostGroup], spec: ReportSpec, row: Notification, services: Services
) -> _Content:
    calendar = (await services.store.budgets.rules(row.team, services.now())).policy.calendar
    titles = {model.slug: model.title for model in services.catalog.models}
    bars = CostBars(
        days=_days(groups, spec, day_at(services.now(), calendar)),
        models=[
            (titles.get(line.name, line.name), line.now)
            for line in lines_by(Dimension.MODEL, groups, ())
        ],
    )
    data = await asyncio.to_thread(draw_costs, bars, services.unit)
    return _Content(
        data=data, content_type="image/png", alt_text=chart_words(bars.days, services.unit)
    )


def _days(groups: Sequence[CostGroup], spec: ReportSpec, today: str) -> list[tuple[date, Costs]]:
    """Return each day of a period until today, with what it cost."""
    found = costs_by(groups, (Dimension.DAY,))
    days: list[tuple[date, Costs]] = []
    day = date.fromisoformat(spec.first)
    while day.isoformat() < spec.until and (day.isoformat() <= today or not days):
        days.append((day, found.get((day.isoformat(),), NO_COSTS)))
        day += timedelta(days=1)
    return days
