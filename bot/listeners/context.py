"""What every listener is given, and what all surfaces say the same way."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, assert_never

import structlog

from bot.base.errors import BotError, UsageError
from bot.base.ports import Chat, Directory, Message
from bot.jobs.accept import Accepted, Answer, AskedBefore, Asker, Intake
from bot.jobs.actions import Verbs
from bot.messages import replies
from bot.options.catalog import Catalog
from bot.options.defaults import DEFAULTS
from bot.options.request import Ask
from bot.slack.ephemeral import Aside
from bot.slack.views import SlackViews
from storage.job import Instant, Json
from storage.notification import NoticeStore, SettingStore, channel_scope
from storage.store import Store, StoreError


class Observer(Protocol):
    """Hears what people were answered, for metrics."""

    def ask_answered(self, surface: str, answer: str, seconds: float) -> None:
        """Somebody was answered: `accepted`, `answered` in words, `refused`, or a form `opened`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The rooms behind the listeners. A listener parses, asks one of them, and acknowledges."""

    intake: Intake
    verbs: Verbs
    store: Store
    settings: SettingStore
    notices: NoticeStore
    directory: Directory
    catalog: Catalog
    chat: Chat
    aside: Aside
    views: SlackViews
    now: Callable[[], Instant]
    observer: Observer
    bot_user: str
    unit: str | None = None

    async def take(
        self, ask: Ask, asker: Asker, *, parent_id: str | None = None, sure: bool = False
    ) -> Message | None:
        """Accept an ask; return a private answer, or `None` when the job's message says it all.

        When this returns `None` the ask is on disk. Idempotent by `asker.ask_key`.
        """
        return await self.answer(self.intake.accept(ask, asker, parent_id=parent_id, sure=sure))

    async def defaults(self, team: str, channel: str) -> Mapping[str, Json]:
        """Return the options that a channel's videos have unless an ask says otherwise."""
        kept = await self.settings.setting(channel_scope(team, channel), DEFAULTS)
        return kept if isinstance(kept, Mapping) else {}

    async def answer(self, taking: Awaitable[Answer]) -> Message | None:
        """Return the private answer to an ask that is being taken, or `None`, as `take` does."""
        try:
            answer = await taking
        except StoreError as error:
            return replies.store_trouble(error)
        match answer:
            case AskedBefore():
                return replies.asked_before(answer.job, self.now())
            case Accepted(left_out=()):
                return None
            case Accepted():
                return replies.taken_without(answer.left_out)
            case _:
                assert_never(answer)

    async def politely(
        self, doing: Awaitable[Message | None], asker: Asker, *, silent: str = "accepted"
    ) -> Message | None:
        """Return what `doing` answers, or in plain words why it could not be done.

        `silent` is the observer's word for no answer.
        """
        began = time.perf_counter()
        reply, kind = await _in_words(doing, asker, silent)
        self.observer.ask_answered(asker.surface, kind, time.perf_counter() - began)
        return reply


async def _in_words(
    doing: Awaitable[Message | None], asker: Asker, silent: str
) -> tuple[Message | None, str]:
    """Return the answer, and the observer's word for it."""
    try:
        reply = await doing
    except UsageError as error:
        structlog.get_logger("slack").info("ask_refused", user=asker.user, by=asker.surface)
        return replies.refusal(str(error)), "refused"
    except BotError as error:
        return replies.refusal(f"{error} Try again in a moment."), "refused"
    except StoreError as error:
        return replies.store_trouble(error), "refused"
    return reply, silent if reply is None else "answered"
