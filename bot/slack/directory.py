"""The `Directory` port over Slack's Web API, with a cache of ten minutes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from cachetools import TTLCache
from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import NotFoundError, OperatorMustActError, UnreachablePlaceError
from bot.base.ports import Conversation, Person
from bot.slack.answers import (
    ChannelAnswer,
    ChannelsAnswer,
    GroupsAnswer,
    LinkAnswer,
    MembersAnswer,
    UserAnswer,
)
from bot.slack.client import ask
from storage.job import Instant, is_direct

T = TypeVar("T")

CACHE_SECONDS = 600.0
"""Names and the visibility of channels change rarely; a stale entry lasts this long at most."""

MEMBERSHIP_SECONDS = 60.0
"""Whoever leaves a private channel sees what is made there for so long at most."""

MOST_CACHED = 2000

PAGE = 1000
MOST_PAGES = 20
"""https://docs.slack.dev/reference/methods/conversations.members takes up to 1,000 a page."""

CHANNELS_ON_PAGE = 200
"""What Slack recommends at most."""

NOBODY = Person(name="somebody", zone="UTC")
STRANGER = replace(NOBODY, is_stranger=True)
UNSEEN = Conversation(is_public=False, has_bot=False)


class SlackDirectory:
    """Implements the port `Directory`."""

    def __init__(self, client: AsyncWebClient, *, now: Callable[[], Instant]) -> None:
        self._client = client
        self._people: TTLCache[str, Person] = TTLCache(MOST_CACHED, CACHE_SECONDS, now)
        self._conversations: TTLCache[str, Conversation] = TTLCache(MOST_CACHED, CACHE_SECONDS, now)
        self._groups: TTLCache[str, Mapping[str, str]] = TTLCache(1, CACHE_SECONDS, now)
        self._channels: TTLCache[str, frozenset[str]] = TTLCache(
            MOST_CACHED, MEMBERSHIP_SECONDS, now
        )
        self._links: TTLCache[str, str | None] = TTLCache(MOST_CACHED, CACHE_SECONDS, now)

    async def person(self, user: str) -> Person:
        """Return a person; `NOBODY` if the bot may not look them up."""
        try:
            return await self.identify(user)
        except OperatorMustActError:
            return NOBODY

    async def identify(self, user: str) -> Person:
        """Return a person, `STRANGER` if Slack does not know them.

        Raises `OperatorMustActError`.
        """
        return await _cached(self._people, user, lambda: self._person(user))

    def known(self, user: str) -> Person | None:
        """Return a person from the cache, or `None`."""
        return self._people.get(user)

    async def conversation(self, channel: str) -> Conversation:
        """Return whether a conversation is public and has the bot as a member."""
        # `conversations.info` needs another scope for those.
        if is_direct(channel):
            return UNSEEN
        known = await _cached(self._conversations, channel, lambda: self._conversation(channel))
        if not known.has_bot:
            # A person who is asked to invite the bot does so at once, so this is not cached.
            self._conversations.pop(channel, None)
        return known

    async def group(self, group: str) -> str | None:
        """Return the handle of a group of people, without `@`; `None`: it is not known."""
        handles = await _cached(self._groups, "", self._handles)
        return handles.get(group) or None

    async def public_channels(self) -> frozenset[str]:
        """Return the public channels that the bot is in."""
        return await _cached(self._channels, "", lambda: self._joined(types="public_channel"))

    async def common_channels(self, user: str) -> frozenset[str]:
        """Return the channels, public and private, that a user and the bot are both in."""
        types = "public_channel,private_channel"
        return await _cached(self._channels, user, lambda: self._joined(types=types, user=user))

    async def is_member(self, channel: str, user: str) -> bool:
        """Return whether a user is a member. Raises `UnreachablePlaceError`."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            call = self._client.conversations_members(channel=channel, limit=PAGE, cursor=cursor)
            page = await ask(call, MembersAnswer, doubtful=False)
            if user in page.members:
                return True
            cursor = page.response_metadata.next_cursor
            if not cursor:
                return False
        return False

    async def permalink(self, channel: str, ts: str) -> str | None:
        """Return the link to a message, or `None` if it is gone."""
        return await _cached(self._links, f"{channel}:{ts}", lambda: self._permalink(channel, ts))

    async def _person(self, user: str) -> Person:
        try:
            found = (await ask(self._client.users_info(user=user), UserAnswer, doubtful=False)).user
        except UnreachablePlaceError:
            return STRANGER
        name = found.profile.display_name or found.profile.real_name or found.name
        return Person(
            name=name or NOBODY.name,
            zone=found.tz or NOBODY.zone,
            teams=frozenset(filter(None, (found.team_id, *found.enterprise_user.teams))),
            is_guest=found.is_restricted or found.is_ultra_restricted,
            is_stranger=found.is_stranger,
            is_bot=found.is_bot,
        )

    async def _conversation(self, channel: str) -> Conversation:
        call = self._client.conversations_info(channel=channel)
        try:
            found = (await ask(call, ChannelAnswer, doubtful=False)).channel
        except (UnreachablePlaceError, OperatorMustActError):
            return UNSEEN
        closed = found.is_private or found.is_im or found.is_mpim
        return Conversation(
            is_public=not closed,
            has_bot=found.is_member,
            is_shared=found.is_ext_shared,
            name=found.name,
        )

    async def _joined(self, *, types: str, user: str | None = None) -> frozenset[str]:
        """Return the channels that a user is in, as far as the bot is; without a user, its own.

        https://docs.slack.dev/reference/methods/users.conversations
        """
        found: set[str] = set()
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            call = self._client.users_conversations(
                types=types, user=user, limit=CHANNELS_ON_PAGE, cursor=cursor
            )
            page = await ask(call, ChannelsAnswer, doubtful=False)
            found.update(channel.id for channel in page.channels)
            cursor = page.response_metadata.next_cursor
            if not cursor:
                break
        return frozenset(found)

    async def _handles(self) -> Mapping[str, str]:
        try:
            answer = await ask(self._client.usergroups_list(), GroupsAnswer, doubtful=False)
        except OperatorMustActError:
            # An app that was installed before this scope was asked for.
            return {}
        return {group.id: group.handle for group in answer.usergroups}

    async def _permalink(self, channel: str, ts: str) -> str | None:
        call = self._client.chat_getPermalink(channel=channel, message_ts=ts)
        try:
            return (await ask(call, LinkAnswer, doubtful=False)).permalink
        except (UnreachablePlaceError, NotFoundError):
            return None


async def _cached(cache: TTLCache[str, T], key: str, load: Callable[[], Awaitable[T]]) -> T:
    """Return the cached value, or load it and cache it."""
    try:
        return cache[key]
    except KeyError:
        value = cache[key] = await load()
        return value
