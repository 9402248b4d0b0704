"""Upload one file to Slack as a stream, never holding all of it in memory."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace

import anyio

from bot.base.errors import NotFoundError, OutcomeUnknownError, RetryLaterError
from bot.base.ports import Download
from bot.jobs.call_limits import uploads as uploads_of
from bot.worker.context import Claim
from bot.worker.outbox import PostRow, Slot
from bot.worker.permits import shared_refusals, use_permit
from storage.job import Delivery, EventName, Upload

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file to upload."""

    open: Callable[[], AbstractAsyncContextManager[Download]]
    """Opens a new stream of its bytes at each call."""
    name: Callable[[str | None], str]
    """Returns its name for a content type."""
    alt_text: str
    """Its description for screen readers."""


def in_memory(data: bytes, content_type: str) -> Download:
    """Return bytes as a stream to upload."""

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    return Download(length=len(data), content_type=content_type, chunks=chunks())


async def upload_once(
    claim: Claim[PostRow], slot: Slot[PostRow], index: int, file: OutgoingFile, channel: str
) -> None:
    """Upload file `index` of a message to Slack, unshared, unless it is there.

    Safe to repeat: the file's ID is committed before its bytes are sent. After an unknown outcome
    `files.info` shows whether they arrived; if not, another file is reserved, and the first, which
    is never shared, appears nowhere.
    """
    uploads = slot.read(claim.row).uploads
    if index < len(uploads):
        known = uploads[index]
        if known.sent:
            return
        if await _has_arrived(claim, known, channel):
            await _record_upload(claim, slot, index, replace(known, sent=True), "")
            return
    await use_permit(claim, uploads_of(claim.row.team))
    async with file.open() as download:
        if download.length is not None:
            await _send(claim, slot, index, file, download, download.length)
            return
    # The wait for a spool may be long, so the download is closed before it and opened again after.
    async with claim.services.spools, file.open() as download:
        with _disk_errors_retried():
            await _spool(claim, slot, index, file, download)


async def _has_arrived(claim: Claim[PostRow], known: Upload, channel: str) -> bool:
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
    """Send a file of unknown length by way of a temporary file: Slack requires the length first."""
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
def _disk_errors_retried() -> Iterator[None]:
    """Raise `RetryLaterError` for every `OSError`, including those of closing a file.

    The ports raise errors of their own, so an `OSError` always concerns the temporary file.
    """
    try:
        yield
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0)
        raise RetryLaterError("There is no place for the file here now.", code=code) from error


async def _send(  # noqa: PLR0917 - the common end of two functions that have all of these
    claim: Claim[PostRow],
    slot: Slot[PostRow],
    index: int,
    file: OutgoingFile,
    download: Download,
    length: int,
) -> None:
    chat, name = claim.services.chat, file.name(download.content_type)
    async with shared_refusals(claim.services, uploads_of(claim.row.team)):
        target = await chat.reserve_upload(name, length, file.alt_text)
    reserved = Upload(file_id=target.file_id)
    await _record_upload(claim, slot, index, reserved, name)
    digest, size = hashlib.sha256(), 0

    async def digested() -> AsyncIterator[bytes]:
        nonlocal size
        async for chunk in download.chunks:
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    try:
        await chat.send_upload(target.url, length, digested())
    except OutcomeUnknownError:
        if size == length:
            # Slack may have all the bytes, which then are not read again.
            known = replace(reserved, sha256=digest.hexdigest())
            claim.keep(slot.write(claim.row, _with_upload(slot.read(claim.row), index, known)))
        raise
    sent = replace(reserved, sent=True, sha256=digest.hexdigest())
    await _record_upload(claim, slot, index, sent, f"{length} bytes")


async def _record_upload(
    claim: Claim[PostRow], slot: Slot[PostRow], index: int, upload: Upload, detail: str
) -> None:
    delivery = _with_upload(slot.read(claim.row), index, upload)
    name = EventName.UPLOADED if upload.sent else EventName.UPLOADING
    await claim.record(slot.write(claim.row, delivery), name, detail)


def _with_upload(delivery: Delivery, index: int, upload: Upload) -> Delivery:
    uploads = (*delivery.uploads[:index], upload, *delivery.uploads[index + 1 :])
    return replace(delivery, uploads=uploads)
