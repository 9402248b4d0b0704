"""Upload a contact sheet of a set that is over: the posters of its parts, side by side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.base.errors import NotFoundError, RefusedError
from bot.base.ports import ContactSheets, Download
from bot.jobs.deliveries import is_poster_wanted, poster_row
from bot.jobs.services import Services
from bot.jobs.sets import SetDetail
from bot.messages import sets
from bot.notifications.picture import is_ready
from bot.notifications.place import MESSAGE_SLOT
from bot.worker.context import Claim
from bot.worker.result import Done, Result, Snooze
from bot.worker.upload import OutgoingFile, in_memory, upload_once
from storage.job import OVER, Job
from storage.notification import SET_EDIT_SECONDS, Notification

PAUSE_SECONDS = 5.0
"""Before the next look for posters that are not there yet."""

PATIENCE_SECONDS = 600.0
"""So long after the last part is over, a sheet is no longer waited for."""

FEWEST_POSTERS = 2
"""A single picture is in its own message already."""

NO_SHEET = ""
"""In place of a sheet's file: there will be none."""


async def bring_sheet(
    claim: Claim[Notification], detail: SetDetail, parts: Sequence[Job]
) -> Result[Notification]:
    """Upload the sheet once all parts are over, and keep its file in the set's row.

    As safe to repeat as `upload_once`. Without posters, or if Slack takes no such file, there is
    none.
    """
    services, row = claim.services, claim.row
    sheets = services.contact_sheets
    is_over = all(part.stage in OVER for part in parts)
    if detail.sheet is not None or not is_over or sheets is None:
        return Done(row=row)
    ended_at = max(part.delivered_at or part.finished_at or part.created_at for part in parts)
    has_time = services.now() - ended_at < PATIENCE_SECONDS
    if has_time and await _is_poster_awaited(parts, services):
        return Snooze(row=row, after=PAUSE_SECONDS)
    has_enough = sum(_poster(part) is not None for part in parts) >= FEWEST_POSTERS
    if not has_time or not has_enough:
        return _kept(row, detail, NO_SHEET)
    try:
        await _upload(claim, parts, sheets)
    except (NotFoundError, RefusedError):
        return _kept(claim.row, detail, NO_SHEET)
    if not await is_ready(claim, sets.sheet_title(len(parts))):
        return Snooze(row=claim.row, after=PAUSE_SECONDS, failed=True)
    shown = _kept(claim.row, detail, claim.row.delivery.uploads[0].file_id)
    return Snooze(row=shown.row, after=SET_EDIT_SECONDS)


def _kept(row: Notification, detail: SetDetail, sheet: str) -> Done[Notification]:
    return Done(row=replace(row, detail=replace(detail, sheet=sheet).to_text()))


def _poster(part: Job) -> str | None:
    return None if part.film is None or part.deleted_at is not None else part.film.poster


async def _is_poster_awaited(parts: Sequence[Job], services: Services) -> bool:
    """Return whether the poster of a part may still come."""
    for part in parts:
        if is_poster_wanted(part, services) and part.film is None:
            row = await services.store.outbox.find(poster_row(part, 0.0).id)
            if row is None or row.due_at is not None:
                return True
    return False


async def _upload(claim: Claim[Notification], parts: Sequence[Job], sheets: ContactSheets) -> None:
    """Upload the sheet, unshared. It is drawn only if it is not at Slack.

    Raises `NotFoundError` if no picture can be read any more.
    """

    @asynccontextmanager
    async def opened() -> AsyncIterator[Download]:
        pictures = [await _read(_poster(part), claim.services) for part in parts]
        drawn = await sheets.draw(pictures)
        if drawn is None:
            raise NotFoundError("The posters are gone.")
        yield in_memory(drawn, "image/jpeg")

    outgoing = OutgoingFile(
        open=opened,
        name=lambda _: f"{claim.row.id}.jpg",
        alt_text=sets.sheet_title(len(parts)),
    )
    await upload_once(claim, MESSAGE_SLOT, 0, outgoing, claim.row.channel)


async def _read(poster: str | None, services: Services) -> bytes | None:
    """Return the bytes of a poster; `None`: there is none, or it is gone from Slack."""
    if poster is None:
        return None
    try:
        file = await services.files.describe(poster)
        async with services.files.open(file) as download:
            return b"".join([chunk async for chunk in download.chunks])
    except (NotFoundError, RefusedError):
        return None
