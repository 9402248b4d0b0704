"""A fake that takes pictures from videos, and what a job shows of one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.base.ports import ClipToJoin, Download, JoinedFilm, Still, UnfitFilmError
from bot.worker.upload import in_memory
from sandbox.slack.entities import StoredMessage
from storage.job import Film

FILM = Film(width=1280, height=720, seconds=5.0, has_sound=True)
PICTURE = b"\xff\xd8\xff a picture"


@dataclass
class FakeFilms:
    """The port `Films`: gives one picture for every video, unless `still` is `None`."""

    still_of: Still | None = field(default_factory=lambda: Still(picture=PICTURE, film=FILM))
    videos: list[bytes] = field(default_factory=list)
    """The videos that were given to it."""
    frames_at: list[float | None] = field(default_factory=list)
    """The times of the frames that were taken."""
    joined: list[list[float | None]] = field(default_factory=list)
    """The films that were made: where each of their clips ends."""
    unfit: UnfitFilmError | None = None
    """Why no clips can be joined; `None`: they can."""
    at_still: Callable[[], None] = lambda: None
    """Is called each time, and may raise."""

    async def still(self, download: Download) -> Still | None:
        """See `Films`."""
        self.videos.append(b"".join([chunk async for chunk in download.chunks]))
        self.at_still()
        return self.still_of

    async def frame(self, download: Download, seconds: float | None) -> Still | None:
        """See `Films`."""
        self.frames_at.append(seconds)
        return await self.still(download)

    @asynccontextmanager
    async def join(self, clips: Sequence[ClipToJoin], comment: str) -> AsyncIterator[JoinedFilm]:
        """See `Films`: puts the bytes of the clips one behind the other, and the comment."""
        if self.unfit is not None:
            raise self.unfit
        self.joined.append([clip.until for clip in clips])
        data = b""
        for clip in clips:
            async with clip.open() as download:
                data += b"".join([chunk async for chunk in download.chunks])
        data += comment.encode()
        yield JoinedFilm(download=in_memory(data, "video/mp4"), film=FILM)


def pictures_in(message: StoredMessage) -> list[str]:
    """Return the files that a message shows as pictures."""
    files = [block["slack_file"] for block in message.blocks if block["type"] == "image"]
    return [str(file["id"]) for file in files if isinstance(file, dict)]
