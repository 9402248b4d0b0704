"""Whether a file that the bot needs is gone from Slack, for an answer that must come at once."""

from __future__ import annotations

import asyncio

from bot.base.errors import BotError, NotFoundError
from bot.jobs.services import Services

PATIENCE_SECONDS = 1.0
"""For how long an answer waits for Slack to tell it."""


async def is_gone(file_id: str, services: Services) -> bool:
    """Return whether Slack says that a file is gone, or hidden by its plan.

    Best effort: what Slack does not tell within `PATIENCE_SECONDS` is there.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await services.files.describe(file_id)
    except NotFoundError:
        return True
    except (BotError, TimeoutError):
        return False
    return False
