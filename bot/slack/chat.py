"""The `Chat` port over Slack's Web API: post, search, edit, send ephemeral messages."""

import time
from dataclasses import dataclass
from decimal import Decimal

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import (
    RefusedError,
    RetryLaterError,
    TooManyMessagesError,
    UnreachablePlaceError,
)
from bot.base.ports import Message, Place, Posted
from bot.messages.blocks import mark
from bot.slack.answers import (
    TOMBSTONE,
    ChannelAnswer,
    IdentityAnswer,
    MessageObject,
    MessagesAnswer,
    OkAnswer,
    PostAnswer,
)
from bot.slack.client import OK, answer_of, read, slack_address
from bot.slack.clock import SlackClock, instant_of
from bot.slack.pictures import Blocks, with_pictures_if_shown
from bot.slack.uploads import STALL_SECONDS, SlackFiles
from storage.job import Instant, Json

EVENT_TYPE = "video_job"
"""Metadata type of the bot's messages; after a doubtful post `find_posts` searches for it."""

CLOCK_SLACK = 300.0
"""Seconds by which a search starts earlier: Slack stamps messages by its own clock."""

PAGE = 200
"""https://docs.slack.dev/reference/methods/conversations.history recommends at most this many."""

MOST_PAGES = 50

GONE = "message_not_found"
"""https://docs.slack.dev/reference/methods/chat.delete#errors"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The bot's IDs at Slack and the scopes that it was granted."""

    team: str
    user: str
    bot: str
    scopes: frozenset[str]
    clock_error: float | None = None
    """By how many seconds this machine's clock is ahead of Slack's; `None`: Slack did not say."""


class SlackChat(SlackFiles):
    """Implements the port `bot.base.ports.Chat`, with all its promises."""

    def __init__(
        self,
        client: AsyncWebClient,
        *,
        stall_seconds: float = STALL_SECONDS,
        clock: SlackClock | None = None,
    ) -> None:
        super().__init__(client, stall_seconds=stall_seconds, clock=clock)
        self._me: Identity | None = None

    async def identity(self) -> Identity:
        """Fetch the bot's identity and scopes, and cache them. A read."""
        answer = await answer_of(self._client.auth_test(), doubtful=False)
        me = read(answer, IdentityAnswer, doubtful=False)
        scopes = answer.headers.get("X-OAuth-Scopes", "")
        self._me = Identity(
            team=me.team_id,
            user=me.user_id,
            bot=me.bot_id,
            scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
            clock_error=_clock_error(answer.headers.get("Date", "")),
        )
        return self._me

    def known_clock(self) -> Instant | None:
        """Return the time by Slack's clock, if an answer of the last seconds tells it."""
        return self._clock.read()

    async def read_clock(self) -> Instant:
        """Return the time by Slack's clock, in whole seconds. A read.

        Raises `RetryLaterError` when the answer does not tell it.
        """
        try:
            answer = await answer_of(self._client.auth_test(), doubtful=False)
            return instant_of(answer.headers.get("Date", ""))
        except (RefusedError, ValueError, OverflowError) as error:
            raise RetryLaterError("Slack does not tell the time.", code="no_date") from error

    async def join(self, channel: str) -> None:
        """Join a public channel. Safe to repeat. Raises `UnreachablePlaceError` if that fails."""
        await self._ask(self._client.conversations_join(channel=channel), OkAnswer, doubtful=False)

    async def post(self, place: Place, message: Message, row_id: str) -> Posted:
        """Post a message with a row's ID as metadata.

        Not idempotent: after `OutcomeUnknownError` call `find_posts`. Raises
        `UnreachablePlaceError`.
        """
        return posted(await self._post(place, message, row_id=row_id, doubtful=True))

    async def find_posts(
        self, place: Place, row_id: str, since: Instant, *, marked: bool = False
    ) -> list[Posted]:
        """Return the bot's messages in `place` that carry a row's ID, the oldest first. A read.

        The ID is in the metadata, or in a `block_id` where Slack takes no metadata, beside a file;
        `marked` searches for the `block_id` alone. `since` bounds how far back to search.

        Raises `UnreachablePlaceError` when the place cannot be read, because its messages are
        unknown then, and `TooManyMessagesError` when there are too many to read.
        """
        me = self._me or await self.identity()
        found: list[str] = []
        cursor = ""
        for _ in range(MOST_PAGES):
            page = await self._read(place, since=since, cursor=cursor)
            ours = (one for one in page.messages if _is_ours(one, me, row_id, marked=marked))
            found += [message.ts for message in ours]
            cursor = page.response_metadata.next_cursor if page.response_metadata else ""
            if not cursor:
                return [posted(ts) for ts in sorted(found, key=Decimal)]
        raise TooManyMessagesError("There are too many messages to look through.", code="too_many")

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace the text and blocks of a message of the bot. Safe to repeat.

        Raises `UnreachablePlaceError` when the message is gone.
        """

        async def send(blocks: Blocks) -> None:
            # Without `blocks` Slack would keep the old ones; an empty list takes them away.
            call = self._client.chat_update(
                channel=channel, ts=ts, text=message.text, blocks=_as_dicts(blocks)
            )
            await self._ask(call, OkAnswer, doubtful=False)

        await with_pictures_if_shown(message.blocks, send)

    async def delete_message(self, channel: str, ts: str) -> None:
        """Delete a message of the bot. Safe to repeat: one that is gone stays so.

        Raises `RefusedError` if the bot may not delete it.
        """
        call = self._client.chat_delete(channel=channel, ts=ts)
        try:
            await self._ask(call, OkAnswer, doubtful=False)
        except UnreachablePlaceError as error:
            if error.code != GONE:
                raise

    async def send_ephemeral(
        self, place: Place, user: str, message: Message, response_url: str | None
    ) -> None:
        """Send a message to one person: by `response_url`, else ephemeral, else direct.

        Safe to repeat in that the person sees it twice at worst.
        """
        if response_url is not None and await self._respond(response_url, place, message):
            return

        async def send(blocks: Blocks) -> None:
            call = self._client.chat_postEphemeral(
                channel=place.channel,
                user=user,
                text=message.text,
                blocks=_as_dicts(blocks) or None,
                thread_ts=place.thread_ts,
            )
            await self._ask(call, OkAnswer, doubtful=False)

        try:
            await with_pictures_if_shown(message.blocks, send)
        except UnreachablePlaceError:
            direct = Place(channel=await self.open_direct(user))
            await self._post(direct, message, row_id=None, doubtful=False)

    async def open_direct(self, user: str) -> str:
        """Return the channel of the bot's direct conversation with `user`. Safe to repeat."""
        answer = await self._ask(
            self._client.conversations_open(users=user), ChannelAnswer, doubtful=False
        )
        return answer.channel.id

    async def _post(
        self, place: Place, message: Message, *, row_id: str | None, doubtful: bool
    ) -> str:
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"job_id": row_id}}

        async def send(blocks: Blocks) -> str:
            call = self._client.chat_postMessage(
                channel=place.channel,
                thread_ts=place.thread_ts,
                text=message.text,
                blocks=_as_dicts(blocks) or None,
                metadata=None if row_id is None else metadata,
                unfurl_links=False,
                unfurl_media=False,
            )
            return (await self._ask(call, PostAnswer, doubtful=doubtful)).ts

        return await with_pictures_if_shown(message.blocks, send)

    async def _read(self, place: Place, *, since: float, cursor: str) -> MessagesAnswer:
        oldest = f"{max(since - CLOCK_SLACK, 0):.6f}"
        if place.thread_ts is None:
            call = self._client.conversations_history(
                channel=place.channel,
                oldest=oldest,
                cursor=cursor or None,
                limit=PAGE,
                include_all_metadata=True,
            )
        else:
            call = self._client.conversations_replies(
                channel=place.channel,
                ts=place.thread_ts,
                oldest=oldest,
                cursor=cursor or None,
                limit=PAGE,
                include_all_metadata=True,
            )
        return await self._ask(call, MessagesAnswer, doubtful=False)

    async def _respond(self, response_url: str, place: Place, message: Message) -> bool:
        """Send by `response_url` and return whether Slack took it; an expired URL is no error."""
        # It is untrusted input, so its host is checked before each use.
        # https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
        url = slack_address(response_url, self._client.base_url)
        if url is None:
            return False
        body: dict[str, Json] = {
            "response_type": "ephemeral",
            "replace_original": message.replaces,
            "text": message.text,
            "blocks": _as_dicts(message.blocks),
        }
        if place.thread_ts is not None:
            body["thread_ts"] = place.thread_ts
        try:
            async with self._session.post(url, json=body, allow_redirects=False) as answer:
                return answer.status == OK
        except (aiohttp.ClientError, TimeoutError):
            return False


def _clock_error(date: str) -> float | None:
    try:
        return time.time() - instant_of(date)
    except (ValueError, OverflowError):
        return None


def posted(ts: str) -> Posted:
    """Return a posted message by its `ts`, which is also the time at which Slack posted it.

    https://docs.slack.dev/messaging/#message-timestamps
    """
    return Posted(ts=ts, at=float(ts))


def _is_ours(message: MessageObject, me: Identity, row_id: str, *, marked: bool) -> bool:
    by_us = message.user == me.user or (message.bot_id != "" and message.bot_id == me.bot)
    is_gone = bool(message.files) and all(file.mode == TOMBSTONE for file in message.files)
    is_of_job = message.metadata.event_type == EVENT_TYPE
    payload = message.metadata.event_payload if is_of_job else {}
    is_named = not marked and payload.get("job_id") == row_id
    is_marked = mark(row_id) in [block.block_id for block in message.blocks]
    return by_us and not is_gone and (is_named or is_marked)


def _as_dicts(blocks: Blocks) -> list[dict[str, Json]]:
    return [dict(block) for block in blocks]
