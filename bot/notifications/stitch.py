"""Join the clips of a chain to one film, and deliver it to the thread of the last one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

from bot.base.errors import BotError, NotFoundError, RefusedError
from bot.base.ports import ClipToJoin, Download, Message, Place, UnfitFilmError
from bot.jobs.chains import load_chain
from bot.jobs.deliveries import copies_at_slack, result_place
from bot.jobs.services import Services
from bot.jobs.view import labelled_view
from bot.messages.file import alt_text, film_name, title
from bot.messages.film import film_message, made_of, not_joined_message
from bot.notifications.deletion import NO_JOB, check_not_deleted, take_back
from bot.notifications.place import MESSAGE_SLOT, PEOPLE, place_of, slot_since
from bot.options.continuation import Link
from bot.options.mentions import named_input
from bot.options.schema import prompts_of
from bot.worker.context import Claim
from bot.worker.delivery import Content, deliver_once
from bot.worker.result import Done, Park, Result
from bot.worker.upload import OutgoingFile, upload_once
from storage.job import Job
from storage.notification import Notification

NOT_LOOKED_INTO = "This bot does not look into videos."


class _NotJoinedError(Exception):
    """There is no film, and a retry gives the same."""


async def stitch(claim: Claim[Notification]) -> Result[Notification]:
    """Join the clips up to the row's job, upload the film once, and post it once.

    As safe to repeat as `deliver_once`: a film that is at Slack is not made again. Nothing is
    rendered and nothing is charged. If there can be no film, the row's requester is told why.
    """
    job = await claim.services.store.jobs.get(claim.row.job_id or "")
    if job is None:
        return Park(row=claim.row, problem=NO_JOB)
    if job.deleted_at is not None:
        return await take_back(claim, job)
    chain = await load_chain(job, claim.services)
    for link in chain:
        claim.prompts += prompts_of(named_input(link.job))
    content = Content(
        bring=partial(_upload, claim, chain),
        title=title(job),
        compose=partial(_compose, claim, chain),
        may_be_links=False,
    )
    slot = await slot_since(claim, job.created_at)
    try:
        await deliver_once(claim, slot, content, place=await place_of(claim), user=job.user)
    except _NotJoinedError as error:
        await _report(claim, job, str(error))
        return Done(row=replace(claim.row, problem=str(error)))
    except RefusedError as error:
        await _report(claim, job, str(error))
        return Park(row=claim.row, problem=str(error))
    return Done(row=claim.row)


async def _upload(claim: Claim[Notification], chain: tuple[Link, ...], place: Place) -> None:
    films, last = claim.services.films, chain[-1].job
    if films is None:
        raise _NotJoinedError(NOT_LOOKED_INTO)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Download]:
        clips = [
            ClipToJoin(open=partial(_opened, link.job, claim.services), until=link.until)
            for link in chain
        ]
        try:
            async with films.join(clips, made_of(chain)) as joined:
                yield joined.download
        except UnfitFilmError as error:
            at = error.position
            which = "" if at is None else f" Clip {at + 1}, of job {chain[at].job.id}."
            raise _NotJoinedError(f"{error}{which}") from error

    file = OutgoingFile(open=opened, name=lambda _: film_name(last), alt_text=alt_text(last))
    await upload_once(claim, MESSAGE_SLOT, 0, file, place.channel)


@asynccontextmanager
async def _opened(job: Job, services: Services) -> AsyncIterator[Download]:
    """Open the copy of a clip at Slack."""
    gone = _NotJoinedError(
        f"The video of job {job.id} is no longer in Slack, so the clips cannot be joined."
    )
    copies = await copies_at_slack(job, services)
    if not copies:
        raise gone
    try:
        file = await services.files.describe(copies[0].file_id)
        async with services.files.open(file) as download:
            yield download
    except NotFoundError as error:
        raise gone from error


async def _compose(claim: Claim[Notification], chain: tuple[Link, ...]) -> Message:
    await check_not_deleted(chain[-1].job, claim.services)
    view = labelled_view(chain[-1].job, claim.services)
    return film_message(chain, view, by=claim.row.detail, mark=claim.row.id)


async def _report(claim: Claim[Notification], job: Job, problem: str) -> None:
    """Send the requester an ephemeral message. Best effort: to try again would join again."""
    requested_by = claim.row.detail
    if requested_by.startswith(PEOPLE):
        with suppress(BotError):
            place = result_place(job)
            await claim.services.chat.send_ephemeral(
                place, requested_by, not_joined_message(job, problem), None
            )
