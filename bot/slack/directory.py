"""The `Directory` port over Slack's Web API; what was read is remembered for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from pydantic import BaseModel
from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import NotFoundError, OperatorMustActError, UnreachablePlaceError
from bot.base.ports import Conversation, Person
from bot.slack.client import ask
from storage.job import Instant

T = TypeVar("T")

REMEMBER_SECONDS = 600.0
"""People are renamed and channels made private rarely, but a mistake must not last."""

REMEMBER_MOST = 2000

PAGE = 1000
MOST_PAGES = 20
"""https://docs.slack.dev/reference/methods/conversations.members takes up to 1,000 a page."""

NOBODY = Person(name="somebody", zone="UTC")
UNSEEN = Conversation(is_public=False, has_bot=False)

# IDs of direct conversations, which `conversations.info` would need one more permission for.
# https://docs.slack.dev/reference/objects/conversation-object
DIRECT = "D"


class _Profile(BaseModel):
    display_name: str = ""
    real_name: str = ""


class _User(BaseModel):
    name: str = ""
    tz: str | None = None
    profile: _Profile = _Profile()


class _UserInfo(BaseModel):
    user: _User


class _Channel(BaseModel):
    is_private: bool = True
    is_im: bool = False
    is_mpim: bool = False
    is_member: bool = False


class _ChannelInfo(BaseModel):
    channel: _Channel


class _Cursor(BaseModel):
    next_cursor: str = ""


class _Members(BaseModel):
    members: list[str]
    response_metadata: _Cursor = _Cursor()


class _Link(BaseModel):
    permalink: str


class SlackDirectory:
    """Keeps the promises of `Directory`."""

    def __init__(self, client: AsyncWebClient, *, now: Callable[[], Instant]) -> None:
        self._client = client
        self._people: _Memory[Person] = _Memory(now)
        self._conversations: _Memory[Conversation] = _Memory(now)
        self._links: _Memory[str | None] = _Memory(now)

    async def person(self, user: str) -> Person:
        """Return who this is."""
        return await self._people.recall(user, lambda: self._person(user))

    async def conversation(self, channel: str) -> Conversation:
        """Return what kind of conversation this is."""
        if channel.startswith(DIRECT):
            return UNSEEN
        known = await self._conversations.recall(channel, lambda: self._conversation(channel))
        if not known.has_bot:
            # Whoever reads "invite me" does so at once.
            self._conversations.forget(channel)
        return known

    async def is_member(self, channel: str, user: str) -> bool:
        """Tell whether somebody is a member."""
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            call = self._client.conversations_members(channel=channel, limit=PAGE, cursor=cursor)
            page = await ask(call, _Members, doubtful=False)
            if user in page.members:
                return True
            cursor = page.response_metadata.next_cursor
            if not cursor:
                return False
        return False

    async def permalink(self, channel: str, ts: str) -> str | None:
        """Return the link to a message."""
        return await self._links.recall(f"{channel}:{ts}", lambda: self._permalink(channel, ts))

    async def _person(self, user: str) -> Person:
        try:
            found = (await ask(self._client.users_info(user=user), _UserInfo, doubtful=False)).user
        except (UnreachablePlaceError, OperatorMustActError):
            return NOBODY
        name = found.profile.display_name or found.profile.real_name or found.name
        return Person(name=name or NOBODY.name, zone=found.tz or NOBODY.zone)

    async def _conversation(self, channel: str) -> Conversation:
        call = self._client.conversations_info(channel=channel)
        try:
            found = (await ask(call, _ChannelInfo, doubtful=False)).channel
        except (UnreachablePlaceError, OperatorMustActError):
            return UNSEEN
        closed = found.is_private or found.is_im or found.is_mpim
        return Conversation(is_public=not closed, has_bot=found.is_member)

    async def _permalink(self, channel: str, ts: str) -> str | None:
        call = self._client.chat_getPermalink(channel=channel, message_ts=ts)
        try:
            return (await ask(call, _Link, doubtful=False)).permalink
        except (UnreachablePlaceError, NotFoundError):
            return None


class _Memory(Generic[T]):
    """Answers that hold for a while; the oldest go first when there are too many."""

    def __init__(self, now: Callable[[], Instant]) -> None:
        self._now = now
        self._known: OrderedDict[str, tuple[Instant, T]] = OrderedDict()

    async def recall(self, key: str, look: Callable[[], Awaitable[T]]) -> T:
        """Return what is known, or look."""
        known = self._known.get(key)
        if known is not None and self._now() - known[0] < REMEMBER_SECONDS:
            return known[1]
        answer = await look()
        self._known[key] = (self._now(), answer)
        self._known.move_to_end(key)
        while len(self._known) > REMEMBER_MOST:
            self._known.popitem(last=False)
        return answer

    def forget(self, key: str) -> None:
        """Look again next time."""
        self._known.pop(key, None)
