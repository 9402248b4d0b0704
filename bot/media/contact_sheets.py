"""The port `ContactSheets`: draws in the media process, within its bounds of memory and time."""

from __future__ import annotations

from collections.abc import Sequence

from bot.media.picture import UnfitError
from bot.media.process import MediaProcess


class MediaContactSheets:
    """Hands the pictures of a sheet to the media process together."""

    def __init__(self, media: MediaProcess) -> None:
        self._media = media

    async def draw(self, pictures: Sequence[bytes | None]) -> bytes | None:
        """Return a sheet of the pictures, as the port promises."""
        present = [picture or b"" for picture in pictures]
        try:
            answer = await self._media.run(
                "sheet", {"lengths": [len(each) for each in present]}, b"".join(present)
            )
        except UnfitError:
            return None
        return answer.data
