"""The port `Films` in memory: a picture that tells of which video it was taken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from bot.base.errors import RetryLaterError
from bot.base.ports import Download, Message, Still
from storage.job import Film
from tests.simulation.process import Process


def are_posters_made(seed: int) -> bool:
    """Tell whether a world has posters: it must not change what else chance decides."""
    return seed % 2 == 1


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
