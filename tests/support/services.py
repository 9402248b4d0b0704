"""The services of a bot for tests: what a test does not give is out of reach, or says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

from bot.base.ports import (
    Chat,
    Conversation,
    EphemeralMessages,
    Message,
    Person,
    Place,
    VideoService,
    Views,
)
from bot.jobs.accept import new_id
from bot.jobs.services import Services
from bot.options.catalog import Catalog
from bot.worker.edit_budget import EditBudget
from storage.job import Json
from storage.store import Store

CATALOG = Catalog.load()
TEAM = "T0STUDIO"
BOT = "U0VIDEO"
SPOOLS = 2
"""How many files of unknown length may be on the disk at once."""


class SilentObserver:
    """An observer that counts nothing."""

    def ask_answered(self, surface: str, answer: str, seconds: float) -> None:
        """See `Observer`."""

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """See `Observer`."""


class NoImages:
    """The port `ReferenceImages` where nobody can attach a file: every input goes as it is."""

    async def resolve(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the same input."""
        return values


class NoLinks:
    """The port `Directory` of a workspace of strangers, without links to messages."""

    async def person(self, user: str) -> Person:
        """Return somebody of that name."""
        return Person(name=user, zone="UTC")

    async def conversation(self, _channel: str, /) -> Conversation:
        """Return a public channel."""
        return Conversation(is_public=True, has_bot=True)

    async def is_member(self, _channel: str, _user: str, /) -> bool:
        """Say yes."""
        return True

    async def permalink(self, _channel: str, _ts: str, /) -> str | None:
        """Return nothing."""
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
        """Say no."""
        return False


class Missing:
    """Stands where a test gives nothing; whoever reaches for it fails."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"this test gave no service that has {name}")


async def _no_time() -> None:
    """Take none."""


def services(store: Store, **given: object) -> Services:
    """Return services over a store; `given` goes over what tests usually need."""
    missing = Missing()
    usual: dict[str, object] = {
        "store": store,
        "catalog": CATALOG,
        "video": cast("VideoService", missing),
        "chat": cast("Chat", missing),
        "images": NoImages(),
        "directory": NoLinks(),
        "views": cast("Views", missing),
        "ephemeral": cast("EphemeralMessages", NoEphemerals()),
        "edits": EditBudget(),
        "observer": SilentObserver(),
        "now": lambda: 0.0,
        "new_id": new_id,
        "chance": lambda: 0.5,
        "wake": lambda: None,
        "make_way": lambda: None,
        "spools": asyncio.Semaphore(SPOOLS),
        "started_at": 0.0,
        "team": TEAM,
        "bot_user": BOT,
    }
    return Services(**(usual | given))  # type: ignore[arg-type] # by their names
