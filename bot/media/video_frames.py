"""Takes frames of the videos that jobs made, from the bot's own files at Slack."""

from __future__ import annotations

from dataclasses import dataclass

from bot.base.errors import NotFoundError, RefusedError
from bot.base.ports import Films, PersonFiles
from bot.options.references import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFrames:
    """Reads a video at Slack, and takes one frame of it."""

    files: PersonFiles
    """It gives large files the time that they need."""
    films: Films

    async def take(self, frame: Frame) -> bytes:
        """Return the frame as a JPEG in the size of the video. A read.

        Raises `NotFoundError` if the file is gone from Slack, `RefusedError` if no such frame can
        be taken, and `RetryLaterError`.
        """
        name = f"The {frame.in_words}"
        try:
            file = await self.files.describe(frame.file_id)
            async with self.files.open(file) as download:
                still = await self.films.frame(download, frame.seconds)
        except NotFoundError as error:
            raise NotFoundError(
                f"{name} cannot be taken: the video is no longer in Slack.", code=error.code
            ) from error
        if still is None:
            raise RefusedError(f"{name} cannot be taken: the video cannot be read.")
        lasts = still.film.seconds
        if frame.seconds is not None and lasts is not None and frame.seconds > lasts:
            raise RefusedError(f"{name} cannot be taken: the video lasts {lasts:g} s.")
        return still.picture
