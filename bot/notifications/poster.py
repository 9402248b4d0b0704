"""Upload a poster of a delivered video: a picture from it, which the job's message then shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from bot.base.errors import NotFoundError, RefusedError
from bot.base.ports import Download, Films, Still
from bot.jobs.deliveries import copies_at_slack
from bot.jobs.services import Services
from bot.messages.file import alt_text, poster_name, title
from bot.notifications.deletion import NO_JOB, take_back
from bot.notifications.picture import is_ready
from bot.notifications.place import MESSAGE_SLOT
from bot.options.mentions import named_input
from bot.options.schema import prompts_of
from bot.worker.context import Claim
from bot.worker.result import Done, Result, Snooze
from bot.worker.upload import OutgoingFile, in_memory, upload_once
from storage.job import Film, Job, Stage
from storage.notification import Notification
from storage.notification_detail import NotificationDetail

PATIENCE_SECONDS = 4 * 3600.0
"""After this the row is given up, as the video has been there for hours."""

PAUSE_SECONDS = 3.0
"""Before the second look at a job that is not delivered yet, or a file that is not processed."""

OFF = "Posters are switched off."
TOO_LATE = "The poster could not be made within hours."
UNREADABLE = "No picture can be taken from the video."


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmDetail(NotificationDetail):
    """The properties of the video, as the notification's `detail` holds them. See `Film`."""

    width: int
    height: int
    seconds: float | None
    has_sound: bool

    @classmethod
    def from_film(cls, film: Film) -> FilmDetail:
        """Return the detail for a video."""
        return cls(
            width=film.width,
            height=film.height,
            seconds=film.seconds,
            has_sound=film.has_sound,
        )

    def to_film(self, poster: str | None) -> Film:
        """Return the video's properties with its poster."""
        return Film(
            width=self.width,
            height=self.height,
            seconds=self.seconds,
            has_sound=self.has_sound,
            poster=poster,
        )


async def bring_poster(claim: Claim[Notification]) -> Result[Notification]:
    """Take a picture from the job's video, upload it once, and note it in the job's row.

    Safe to repeat: as `upload_once`, and a picture that is at Slack is not made again. An upload is
    completed once by Slack's own rule, and the note is idempotent. The properties of the video are
    kept in the row's `detail` by the commit that precedes the upload.
    """
    row, services = claim.row, claim.services
    job = await services.store.jobs.get(row.job_id or "")
    if job is not None and job.deleted_at is not None:
        return await take_back(claim, job)
    is_late = services.now() - row.happened_at > PATIENCE_SECONDS
    films = services.films if services.makes_posters else None
    if job is None or films is None or is_late:
        return _without(row, NO_JOB if job is None else OFF if films is None else TOO_LATE)
    if job.stage is not Stage.DELIVERED:
        return _later(row)
    claim.prompts += prompts_of(named_input(job))
    try:
        return await _bring(claim, job, films)
    except _NoPictureError as error:
        return _without(claim.row, str(error))
    except RefusedError as error:
        # The picture is refused; what was read from the video is shown all the same.
        return await _noted(claim, job, None, str(error))


async def _bring(claim: Claim[Notification], job: Job, films: Films) -> Result[Notification]:
    await _upload(claim, job, films)
    if await is_ready(claim, title(job)):
        return await _noted(claim, job, claim.row.delivery.uploads[0].file_id, None)
    kept = replace(claim.row.delivery, intent_at=claim.services.now())
    return _later(replace(claim.row, delivery=kept))


class _NoPictureError(Exception):
    """The video is gone, or cannot be read: a retry gives the same."""


def _later(row: Notification) -> Snooze[Notification]:
    """Return the result of a look that found nothing new; the next ones come more rarely."""
    return Snooze(row=row, after=PAUSE_SECONDS * (1 + row.attempts), failed=True)


def _without(row: Notification, problem: str) -> Done[Notification]:
    return Done(row=replace(row, problem=problem))


async def _upload(claim: Claim[Notification], job: Job, films: Films) -> None:
    """Upload the picture, unshared. It is made only if it is not at Slack."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Download]:
        still = await _still(claim.services, job, films)
        # Written with the file's ID, before its bytes are sent.
        claim.keep(replace(claim.row, detail=FilmDetail.from_film(still.film).to_text()))
        yield in_memory(still.picture, "image/jpeg")

    outgoing = OutgoingFile(open=opened, name=lambda _: poster_name(job), alt_text=alt_text(job))
    await upload_once(claim, MESSAGE_SLOT, 0, outgoing, claim.row.channel)


async def _still(services: Services, job: Job, films: Films) -> Still:
    """Return the picture from the video at MindVideo, or from its copy at Slack."""
    try:
        async with _opened_video(services, job) as download:
            still = await films.still(download)
    except (NotFoundError, RefusedError) as error:
        raise _NoPictureError(str(error)) from error
    if still is None:
        raise _NoPictureError(UNREADABLE)
    return still


@asynccontextmanager
async def _opened_video(services: Services, job: Job) -> AsyncIterator[Download]:
    """Open the video; a link of MindVideo's may have expired. Raises `NotFoundError`."""
    async with AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(services.video.download(job.outputs[0].url))
        except NotFoundError:
            copies = await copies_at_slack(job, services)
            if not copies:
                raise
            file = await services.files.describe(copies[0].file_id)
            opened = await stack.enter_async_context(services.files.open(file))
        yield opened


async def _noted(
    claim: Claim[Notification], job: Job, poster: str | None, problem: str | None
) -> Result[Notification]:
    """Write what is known of the video to the job, whose message then shows it."""
    detail, services = FilmDetail.of(claim.row), claim.services
    if detail is not None:
        film = detail.to_film(poster)
        await services.store.jobs.note_film(job.id, film, services.now())
        services.wake()
    return Done(row=replace(claim.row, problem=problem))
