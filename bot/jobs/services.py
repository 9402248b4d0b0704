"""Everything that listeners and steps need of the rooms below and of the outside world."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bot.base.ports import (
    Chat,
    Directory,
    EphemeralMessages,
    Observer,
    ProgressEdits,
    ReferenceImages,
    VideoService,
    Views,
)
from bot.options.catalog import Catalog
from storage.job import Instant
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Made once by the composition root, and given to every listener and every step."""

    store: Store
    catalog: Catalog
    video: VideoService
    chat: Chat
    images: ReferenceImages
    directory: Directory
    views: Views
    ephemeral: EphemeralMessages
    edits: ProgressEdits
    observer: Observer
    now: Callable[[], Instant]
    new_id: Callable[[], str]
    chance: Callable[[], float]
    """Gives random numbers from 0 to 1."""
    wake: Callable[[], None]
    """Asks for a tick soon, because something became due this moment."""
    make_way: Callable[[], None]
    """Delays background steps for a moment, because a person waits for an answer."""
    spools: AbstractAsyncContextManager[object]
    """Held while a file of unknown length is on the disk: others need its space as well."""
    started_at: Instant
    """When this process began, by its own clock."""
    team: str
    bot_user: str
    admins: frozenset[str] = frozenset()
    unit: str | None = None
    """How the operator names amounts; `None`: as MindVideo bills them."""
    poll_min: float = 1.0
    poll_max: float = 30.0
    """Bounds of the pause between two polls of a task, in seconds."""

    def is_admin(self, user: str) -> bool:
        """Tell whether `user` is one of the operator's admins."""
        return user in self.admins
