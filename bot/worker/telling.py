"""One claimed notice: the outside world, and the row as it was last committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.base.ports import Chat, Directory, Place
from bot.options.catalog import Catalog
from storage.job import Instant
from storage.notification import Notice, NoticeStore
from storage.store import Store

# How IDs of people begin; those of channels do not.
# https://docs.slack.dev/reference/objects/user-object
PEOPLE = ("U", "W")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTools:
    """The outside world as notices see it. `started_at` is when this process began."""

    jobs: Store
    notices: NoticeStore
    chat: Chat
    directory: Directory
    catalog: Catalog
    now: Callable[[], Instant]
    started_at: Instant
    unit: str | None = None


class Telling:
    """What telling a notice is given. `notice` is always the row as it stands under our fence."""

    def __init__(self, notice: Notice, tools: NoticeTools) -> None:
        self.notice = notice
        self.tools = tools

    async def place(self) -> Place:
        """Return where it is told; for a person, their conversation with the bot."""
        channel = self.notice.channel
        if channel.startswith(PEOPLE):
            channel = await self.tools.chat.open_direct(channel)
        return Place(channel=channel)

    async def hold(self) -> None:
        """Raise `StaleFenceError` unless the claim still holds."""
        await self.tools.notices.apply_notice(self.notice, self.notice)

    async def record(self, after: Notice) -> Notice:
        """Commit an intent or a finding; return the row as it now stands.

        Raises `StaleFenceError` when the claim was lost: nothing more may be done.
        """
        self.notice = await self.tools.notices.apply_notice(self.notice, after)
        return self.notice
