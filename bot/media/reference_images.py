"""The port `ReferenceImages`: replaces attached images by links that MindVideo can read."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence

from bot.base.errors import NotFoundError, RefusedError
from bot.base.ports import PersonFile, PersonFiles
from bot.media.images import Picture, compact, recognised
from bot.media.links import Hosted, MediaLinks
from bot.options.attachments import MOST_BYTES, MOST_MEGABYTES, Attached
from bot.options.references import files_named, replaced
from storage.job import Json

LONGEST_URI = 1_000_000
"""Characters of a data URI: all images of a request travel in its body."""

# Base64 has four characters for three bytes; 64 are left for the URI's prefix.
_MOST_BYTES_IN_URI = (LONGEST_URI - 64) // 4 * 3
# Each holds an image in memory, at worst decoded.
_CONCURRENT_IMAGES = 2


class AttachedImages:
    """Checks each file, and passes it on as a hosted link or as a data URI in the request.

    With `links`, which need a public address, as a link; else as a data URI.
    """

    def __init__(self, files: PersonFiles, links: MediaLinks | None) -> None:
        self.files = files
        self.links = links
        self._slots = asyncio.Semaphore(_CONCURRENT_IMAGES)

    async def resolve(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return an input in which links take the place of the files, as the port promises."""
        links: dict[str, str] = {}
        for file_id in files_named(values):
            async with self._slots:
                links[file_id] = await self._link(file_id)
        return {name: replaced(value, links) for name, value in values.items()} if links else values

    async def names(self, file_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the names of files by ID; one that Slack does not describe has none."""
        described = await asyncio.gather(
            *(self.files.describe(file_id) for file_id in file_ids), return_exceptions=True
        )
        return {file.id: file.name for file in described if isinstance(file, PersonFile)}

    async def _link(self, file_id: str) -> str:
        picture = await asyncio.to_thread(recognised, await self._bytes(file_id))
        if self.links is not None:
            return self.links.url(Hosted(file_id=file_id, suffix=picture.suffix))
        return _data_uri(await asyncio.to_thread(compact, picture, _MOST_BYTES_IN_URI))

    async def _bytes(self, file_id: str) -> bytes:
        try:
            return await self._read(await self.files.describe(file_id))
        except NotFoundError as error:
            raise NotFoundError(
                "An attached image is no longer in Slack, or I may not see it. Attach it again.",
                code=error.code,
            ) from error

    async def _read(self, file: PersonFile) -> bytes:
        known = Attached(id=file.id, name=file.name, mimetype=file.mimetype, size=file.size)
        if known.problem is not None:
            raise RefusedError(known.problem)
        read = bytearray()
        async with self.files.open(file) as download:
            async for chunk in download.chunks:
                read += chunk
                if len(read) > MOST_BYTES:
                    raise RefusedError(f"An attached image has more than {MOST_MEGABYTES} MB.")
        return bytes(read)


def _data_uri(picture: Picture) -> str:
    return f"data:{picture.mimetype};base64,{base64.b64encode(picture.data).decode()}"
