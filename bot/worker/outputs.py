"""Upload the output files of a render from MindVideo to Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial

from bot.base.errors import NotFoundError, RetryLaterError
from bot.base.ports import MOST_FILES, MOST_OUTPUTS, Download, PersonFiles, Snapshot
from bot.worker.context import Claim
from bot.worker.outbox import PostRow, Slot
from bot.worker.upload import OutgoingFile, upload_once
from storage.job import Job, Upload


async def bring_outputs(
    claim: Claim[PostRow],
    slot: Slot[PostRow],
    job: Job,
    *,
    name: Callable[[int, str | None], str],
    alt_text: str,
    channel: str,
    on_fresh_urls: Callable[[Snapshot], Awaitable[None]],
    copies: Sequence[Upload] = (),
) -> None:
    """Upload the outputs of a job to Slack, unshared; as safe to repeat as `upload_once`.

    At most `MOST_FILES` of them.

    `name` returns the filename for an index and a content type. If a URL has expired, the bytes
    come from the file in `copies`, which was delivered before; if there is none, fresh URLs are
    requested once, and `on_fresh_urls` may store them. Raises `RetryLaterError` if MindVideo
    does not know the task or the fresh URL has expired as well: files that were paid for are not
    given up because of one such answer.
    """
    outputs, video = job.outputs, claim.services.video
    for index in range(min(len(outputs), MOST_FILES)):
        upload = partial(_upload, claim, slot, index, partial(name, index), alt_text, channel)
        try:
            await upload(partial(video.download, outputs[index].url))
            continue
        except NotFoundError:
            pass
        if index < len(copies):
            with suppress(NotFoundError):
                await upload(partial(_open_copy, claim.services.files, copies[index].file_id))
                continue
        try:
            snapshot = await _fetch_fresh_urls(claim, job)
            await on_fresh_urls(snapshot)
            outputs = snapshot.outputs
            await upload(partial(video.download, outputs[index].url))
        except NotFoundError as error:
            raise RetryLaterError(str(error), code=error.code) from error


async def _upload(  # noqa: PLR0917 - all but the output is bound above
    claim: Claim[PostRow],
    slot: Slot[PostRow],
    index: int,
    name: Callable[[str | None], str],
    alt_text: str,
    channel: str,
    source: Callable[[], AbstractAsyncContextManager[Download]],
) -> None:
    file = OutgoingFile(open=source, name=name, alt_text=alt_text)
    await upload_once(claim, slot, index, file, channel)


@asynccontextmanager
async def _open_copy(files: PersonFiles, file_id: str) -> AsyncIterator[Download]:
    """Open a file of the bot's own at Slack. Raises `NotFoundError` when it has no bytes."""
    async with files.open(await files.describe(file_id)) as download:
        if download.length == 0:
            raise NotFoundError("Slack's copy of the file is empty.")
        yield download


async def _fetch_fresh_urls(claim: Claim[PostRow], job: Job) -> Snapshot:
    task_id = job.task_id or ""
    video = claim.services.video
    snapshot = await video.get_task(task_id, job.provider_memo, fresh_urls=True)
    expected = min(len(job.outputs), MOST_OUTPUTS)
    if len(snapshot.outputs) < expected or snapshot.outputs == job.outputs:
        raise RetryLaterError("MindVideo's link to the file does not work yet.")
    return snapshot
