"""Bolt listeners for who meets the bot: a user who opens the app, a channel that it is invited to.

Slack tells each opening, and may tell it twice: the row of the welcome has the same ID each time.
"""

from __future__ import annotations

from functools import partial

from cachetools import LRUCache
from slack_bolt.async_app import AsyncApp

from bot.jobs.access import is_admitted
from bot.jobs.services import Services
from bot.listeners.payloads import AppOpenedEvent, JoinedEvent
from bot.messages.welcome import suggested_prompts
from bot.notifications.welcome import welcome_row

MOST_REMEMBERED = 10_000
"""Users and channels that need no second look at the store; each takes a hundred bytes."""


class Welcomes:
    """Puts the welcome to each user and each channel into the outbox, once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: LRUCache[str, None] = LRUCache(MOST_REMEMBERED)

    async def add(self, place: str) -> None:
        """Put in the welcome to a user or a channel, unless it was. Raises `StoreError`."""
        if place in self._known:
            return
        services = self._services
        if await services.store.outbox.add(welcome_row(services.team, place, services.now())):
            services.wake()
        self._known[place] = None


def register(app: AsyncApp, services: Services) -> None:
    """Listen to `member_joined_channel`."""
    welcomes = Welcomes(services)

    async def joined(event: dict[str, object]) -> None:
        entered = JoinedEvent.read(event)
        # The bot enters a channel by itself where a video is brought; then nobody invited it.
        if entered.user == services.bot_user and entered.inviter is not None:
            await welcomes.add(entered.channel)

    app.event("member_joined_channel")(joined)


async def greet(opened: AppOpenedEvent, services: Services, welcomes: Welcomes) -> None:
    """Welcome a user who opens the app, and suggest prompts in their direct conversation."""
    await welcomes.add(opened.user)
    if opened.tab == "messages" and opened.channel is not None:
        services.agent_view.suggest(
            opened.channel,
            suggested_prompts(services.catalog.default),
            may=partial(is_admitted, opened.user, services.team, services),
        )
