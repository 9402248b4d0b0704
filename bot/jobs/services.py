"""The dependencies of listeners and steps: the store, the catalog, and ports to other services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bot.base.ports import (
    AgentView,
    Chat,
    ContactSheets,
    Directory,
    EphemeralMessages,
    Films,
    MessageEdits,
    Observer,
    PersonFiles,
    ReferenceImages,
    VideoService,
    Views,
)
from bot.jobs.call_limits import CallLimits
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
    files: PersonFiles
    films: Films | None = None
    """`None`: finished videos are not looked into: there are no posters, and no films."""
    makes_posters: bool = True
    """Whether finished videos get posters, if they can be looked into."""
    contact_sheets: ContactSheets | None = None
    """`None`: there are no posters to draw side by side."""
    directory: Directory
    views: Views
    ephemeral: EphemeralMessages
    message_edits: MessageEdits
    agent_view: AgentView
    observer: Observer
    now: Callable[[], Instant]
    uptime: Callable[[], float]
    """Returns seconds that never go back, by a clock that counts pauses, too: ages are by it."""
    new_id: Callable[[], str]
    chance: Callable[[], float]
    """Returns random numbers from 0 to 1."""
    wait_until: Callable[[Instant], Awaitable[None]]
    """Returns at this time, by `now`."""
    wake: Callable[[], None]
    """Requests a tick soon, because a row became due."""
    delay_steps: Callable[[], None]
    """Delays the start of background steps, because a user waits for an acknowledgement."""
    spools: AbstractAsyncContextManager[object]
    """Held while a file of unknown length is in a temporary file: bounds the use of the disk."""
    limits: CallLimits
    """How many calls Slack takes."""
    started_at: Instant
    """When this process started, by its own clock."""
    team: str
    bot_user: str
    admins: frozenset[str] = frozenset()
    allow_external_people: bool = False
    """Whether guests and people of other workspaces may use the bot, as its members do."""
    unit: str | None = None
    """The unit of amounts, as the operator names it; `None`: the unit in which MindVideo bills."""
    ai_label: str | None = None
    """The words that tell readers of a result that it was made with AI; `None`: none do."""
    max_active: int | None = None
    """How many jobs of a person may be under way; `None`: any number."""
    submit_delay: float = 0.0
    """Seconds from a job's message to its submit, unless the channel has a delay of its own."""
    poll_min: float = 1.0
    poll_max: float = 30.0
    """Bounds of the pause between two polls of a task, in seconds."""

    def is_admin(self, user: str) -> bool:
        """Return whether `user` is one of the operator's admins."""
        return user in self.admins
