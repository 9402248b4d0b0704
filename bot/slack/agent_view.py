"""The `AgentView` port over Slack's Web API: hints that are sent in the background, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from cachetools import TTLCache
from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import BotError, OperatorMustActError, RefusedError
from bot.base.ports import Place, SuggestedPrompt
from bot.slack.answers import OkAnswer
from bot.slack.client import ask
from storage.job import Instant

MOST_UNDER_WAY = 8
"""Calls at once. When Slack is slow the next hints are dropped, and none waits."""

CALL_SECONDS = 5.0
"""A later hint is of no use."""

REPEAT_SECONDS = 90.0
"""An equal hint is not sent again within this time. Slack shows a status for two minutes:
https://docs.slack.dev/reference/methods/assistant.threads.setStatus
"""

PAUSE_SECONDS = 60.0
"""Without hints of a kind after one that failed, unless Slack names another pause."""

NOT_ALLOWED_SECONDS = 3600.0
"""The same where the app lacks the permission, as one that was installed by an older manifest."""

MOST_REMEMBERED = 2000


class BackgroundHints:
    """Implements the port `AgentView`."""

    def __init__(self, client: AsyncWebClient, *, now: Callable[[], Instant]) -> None:
        self._client = client
        self._now = now
        self._sent: TTLCache[tuple[str, ...], None] = TTLCache(MOST_REMEMBERED, REPEAT_SECONDS, now)
        self._paused_until: dict[str, Instant] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def suggest(
        self,
        channel: str,
        prompts: Sequence[SuggestedPrompt],
        *,
        may: Callable[[], Awaitable[bool]],
    ) -> None:
        """Show prompts in a direct conversation, unless `may` returns false.

        Without `thread_ts`, which an agent's conversation does not take:
        https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts
        """
        texts = [{"title": one.title, "message": one.message} for one in prompts]

        async def send() -> None:
            if await may():
                call = self._client.assistant_threads_setSuggestedPrompts(
                    channel_id=channel, prompts=texts
                )
                await ask(call, OkAnswer, doubtful=False)

        self._start("prompts", (channel,), send)

    def show_status(self, place: Place, status: str) -> None:
        """Show in a thread what the bot does, until its next message there."""

        async def send() -> None:
            call = self._client.assistant_threads_setStatus(
                channel_id=place.channel, thread_ts=place.thread_ts or "", status=status
            )
            await ask(call, OkAnswer, doubtful=False)

        self._start("status", (place.channel, place.thread_ts or "", status), send)

    async def close(self) -> None:
        """Cancel what is being sent."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _start(
        self, kind: str, about: tuple[str, ...], send: Callable[[], Awaitable[None]]
    ) -> None:
        """Send a hint, unless it was sent a moment ago, its kind is paused, or there is no room."""
        key = (kind, *about)
        is_paused = self._now() < self._paused_until.get(kind, 0.0)
        if key in self._sent or is_paused or len(self._sending) >= MOST_UNDER_WAY:
            return
        self._sent[key] = None
        task = asyncio.create_task(self._send(kind, send))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, kind: str, send: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await send()
        except RefusedError:
            # Of one place: others may have theirs.
            return
        except OperatorMustActError as error:
            self._pause(kind, NOT_ALLOWED_SECONDS, error.code)
        except BotError as error:
            self._pause(kind, error.retry_after or PAUSE_SECONDS, error.code)
        except TimeoutError:
            self._pause(kind, PAUSE_SECONDS, "timeout")

    def _pause(self, kind: str, seconds: float, code: str | None) -> None:
        self._paused_until[kind] = self._now() + seconds
        structlog.get_logger("slack").info("hint_unsent", kind=kind, code=code, pause=seconds)
