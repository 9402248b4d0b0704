"""The port `ReferenceImages`: replaces attached files by links that MindVideo can read."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import MappingProxyType

from bot.base.errors import NotFoundError, RefusedError
from bot.base.ports import ImageBytes, PersonFile, PersonFiles
from bot.media.containers import HEAD_BYTES, MIMETYPES, suffix_of
from bot.media.links import Hosted, MediaLinks
from bot.media.picture import MOST_PIXELS, Picture, Unfit, UnfitError
from bot.media.process import MediaProcess, TaskAnswer
from bot.media.video_frames import VideoFrames
from bot.options.attachments import (
    IMAGE_NAMES,
    MOST_BYTES,
    Attached,
    unfit_shape,
)
from bot.options.catalog import Catalog, Model
from bot.options.file_words import WORDS
from bot.options.model_file import ImageLimits
from bot.options.references import as_frame, files_named, replaced
from bot.options.schema import FileKind
from bot.options.wording import short
from storage.job import Json

LONGEST_URI = 1_000_000
"""Characters of a data URI: all files of a request travel in its body."""

# Base64 has four characters for three bytes; 64 are left for the URI's prefix.
_MOST_BYTES_IN_URI = (LONGEST_URI - 64) // 4 * 3
# What a link serves after a conversion: the model may have left the catalog since.
_PLAIN = ImageLimits(formats=["jpg"])
# Each file is whole in the bot's memory while the media process has it.
_CONCURRENT_IMAGES = 2
_UNFIT: Mapping[Unfit, str] = MappingProxyType(
    {
        Unfit.UNREADABLE: f"is no image that can be read. Attach {IMAGE_NAMES}.",
        Unfit.TOO_MANY_PIXELS: f"has more than {MOST_PIXELS // 1_000_000} megapixels. "
        "Attach a smaller one.",
        Unfit.TOO_LARGE: "cannot be made small enough to be sent. Attach a smaller one.",
        Unfit.TOO_COSTLY: "takes more memory or time to read than I have. Attach a smaller one.",
    }
)


class AttachedImages:
    """Checks each file, and passes it on as a hosted link or as a data URI in the request.

    With `links`, which need a public address, as a link; else as a data URI.
    """

    def __init__(
        self,
        files: PersonFiles,
        links: MediaLinks | None,
        catalog: Catalog,
        media: MediaProcess,
        frames: VideoFrames,
    ) -> None:
        self.files = files
        self._frames = frames
        self.links = links
        self._catalog = catalog
        self._media = media
        self._slots = asyncio.Semaphore(_CONCURRENT_IMAGES)

    async def resolve(self, model: str, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return an input in which links take the place of the files, as the port promises."""
        taker = self._catalog.find(model) or self._catalog.default
        links: dict[FileKind, dict[str, str]] = {kind: {} for kind in FileKind}
        resolved = dict(values)
        for name, value in values.items():
            kind = taker.files.get(name, FileKind.IMAGE)
            for file_id in files_named({name: value}):
                if file_id not in links[kind]:
                    async with self._slots:
                        links[kind][file_id] = await self._link(file_id, kind, taker)
            resolved[name] = replaced(value, links[kind])
        return resolved

    async def names(self, file_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the names of files by ID; one that Slack does not describe has none."""
        frames = {key: frame.in_words for key in file_ids if (frame := as_frame(key)) is not None}
        described = await asyncio.gather(
            *(self.files.describe(file_id) for file_id in file_ids if file_id not in frames),
            return_exceptions=True,
        )
        named = {file.id: file.name for file in described if isinstance(file, PersonFile)}
        return {**named, **frames}

    async def converted(self, file_id: str) -> Picture:
        """Return a file as an image that any model takes. A read; raises what `resolve` does."""
        async with self._slots:
            name, picture = await self._picture(file_id, self._catalog.default)
            return await self._fitted(name, picture, _PLAIN, MOST_BYTES)

    async def copied(self, file_id: str) -> ImageBytes:
        """Return a file as an image that can be kept, as the port promises."""
        model = self._catalog.default
        async with self._slots:
            name, picture = await self._picture(file_id, model)
            _refuse_shape(name, picture, model)
            kept = await self._fitted(name, picture, model.image_limits, MOST_BYTES)
        return ImageBytes(data=kept.data, content_type=kept.mimetype, suffix=kept.suffix)

    async def _link(self, file_id: str, kind: FileKind, model: Model) -> str:
        if kind is not FileKind.IMAGE:
            return await self._link_of_film(file_id, kind, model)
        name, picture = await self._picture(file_id, model)
        _refuse_shape(name, picture, model)
        limits = model.image_limits
        if self.links is None:
            fitted = await self._fitted(name, picture, limits, _MOST_BYTES_IN_URI)
            return _data_uri(fitted.mimetype, fitted.data)
        is_itself = as_frame(file_id) is None
        if is_itself and picture.suffix in limits.formats and picture.is_plain:
            return self.links.url(Hosted(file_id=file_id, suffix=picture.suffix))
        # Converted once now as well: what cannot be converted is refused before the charge.
        sent = await self._fitted(name, picture, _PLAIN, MOST_BYTES)
        return self.links.url(Hosted(file_id=file_id, suffix=sent.suffix, is_converted=True))

    async def _picture(self, file_id: str, model: Model) -> tuple[str, Picture]:
        """Return the name and the image of a file, or of a frame of a video."""
        frame = as_frame(file_id)
        if frame is None:
            async with self._described(file_id, FileKind.IMAGE, model) as (name, file):
                data = await self._read(file, MOST_BYTES, _too_large(name, FileKind.IMAGE))
        else:
            name, data = f"The {frame.in_words}", bytearray(await self._frames.take(frame))
        with _named(name):
            answer = await self._media.run("recognise", {}, data)
        return name, _picture_of(answer, data)

    async def _fitted(
        self, name: str, picture: Picture, limits: ImageLimits, most_bytes: int
    ) -> Picture:
        """Return an image of at most `most_bytes` in a format of `limits`: itself, or a JPEG."""
        is_taken = picture.suffix in limits.formats and picture.is_plain
        if is_taken and len(picture.data) <= most_bytes:
            return picture
        arguments: Mapping[str, Json] = {
            "formats": limits.formats,
            "shortest_side": limits.shortest_side,
            "most_bytes": most_bytes,
        }
        with _named(name):
            answer = await self._media.run("fit", arguments, picture.data)
        return _picture_of(answer, answer.data)

    async def _link_of_film(self, file_id: str, kind: FileKind, model: Model) -> str:
        """Return the link of a video or of audio, which is passed on as it is.

        Its first bytes tell that it is one; nothing is decoded.
        """
        async with self._described(file_id, kind, model) as (name, file):
            if self.links is None:
                data = await self._read(file, _MOST_BYTES_IN_URI, _too_large_for_uri(name))
            else:
                data = await self._read_head(file, WORDS[kind].most_bytes, _too_large(name, kind))
        suffix = suffix_of(bytes(data[:HEAD_BYTES]), kind)
        if suffix is None:
            words = WORDS[kind]
            raise RefusedError(
                f"{name} is no {words.noun} that can be passed on. Attach {words.formats}."
            )
        if self.links is None:
            return _data_uri(MIMETYPES[suffix], data)
        return self.links.url(Hosted(file_id=file_id, suffix=suffix))

    @asynccontextmanager
    async def _described(
        self, file_id: str, kind: FileKind, model: Model
    ) -> AsyncIterator[tuple[str, PersonFile]]:
        """Yield a file's name, and the file, to be read within the context.

        Raises `RefusedError` for a file that the model does not take, as far as Slack tells.
        """
        name = f"An attached {WORDS[kind].noun}"
        try:
            file = await self.files.describe(file_id)
            name = short(file.name) or name
            known = Attached(id=file.id, name=file.name, mimetype=file.mimetype, size=file.size)
            problem = known.problem(model, kind)
            if problem is not None:
                raise RefusedError(problem)
            yield name, file
        except NotFoundError as error:
            raise NotFoundError(
                f"{name} is no longer in Slack, or I may not see it. Attach it again.",
                code=error.code,
            ) from error

    async def _read_head(self, file: PersonFile, most_bytes: int, too_large: str) -> bytearray:
        """Return the first bytes of a file; the rest is not read."""
        read = bytearray()
        async with self.files.open(file) as download:
            if (download.length or 0) > most_bytes:
                raise RefusedError(too_large)
            async for chunk in download.chunks:
                read += chunk
                if len(read) >= HEAD_BYTES:
                    break
        return read

    async def _read(self, file: PersonFile, most_bytes: int, too_large: str) -> bytearray:
        # Handed on as it is: bytes would be a copy.
        read = bytearray()
        async with self.files.open(file) as download:
            async for chunk in download.chunks:
                read += chunk
                if len(read) > most_bytes:
                    raise RefusedError(too_large)
        return read


def _refuse_shape(name: str, picture: Picture, model: Model) -> None:
    unfit = unfit_shape(name, picture.width, picture.height, model)
    if unfit is not None:
        raise RefusedError(unfit)


def _picture_of(answer: TaskAnswer, data: bytes | bytearray) -> Picture:
    match answer.fields:
        case {
            "suffix": str(suffix),
            "width": int(width),
            "height": int(height),
            "is_plain": bool(is_plain),
        }:
            return Picture(data=data, suffix=suffix, width=width, height=height, is_plain=is_plain)
        case fields:
            raise TypeError(f"the media process answered {sorted(fields)}")


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Refuse an image that cannot be used, by its name."""
    try:
        yield
    except UnfitError as error:
        raise RefusedError(f"{name} {_UNFIT[error.unfit]}") from error


def _data_uri(mimetype: str, data: bytes | bytearray) -> str:
    return f"data:{mimetype};base64,{base64.b64encode(data).decode()}"


def _too_large(name: str, kind: FileKind) -> str:
    words = WORDS[kind]
    return f"{name} has more than {words.most_megabytes} MB. Attach a smaller {words.noun}."


def _too_large_for_uri(name: str) -> str:
    most = _MOST_BYTES_IN_URI / 1024 / 1024
    return (
        f"{name} has more than {most:.1f} MB, which is all that fits into a request. Give a link "
        "to it; with the setting PUBLIC_URL I could pass on larger ones."
    )
