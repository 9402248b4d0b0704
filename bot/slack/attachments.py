"""Reads a file that a person attached in Slack: its description, and its bytes by the token."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.base.errors import NotFoundError, OperatorMustActError, RefusedError, RetryLaterError
from bot.base.ports import Download, PersonFile, PostedFile
from bot.base.retry_after import read_seconds
from bot.slack.answers import TOMBSTONE, FileAnswer, MessagesAnswer
from bot.slack.client import (
    ALL_CONNECT_SECONDS,
    CONNECT_SECONDS,
    OK,
    ask,
    failed,
    slack_address,
)
from bot.slack.errors import error_of_status

READ_SECONDS = 30.0
"""Longest pause between two reads of a file's bytes."""

FILE_SECONDS = 120.0
"""Total time for one file: a slow sender would delay the job and occupy a slot of the worker."""

CHUNK = 64 * 1024

PAGE = 15
"""Messages of a thread that are looked through: as many as Slack gives to every app.
https://docs.slack.dev/reference/methods/conversations.replies"""

GONE = frozenset({404, 410})

REDIRECTS = range(300, 400)


class SlackPersonFiles:
    """Implements the port `PersonFiles`. All methods are reads: repeat freely.

    A file whose bytes take longer than `file_seconds` is given up.
    """

    def __init__(self, client: AsyncWebClient, *, file_seconds: float = FILE_SECONDS) -> None:
        if client.session is None:
            raise ValueError("the client must come from slack_client(), with a session")
        self._client = client
        self._session = client.session
        self._timeout = aiohttp.ClientTimeout(
            total=file_seconds,
            connect=ALL_CONNECT_SECONDS,
            sock_connect=CONNECT_SECONDS,
            sock_read=READ_SECONDS,
        )

    async def describe(self, file_id: str) -> PersonFile:
        """Return a file's name, type, size and URL.

        Raises `NotFoundError` when it is gone or the bot may not read it.
        """
        file = (await ask(self._client.files_info(file=file_id), FileAnswer, doubtful=False)).file
        if file.mode == TOMBSTONE or not file.url_private_download:
            raise NotFoundError("This file is no longer in Slack.", code="file_deleted")
        return PersonFile(
            id=file_id,
            name=file.name,
            mimetype=file.mimetype,
            size=file.size,
            url=file.url_private_download,
        )

    @asynccontextmanager
    async def open(self, file: PersonFile) -> AsyncIterator[Download]:
        """Open a file's bytes as a stream.

        The token goes to Slack's own hosts and is not carried across a redirect: Slack redirects
        to its login page when the scope `files:read` is missing. Entering and reading raise
        `NotFoundError`, `OperatorMustActError`, `RefusedError` (not at Slack), `RetryLaterError`.
        """
        # https://docs.slack.dev/reference/objects/file-object, `url_private_download`
        url = slack_address(file.url, self._client.base_url)
        if url is None:
            raise RefusedError("This file is not kept at Slack.", code="foreign_host")
        async with self._get(url) as answer:
            _check(answer)
            yield Download(
                length=answer.content_length,
                content_type=answer.content_type,
                chunks=_chunks(answer),
            )

    async def in_thread(self, channel: str, root_ts: str) -> Sequence[PostedFile]:
        """Return the files of a thread's first message and of its first replies, in order.

        Raises `UnreachablePlaceError` where the bot may not read.
        """
        call = self._client.conversations_replies(channel=channel, ts=root_ts, limit=PAGE)
        answer = await ask(call, MessagesAnswer, doubtful=False)
        return [
            PostedFile(
                message_ts=message.ts,
                id=file.id,
                name=file.name,
                mimetype=file.mimetype,
                size=file.size,
            )
            for message in answer.messages
            for file in message.files
            if file.id and file.mode != TOMBSTONE
        ]

    @asynccontextmanager
    async def _get(self, url: URL) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            answer = await self._session.get(
                url,
                headers={"Authorization": f"Bearer {self._client.token}"},
                timeout=self._timeout,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise failed(error, doubtful=False) from error
        async with answer:
            yield answer


def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.status == OK:
        return
    if answer.status in GONE:
        raise NotFoundError("This file is no longer in Slack.", code=f"http_{answer.status}")
    if answer.status in REDIRECTS:
        raise OperatorMustActError(
            "Slack asks for a login: the app lacks the scope files:read.", code="files_login"
        )
    retry_after = read_seconds(answer.headers.get("Retry-After"))
    raise error_of_status(answer.status, doubtful=False, retry_after=retry_after)


async def _chunks(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.content.iter_chunked(CHUNK):
            yield chunk
    except (aiohttp.ClientError, TimeoutError) as error:
        raise RetryLaterError("The download from Slack broke off.", code="cut_short") from error
