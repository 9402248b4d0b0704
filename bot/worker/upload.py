"""Carry one file to Slack as a stream, never holding the whole of it in memory."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace

import anyio

from bot.base.errors import NotFoundError, RetryLaterError
from bot.base.ports import Download
from bot.worker.context import Claim
from bot.worker.outbox import PostRow, Slot
from storage.job import Delivery, EventName, Upload

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file to upload."""

    open: Callable[[], AbstractAsyncContextManager[Download]]
    """Opens its bytes, anew at each call."""
    name: Callable[[str | None], str]
    """Returns the file's name for a content type."""
    alt_text: str
    """What a screen reader says of it."""


async def upload_once(
    claim: Claim[PostRow], slot: Slot[PostRow], index: int, file: OutgoingFile, channel: str
) -> None:
    """Make sure that file `index` of a message is at Slack, unshared.

    Safe to repeat: the file's ID is committed before its bytes go. After a doubt Slack is asked
    whether they came; if not, another file is reserved, and the first, unshared, shows nowhere.
    """
    uploads = slot.read(claim.row).uploads
    if index < len(uploads):
        known = uploads[index]
        if known.sent:
            return
        if await _arrived(claim, known, channel):
            await _note(claim, slot, index, replace(known, sent=True), "")
            return
    async with file.open() as download:
        if download.length is not None:
            await _send(claim, slot, index, file, download, download.length)
            return
    # Opened anew after the wait, which may be long: nobody keeps a download open for so long.
    async with claim.services.spools, file.open() as download:
        with _on_this_disk():
            await _spool(claim, slot, index, file, download)


async def _arrived(claim: Claim[PostRow], known: Upload, channel: str) -> bool:
    try:
        state = await claim.services.chat.file_state(known.file_id, channel)
    except NotFoundError:
        return False
    return state.uploaded


async def _spool(
    claim: Claim[PostRow],
    slot: Slot[PostRow],
    index: int,
    file: OutgoingFile,
    download: Download,
) -> None:
    """Send a file of unknown length by way of a temporary file: Slack wants the length first."""
    async with anyio.TemporaryFile() as spool:
        async for chunk in download.chunks:
            await spool.write(chunk)
        length = await spool.tell()
        await spool.seek(0)

        async def chunks() -> AsyncIterator[bytes]:
            while chunk := await spool.read(CHUNK_BYTES):
                yield chunk

        await _send(claim, slot, index, file, replace(download, chunks=chunks()), length)


@contextmanager
def _on_this_disk() -> Iterator[None]:
    """Take whatever the disk refuses for something that may pass; closing a file can fail too.

    The ports raise errors of their own, so an `OSError` is always of the temporary file.
    """
    try:
        yield
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0)
        raise RetryLaterError("There is no place for the file here now.", code=code) from error


async def _send(  # noqa: PLR0917 - a private step of the two above, with all that they know
    claim: Claim[PostRow],
    slot: Slot[PostRow],
    index: int,
    file: OutgoingFile,
    download: Download,
    length: int,
) -> None:
    chat, name = claim.services.chat, file.name(download.content_type)
    target = await chat.reserve_upload(name, length, file.alt_text)
    reserved = Upload(file_id=target.file_id)
    await _note(claim, slot, index, reserved, name)
    await chat.send_upload(target.url, length, download.chunks)
    await _note(claim, slot, index, replace(reserved, sent=True), f"{length} bytes")


async def _note(
    claim: Claim[PostRow], slot: Slot[PostRow], index: int, upload: Upload, detail: str
) -> None:
    """Commit what is known of a file."""
    known = _with_upload(slot.read(claim.row), index, upload)
    name = EventName.UPLOADED if upload.sent else EventName.UPLOADING
    await claim.record(slot.write(claim.row, known), name, detail)


def _with_upload(known: Delivery, index: int, upload: Upload) -> Delivery:
    uploads = (*known.uploads[:index], upload, *known.uploads[index + 1 :])
    return replace(known, uploads=uploads)
