"""A fake that takes pictures from videos, and what a job shows of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.base.ports import Download, Still
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
    at_still: Callable[[], None] = lambda: None
    """Is called each time, and may raise."""

    async def still(self, download: Download) -> Still | None:
        """See `Films`."""
        self.videos.append(b"".join([chunk async for chunk in download.chunks]))
        self.at_still()
        return self.still_of


def pictures_in(message: StoredMessage) -> list[str]:
    """Return the files that a message shows as pictures."""
    files = [block["slack_file"] for block in message.blocks if block["type"] == "image"]
    return [str(file["id"]) for file in files if isinstance(file, dict)]
