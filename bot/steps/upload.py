"""Carry one output from MindVideo to Slack as a stream, never holding the whole file."""

from __future__ import annotations

import errno
import mimetypes
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import anyio

from bot.base.errors import NotFoundError, RetryLaterError
from bot.base.ports import Download
from bot.messages.file import alt_text, filename
from bot.worker.context import Turn
from storage.job import Job, Media, Output, Upload

CHUNK_BYTES = 256 * 1024
EXTENSIONS = {Media.VIDEO: "mp4", Media.IMAGE: "png"}


async def fetch(turn: Turn, index: int) -> None:
    """Make sure that output `index` lies at Slack, unshared.

    Safe to repeat: the file's ID is committed before its bytes go. After a doubt Slack is asked
    whether they came; if not, another file is reserved, and the first, unshared, shows nowhere.
    """
    if index < len(turn.job.uploads):
        known = turn.job.uploads[index]
        if known.sent:
            return
        if await _arrived(turn, known):
            await turn.record(_with_upload(turn.job, index, known.file_id, sent=True), "uploaded")
            return
    url = turn.job.outputs[index].url
    async with turn.tools.video.download(url) as download:
        if download.length is not None:
            await _send(turn, index, download, download.length)
            return
    # Opened anew after the wait, which may be long: nobody keeps a download open for so long.
    async with turn.tools.spools, turn.tools.video.download(url) as download:
        with _on_this_disk():
            await _spool(turn, index, download)


async def _arrived(turn: Turn, known: Upload) -> bool:
    try:
        state = await turn.tools.chat.look_at_file(known.file_id, turn.job.channel)
    except NotFoundError:
        return False
    return state.uploaded


async def _spool(turn: Turn, index: int, download: Download) -> None:
    """Send a file of unknown length by way of a temporary file: Slack wants the length first."""
    async with anyio.TemporaryFile() as spool:
        async for chunk in download.chunks:
            await spool.write(chunk)
        length = await spool.tell()
        await spool.seek(0)

        async def chunks() -> AsyncIterator[bytes]:
            while chunk := await spool.read(CHUNK_BYTES):
                yield chunk

        await _send(turn, index, replace(download, chunks=chunks()), length)


@contextmanager
def _on_this_disk() -> Iterator[None]:
    """Take whatever the disk refuses for a trouble that may pass; closing a file can fail too.

    The ports raise errors of their own, so an `OSError` is always of the temporary file.
    """
    try:
        yield
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0)
        raise RetryLaterError("There is no place for the file here now.", code=code) from error


async def _send(turn: Turn, index: int, download: Download, length: int) -> None:
    chat = turn.tools.chat
    name = filename(turn.job, index, _extension(turn.job.outputs[index], download.content_type))
    target = await chat.reserve_upload(name, length, alt_text(turn.job))
    await turn.record(_with_upload(turn.job, index, target.file_id, sent=False), "uploading", name)
    await chat.send_upload(target.url, length, download.chunks)
    sent = _with_upload(turn.job, index, target.file_id, sent=True)
    await turn.record(sent, "uploaded", f"{length} bytes")


def _extension(output: Output, content_type: str | None) -> str:
    bare = (content_type or "").split(";")[0].strip()
    family = bare.split("/")[0]
    guessed = mimetypes.guess_extension(bare) if family == output.media.value else None
    return guessed.lstrip(".") if guessed else EXTENSIONS[output.media]


def _with_upload(job: Job, index: int, file_id: str, *, sent: bool) -> Job:
    upload = Upload(file_id=file_id, sent=sent)
    return replace(job, uploads=(*job.uploads[:index], upload, *job.uploads[index + 1 :]))
