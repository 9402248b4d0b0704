"""Rules about money in a running bot's store."""

from __future__ import annotations

from decimal import Decimal

from sandbox.slack.entities import TEAM
from storage.budget import Policy
from storage.sqlite.store import SqliteStore
from tests.support.running_bot import RunningBot


async def set_policy(bot: RunningBot, policy: Policy) -> None:
    """Set the workspace's policy, as an operator does beside the running bot."""
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    await store.budgets.set_policy(TEAM, policy, "U0ADMIN", 0.0)
    await store.close()


async def confirm_above(bot: RunningBot, limit: str) -> None:
    """Let prices above a limit be confirmed."""
    await set_policy(bot, Policy(confirm_above=Decimal(limit)))
