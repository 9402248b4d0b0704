"""The bot's own files at Slack: reserve, send the bytes as a stream, share, check, delete."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Sequence

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from bot.base.errors import CannotShareFileError, NotFoundError, RetryLaterError
from bot.base.ports import FileState, Message, Place, UploadTarget
from bot.base.retry_after import read_seconds
from bot.slack.answers import TOMBSTONE, FileAnswer, OkAnswer, UploadAnswer
from bot.slack.client import (
    ALL_CONNECT_SECONDS,
    CONNECT_SECONDS,
    OK,
    Answer,
    answer_of,
    failed,
    read,
    slack_address,
)
from bot.slack.clock import SlackClock
from bot.slack.errors import error_of_status

LONGEST_ALT_TEXT = 1000
"""https://docs.slack.dev/reference/methods/files.getUploadURLExternal, `alt_txt_too_large`"""

STALL_SECONDS = 60.0
"""An upload that sends no byte for so long is given up. Its total time is not limited."""

TOO_LARGE = 413


class SlackFiles:
    """The file methods of the `Chat` port, over Slack's Web API and its upload URLs."""

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        stall_seconds: float = STALL_SECONDS,
        clock: SlackClock | None = None,
    ) -> None:
        if client.session is None:
            raise ValueError("the client must come from slack_client(), with a session")
        self._client = client
        self._session = client.session
        self._stall_seconds = stall_seconds
        self._clock = clock or SlackClock()

    async def reserve_upload(self, filename: str, length: int, alt_text: str) -> UploadTarget:
        """Reserve an upload of `length` bytes. Safe to repeat: an unused reservation expires.

        Raises `CannotShareFileError`.
        """
        # As a form: the SDK's own method puts the arguments, and so a long prompt, into the URL.
        data = {
            "filename": _encodable(filename),
            "length": str(length),
            "alt_txt": _encodable(alt_text)[:LONGEST_ALT_TEXT],
        }
        call = self._client.api_call("files.getUploadURLExternal", data=data)
        answer = await self._ask(call, UploadAnswer, doubtful=False)
        return UploadTarget(file_id=answer.file_id, url=answer.upload_url)

    async def send_upload(self, target_url: str, length: int, chunks: AsyncIterator[bytes]) -> None:
        """Send a reserved file's bytes, as a stream, without the token.

        Raises `OutcomeUnknownError` when the bytes may have arrived (`file_state` shows it),
        `RetryLaterError` when nothing was sent, when Slack asked to wait or when `chunks` are not
        `length` bytes, `CannotShareFileError` when they are too many for Slack, and any error that
        `chunks` raise.
        """
        url = slack_address(target_url, self._client.base_url, has_secret=False)
        if url is None:
            raise CannotShareFileError(
                "Slack names an address for the file that is not its own.", code="foreign_host"
            )
        source = PacedSource(chunks, length)
        try:
            async with asyncio.timeout(self._stall_seconds) as deadline:
                status, retry_after = await self._send(
                    url, length, source.pace(deadline, self._stall_seconds)
                )
        except (aiohttp.ClientError, TimeoutError) as error:
            if source.error is not None:
                raise source.error from None
            raise failed(error, doubtful=True) from error
        if status == TOO_LARGE:
            raise CannotShareFileError("The file is too large for Slack.", code="http_413")
        if status != OK:
            raise error_of_status(status, doubtful=True, retry_after=retry_after)

    async def share(self, files: Sequence[tuple[str, str]], place: Place, message: Message) -> None:
        """Share uploaded files, `(file_id, title)` each, as one message.

        Slack accepts this once per file, shares after it has answered, and may answer ok without
        sharing: `file_state` shows it. Raises `CannotShareFileError`, `UnreachablePlaceError`, and
        `NotFoundError` for a file that Slack does not have.

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
        await self._ask(call, OkAnswer, doubtful=True)

    async def complete_upload(self, file_id: str, title: str) -> None:
        """Complete an upload without sharing the file, as the port promises."""
        data = {"files": json.dumps([{"id": file_id, "title": title}])}
        call = self._client.api_call("files.completeUploadExternal", data=data)
        await self._ask(call, OkAnswer, doubtful=False)

    async def file_state(self, file_id: str, channel: str) -> FileState:
        """Return whether the file's bytes arrived and which message in `channel` shares it. A read.

        Raises `NotFoundError` when Slack does not know the file.
        """
        answer = await self._ask(self._client.files_info(file=file_id), FileAnswer, doubtful=False)
        file = answer.file
        if file.mode == TOMBSTONE:
            raise NotFoundError("The file was deleted at Slack.", code="file_deleted")
        shares = [
            share.ts for channels in file.shares.values() for share in channels.get(channel, [])
        ]
        return FileState(
            uploaded=file.size > 0,
            shared_ts=min(shares, default=None),
            is_picture=file.mimetype.startswith("image/"),
        )

    async def delete_file(self, file_id: str) -> None:
        """Delete a file of the bot that must not be shared any more. Safe to repeat."""
        try:
            await self._ask(self._client.files_delete(file=file_id), OkAnswer, doubtful=False)
        except NotFoundError:
            return

    async def _ask(
        self, call: Awaitable[AsyncSlackResponse], shape: type[Answer], *, doubtful: bool
    ) -> Answer:
        """Do as `ask`, and note the time that the answer tells."""
        answer = await answer_of(call, doubtful=doubtful)
        self._clock.hear(answer.headers.get("Date", ""))
        return read(answer, shape, doubtful=doubtful)

    async def _send(
        self, url: URL, length: int, chunks: AsyncIterator[bytes]
    ) -> tuple[int, float | None]:
        headers = {"Content-Length": str(length), "Content-Type": "application/octet-stream"}
        timeout = aiohttp.ClientTimeout(
            total=None, connect=ALL_CONNECT_SECONDS, sock_connect=CONNECT_SECONDS
        )
        async with self._session.post(
            url,
            data=chunks,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        ) as answer:
            return answer.status, read_seconds(answer.headers.get("Retry-After"))


class PacedSource:
    """Counts the bytes to send, and keeps errors of their source apart from the connection's."""

    def __init__(self, chunks: AsyncIterator[bytes], length: int) -> None:
        self._chunks = chunks
        self._missing = length
        self.error: Exception | None = None

    async def pace(self, deadline: asyncio.Timeout, seconds: float) -> AsyncIterator[bytes]:
        """Yield the bytes and extend `deadline` as they go: aiohttp cannot time out writes.

        It ends `seconds` after the last bytes, or a tenth of that earlier: a timer for each chunk
        would take a twentieth of the time of a fast upload.
        """
        clock = asyncio.get_running_loop().time
        extended_at = clock()
        try:
            async for chunk in self._chunks:
                self._missing -= len(chunk)
                if self._missing < 0:
                    break
                if clock() - extended_at >= seconds / 10:
                    extended_at = clock()
                    deadline.reschedule(extended_at + seconds)
                yield chunk
        except Exception as error:
            # aiohttp wraps this in a connection error.
            self.error = error
            raise
        if self._missing != 0:
            self.error = RetryLaterError("The file is not as long as was announced.")
            raise self.error


def _encodable(text: str) -> str:
    """Replace lone surrogates, which some clients send: they have no UTF-8 and break the form."""
    return text.encode("utf-8", "replace").decode("utf-8")
