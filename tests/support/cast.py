"""The cast in the store of a running bot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sandbox.slack.entities import ANA, BEN, CREW, GENERAL, MIA, TEAM
from storage.notification import channel_scope, person_scope, team_scope
from storage.saved import SavedKind
from storage.sqlite.store import SqliteStore
from tests.support.running_bot import RunningBot
from tests.support.slack_user import WAIT_SECONDS

CAST = frozenset({SavedKind.CAST})
POLL_SECONDS = 0.005


async def until_none_is_coming(bot: RunningBot) -> None:
    """Wait until every member has its picture, which is noted after Slack has it."""
    scopes = [person_scope(TEAM, user) for user in (ANA, BEN, MIA)]
    scopes += [channel_scope(TEAM, GENERAL), channel_scope(TEAM, CREW), team_scope(TEAM)]
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            # The bot tells no test of it.
            while await _is_coming(store, scopes):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
    finally:
        await store.close()


async def _is_coming(store: SqliteStore, scopes: Sequence[str]) -> bool:
    return any(one.value["copying"] for one in await store.saved.within(CAST, scopes))
