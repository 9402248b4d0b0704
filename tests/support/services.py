"""Services of a bot for tests; a service that a test does not give fails or does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

from bot.base.ports import (
    Chat,
    Conversation,
    EphemeralMessages,
    ImageBytes,
    Message,
    Person,
    PersonFiles,
    Place,
    SuggestedPrompt,
    VideoService,
    Views,
)
from bot.jobs.accept import new_id
from bot.jobs.call_limits import CallLimits
from bot.jobs.services import Services
from bot.options.catalog import Catalog
from storage.job import Instant, Json
from storage.store import Store

CATALOG = Catalog.load()
TEAM = "T0STUDIO"
BOT = "U0VIDEO"
SPOOLS = 2
"""The number of files of unknown length that may be on the disk at once."""


UNLIMITED_POSTS = CallLimits(posts_per_second=0.0)
"""The limits of a bot between simulated services, which take any number of messages."""


async def _no_wait(_at: Instant) -> None:
    """Return at once: the clock of a test stands still."""


class SilentObserver:
    """An observer that counts nothing."""

    def ask_answered(self, surface: str, answer: str, seconds: float) -> None:
        """See `Observer`."""

    def request_unserved(self, kind: str, reason: str) -> None:
        """See `Observer`."""

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """See `Observer`."""


class NoImages:
    """The port `ReferenceImages` for jobs without files: every input stays as it is."""

    async def resolve(self, _model: str, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the same input."""
        return values

    async def names(self, _file_ids: Sequence[str], /) -> Mapping[str, str]:
        """Return no names."""
        return {}

    async def copied(self, file_id: str) -> ImageBytes:
        """Fail: a test that copies an image brings its own port."""
        raise AssertionError(file_id)


class FakeDirectory:
    """The port `Directory` in which a user's name is their ID, and no message has a permalink."""

    async def person(self, user: str) -> Person:
        """Return a person named by their ID."""
        return Person(name=user, zone="UTC")

    async def identify(self, user: str) -> Person:
        """Return the same person."""
        return await self.person(user)

    def known(self, _user: str, /) -> Person | None:
        """Return nobody: nothing is kept."""
        return None

    async def conversation(self, channel: str, /) -> Conversation:
        """Return a public channel."""
        return Conversation(is_public=True, has_bot=True, name=channel.lower())

    async def group(self, group: str, /) -> str | None:
        """Return a handle made of the group's ID."""
        return group.lower()

    async def public_channels(self) -> frozenset[str]:
        """Return none."""
        return frozenset()

    async def common_channels(self, _user: str, /) -> frozenset[str]:
        """Return none."""
        return frozenset()

    async def is_member(self, _channel: str, _user: str, /) -> bool:
        """Return true."""
        return True

    async def permalink(self, _channel: str, _ts: str, /) -> str | None:
        """Return no permalink."""
        return None


class NoEphemerals:
    """The port `EphemeralMessages` that sends nothing."""

    def send(
        self,
        key: str,
        place: Place | None,
        user: str,
        message: Message,
        response_url: str | None = None,
    ) -> None:
        """See `EphemeralMessages`."""

    def has_sent(self, _key: str, /) -> bool:
        """Return false."""
        return False


class NoEdits:
    """The port `MessageEdits` that edits nothing."""

    def draw(self, key: str, draw: Callable[[], Awaitable[None]]) -> None:
        """See `MessageEdits`."""


class NoHints:
    """The port `AgentView` that shows nothing."""

    def suggest(
        self,
        channel: str,
        prompts: Sequence[SuggestedPrompt],
        *,
        may: Callable[[], Awaitable[bool]],
    ) -> None:
        """See `AgentView`."""

    def show_status(self, place: Place, status: str) -> None:
        """See `AgentView`."""


class Missing:
    """Placeholder for a service that the test does not give; any use of it fails the test."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"this test gave no service that has {name}")


def services(store: Store, **given: object) -> Services:
    """Return services over a store; `given` overrides the defaults."""
    missing = Missing()
    usual: dict[str, object] = {
        "store": store,
        "catalog": CATALOG,
        "video": cast("VideoService", missing),
        "chat": cast("Chat", missing),
        "images": NoImages(),
        "files": cast("PersonFiles", missing),
        "directory": FakeDirectory(),
        "views": cast("Views", missing),
        "ephemeral": cast("EphemeralMessages", NoEphemerals()),
        "message_edits": NoEdits(),
        "agent_view": NoHints(),
        "observer": SilentObserver(),
        "now": lambda: 0.0,
        # By the clock of the test, if it has one.
        "uptime": given.get("now", lambda: 0.0),
        "new_id": new_id,
        "chance": lambda: 0.5,
        "wait_until": _no_wait,
        "limits": UNLIMITED_POSTS,
        "wake": lambda: None,
        "delay_steps": lambda: None,
        "spools": asyncio.Semaphore(SPOOLS),
        "started_at": 0.0,
        "team": TEAM,
        "bot_user": BOT,
    }
    return Services(**(usual | given))  # type: ignore[arg-type] # by their names
