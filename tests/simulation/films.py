"""The port `Films` in memory: a picture that tells of which video it was taken."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from bot.base.errors import RetryLaterError
from bot.base.ports import ClipToJoin, Download, JoinedFilm, Message, Still, UnfitFilmError
from storage.job import Film
from tests.simulation.process import Process
from tests.simulation.world import World


def are_posters_made(seed: int) -> bool:
    """Tell whether a world has posters: it must not change what else chance decides."""
    return seed % 2 == 1


def are_chains_made(world: World) -> bool:
    """Tell whether people continue videos and join them: as with posters, in worlds that have them.

    After a restore the clip that another one goes on from may be unknown.
    """
    return world.seed % 8 == 3 and not world.is_restored


def film_of(clips: Sequence[tuple[bytes, float | None]]) -> bytes:
    """Return the film of clips, each of which ends at a second or at its end."""
    ends = (video + repr(until).encode() for video, until in clips)
    return b"".join(hashlib.blake2b(end).digest() for end in ends)


def picture_of(video: bytes) -> bytes:
    """Return the picture that is taken from a video."""
    return hashlib.blake2b(video, digest_size=8).digest()


def pictures_in(message: Message) -> Iterator[str]:
    """Yield the files that a message shows as pictures."""
    for block in message.blocks:
        match block:
            case {"type": "image", "slack_file": {"id": str(file_id)}}:
                yield file_id


class MemoryFilms:
    """Takes pictures slowly, and not from each video; the process may die meanwhile."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def still(self, download: Download) -> Still | None:
        """See `Films`."""
        world = self._process.world
        video = b""
        async for chunk in download.chunks:
            video += chunk
        self._process.point("inside still")
        if world.happens("film process does not start"):
            raise RetryLaterError("the process does not start")
        await world.sleep(world.between(0.2, 20.0))
        self._process.point("inside still")
        if world.happens("video cannot be read", 0.5):
            return None
        film = Film(width=1280, height=720, seconds=float(len(video)), has_sound=False)
        return Still(picture=picture_of(video), film=film)

    async def frame(self, download: Download, seconds: float | None) -> Still | None:
        """See `Films`: no image is sent in this world, so none is asked for."""
        raise NotImplementedError

    @asynccontextmanager
    async def join(
        self,
        clips: Sequence[ClipToJoin],
        comment: str,  # noqa: ARG002 - nobody reads it here
    ) -> AsyncIterator[JoinedFilm]:
        """See `Films`: takes minutes, in which much happens."""
        world, parts = self._process.world, []
        for clip in clips:
            async with clip.open() as download:
                video = b"".join([chunk async for chunk in download.chunks])
            parts.append((video, clip.until))
        self._process.point("inside join")
        if world.happens("film process does not start"):
            raise RetryLaterError("the process does not start")
        await world.sleep(world.between(1.0, 200.0))
        self._process.point("inside join")
        if world.happens("clips cannot be joined", 0.3):
            raise UnfitFilmError("they cannot be joined")
        data = film_of(parts)

        async def chunks() -> AsyncIterator[bytes]:
            yield data

        film = Film(width=1280, height=720, seconds=None, has_sound=False)
        download = Download(length=len(data), content_type="video/mp4", chunks=chunks())
        yield JoinedFilm(download=download, film=film)
