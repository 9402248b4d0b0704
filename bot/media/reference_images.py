"""The port `ReferenceImages`: replaces attached images by links that MindVideo can read."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence

from bot.base.errors import NotFoundError, RefusedError
from bot.base.ports import PersonFile, PersonFiles
from bot.media.images import Picture, fitted, recognised
from bot.media.links import Hosted, MediaLinks
from bot.options.attachments import MOST_BYTES, MOST_MEGABYTES, Attached, unfit_shape
from bot.options.catalog import Catalog, Model
from bot.options.model_file import ImageLimits
from bot.options.references import files_named, replaced
from bot.options.wording import short
from storage.job import Json

LONGEST_URI = 1_000_000
"""Characters of a data URI: all images of a request travel in its body."""

# Base64 has four characters for three bytes; 64 are left for the URI's prefix.
_MOST_BYTES_IN_URI = (LONGEST_URI - 64) // 4 * 3
# What a link serves after a conversion: the model may have left the catalog since.
_PLAIN = ImageLimits(formats=["jpg"])
# Each holds an image in memory, at worst decoded.
_CONCURRENT_IMAGES = 2


class AttachedImages:
    """Checks each file, and passes it on as a hosted link or as a data URI in the request.

    With `links`, which need a public address, as a link; else as a data URI.
    """

    def __init__(self, files: PersonFiles, links: MediaLinks | None, catalog: Catalog) -> None:
        self.files = files
        self.links = links
        self._catalog = catalog
        self._slots = asyncio.Semaphore(_CONCURRENT_IMAGES)

    async def resolve(self, model: str, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return an input in which links take the place of the files, as the port promises."""
        links: dict[str, str] = {}
        taker = self._catalog.find(model) or self._catalog.default
        for file_id in files_named(values):
            async with self._slots:
                links[file_id] = await self._link(file_id, taker)
        return {name: replaced(value, links) for name, value in values.items()} if links else values

    async def names(self, file_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the names of files by ID; one that Slack does not describe has none."""
        described = await asyncio.gather(
            *(self.files.describe(file_id) for file_id in file_ids), return_exceptions=True
        )
        return {file.id: file.name for file in described if isinstance(file, PersonFile)}

    async def converted(self, file_id: str) -> Picture:
        """Return a file as an image that any model takes. A read; raises what `resolve` does."""
        async with self._slots:
            _, picture = await self._picture(file_id, self._catalog.default)
            return await asyncio.to_thread(fitted, picture, _PLAIN, MOST_BYTES)

    async def _link(self, file_id: str, model: Model) -> str:
        name, picture = await self._picture(file_id, model)
        unfit = unfit_shape(name, picture.width, picture.height, model)
        if unfit is not None:
            raise RefusedError(unfit)
        limits = model.image_limits
        if self.links is None:
            sent = await asyncio.to_thread(fitted, picture, limits, _MOST_BYTES_IN_URI)
            return _data_uri(sent)
        if picture.suffix in limits.formats:
            return self.links.url(Hosted(file_id=file_id, suffix=picture.suffix))
        # Converted once now as well: what cannot be converted is refused before the charge.
        sent = await asyncio.to_thread(fitted, picture, _PLAIN, MOST_BYTES)
        return self.links.url(Hosted(file_id=file_id, suffix=sent.suffix, is_converted=True))

    async def _picture(self, file_id: str, model: Model) -> tuple[str, Picture]:
        """Return a file's name and its image."""
        try:
            file = await self.files.describe(file_id)
            data = await self._read(file, model)
            return short(file.name) or "An attached image", await asyncio.to_thread(
                recognised, data
            )
        except NotFoundError as error:
            raise NotFoundError(
                "An attached image is no longer in Slack, or I may not see it. Attach it again.",
                code=error.code,
            ) from error

    async def _read(self, file: PersonFile, model: Model) -> bytes:
        known = Attached(id=file.id, name=file.name, mimetype=file.mimetype, size=file.size)
        problem = known.problem(model)
        if problem is not None:
            raise RefusedError(problem)
        read = bytearray()
        async with self.files.open(file) as download:
            async for chunk in download.chunks:
                read += chunk
                if len(read) > MOST_BYTES:
                    raise RefusedError(f"An attached image has more than {MOST_MEGABYTES} MB.")
        return bytes(read)


def _data_uri(picture: Picture) -> str:
    return f"data:{picture.mimetype};base64,{base64.b64encode(picture.data).decode()}"
