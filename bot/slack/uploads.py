"""Our own files at Slack: announce, send the bytes as a stream, share, look, take back."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import CannotShareFileError, NotFoundError, RetryLaterError
from bot.base.ports import FileState, Message, Place, UploadTarget
from bot.base.retry_after import read_seconds
from bot.slack.answers import TOMBSTONE, FileAnswer, OkAnswer, UploadAnswer
from bot.slack.client import CONNECT_SECONDS, OK, ask
from bot.slack.errors import error_of_status, lost_answer, not_connected

LONGEST_ALT_TEXT = 1000
"""https://docs.slack.dev/reference/methods/files.getUploadURLExternal, `alt_txt_too_large`"""

STALL_SECONDS = 60.0
"""How long an upload may stand still. As a whole it may take as long as it moves."""

TOO_LARGE = 413


class SlackFiles:
    """The file half of the `Chat` port, over Slack's Web API and its upload URLs."""

    def __init__(self, client: AsyncWebClient, *, stall_seconds: float = STALL_SECONDS) -> None:
        if client.session is None:
            raise ValueError("the client must come from slack_client(), with a session")
        self._client = client
        self._session = client.session
        self._stall_seconds = stall_seconds

    async def reserve_upload(self, filename: str, length: int, alt_text: str) -> UploadTarget:
        """Announce a file of `length` bytes. Harmless to repeat: an unused reservation expires.

        Raises `CannotShareFileError`.
        """
        # As a form: the SDK's own method puts the arguments, and so a long prompt, into the URL.
        data = {
            "filename": _encodable(filename),
            "length": str(length),
            "alt_txt": _encodable(alt_text)[:LONGEST_ALT_TEXT],
        }
        call = self._client.api_call("files.getUploadURLExternal", data=data)
        answer = await ask(call, UploadAnswer, doubtful=False)
        return UploadTarget(file_id=answer.file_id, url=answer.upload_url)

    async def send_upload(self, target_url: str, length: int, chunks: AsyncIterator[bytes]) -> None:
        """Send a reserved file's bytes, as a stream, without the token.

        Raises `OutcomeUnknownError` after any doubt (`file_state` tells), `RetryLaterError` when
        nothing was sent, when Slack asked to wait or when `chunks` are not `length` bytes,
        `CannotShareFileError` when they are too many for Slack, and whatever `chunks` raise.
        """
        source = _Source(chunks, length)
        try:
            async with asyncio.timeout(self._stall_seconds) as deadline:
                status, retry_after = await self._send(
                    target_url, length, source.pace(deadline, self._stall_seconds)
                )
        except (aiohttp.ClientError, TimeoutError) as error:
            if source.error is not None:
                raise source.error from None
            if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
                raise not_connected() from error
            raise lost_answer(doubtful=True) from error
        if status == TOO_LARGE:
            raise CannotShareFileError("The file is too large for Slack.", code="http_413")
        if status != OK:
            raise error_of_status(status, doubtful=True, retry_after=retry_after)

    async def share(self, files: Sequence[tuple[str, str]], place: Place, message: Message) -> None:
        """Share uploaded files, `(file_id, title)` each, as one message.

        Slack takes this once a file, shares after it has answered, and may answer ok without
        having shared: `file_state` tells. Raises `CannotShareFileError`,
        `UnreachablePlaceError`, and `NotFoundError` for a file that Slack does not hold.

        Slack ignores `blocks` beside `initial_comment`, so the text goes only without blocks:
        https://docs.slack.dev/reference/methods/files.completeUploadExternal
        """
        named = [{"id": file_id, "title": title} for file_id, title in files]
        data = {"files": json.dumps(named), "channel_id": place.channel}
        if place.thread_ts is not None:
            data["thread_ts"] = place.thread_ts
        if message.blocks:
            data["blocks"] = json.dumps(list(message.blocks))
        else:
            data["initial_comment"] = _encodable(message.text)
        call = self._client.api_call("files.completeUploadExternal", data=data)
        await ask(call, OkAnswer, doubtful=True)

    async def file_state(self, file_id: str, channel: str) -> FileState:
        """Return whether the file's bytes are there and where it is shared. A read.

        Raises `NotFoundError` when Slack does not know the file.
        """
        answer = await ask(self._client.files_info(file=file_id), FileAnswer, doubtful=False)
        file = answer.file
        if file.mode == TOMBSTONE:
            raise NotFoundError("The file was deleted at Slack.", code="file_deleted")
        shares = [
            share.ts for channels in file.shares.values() for share in channels.get(channel, [])
        ]
        return FileState(uploaded=file.size > 0, shared_ts=min(shares, default=None))

    async def delete_file(self, file_id: str) -> None:
        """Delete a file of ours that must not be shared any more. Safe to repeat."""
        try:
            await ask(self._client.files_delete(file=file_id), OkAnswer, doubtful=False)
        except NotFoundError:
            return

    async def _send(
        self, url: str, length: int, chunks: AsyncIterator[bytes]
    ) -> tuple[int, float | None]:
        headers = {"Content-Length": str(length), "Content-Type": "application/octet-stream"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        async with self._session.post(
            url,
            data=chunks,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
            proxy=self._client.proxy,
        ) as answer:
            return answer.status, read_seconds(answer.headers.get("Retry-After"))


class _Source:
    """The bytes to send: counted, and their own errors kept apart from the connection's."""

    def __init__(self, chunks: AsyncIterator[bytes], length: int) -> None:
        self._chunks = chunks
        self._missing = length
        self.error: Exception | None = None

    async def pace(self, deadline: asyncio.Timeout, seconds: float) -> AsyncIterator[bytes]:
        """Yield the bytes and put `deadline` off as they move: aiohttp has no limit for writes."""
        loop = asyncio.get_running_loop()
        try:
            async for chunk in self._chunks:
                self._missing -= len(chunk)
                if self._missing < 0:
                    break
                deadline.reschedule(loop.time() + seconds)
                yield chunk
        except Exception as error:
            # aiohttp wraps this in an error of its own connection.
            self.error = error
            raise
        if self._missing != 0:
            self.error = RetryLaterError("The file is not as long as was announced.")
            raise self.error


def _encodable(text: str) -> str:
    """A lone surrogate, which some clients send, has no UTF-8 and would break the form."""
    return text.encode("utf-8", "replace").decode("utf-8")
