"""Whether the pictures of the cast that a request names are still at Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.base.errors import BotError, NotFoundError, UsageError
from bot.jobs.services import Services
from bot.options.cast import CastMember

PATIENCE_SECONDS = 1.0
"""For how long a request waits for Slack to tell it."""


async def refuse_gone(members: Sequence[CastMember], services: Services) -> None:
    """Raise `UsageError` with a sentence for each member whose file is gone from Slack.

    What Slack does not tell within `PATIENCE_SECONDS` is looked at when the job is submitted.
    """
    gone = await asyncio.gather(*(_is_gone(member, services) for member in members))
    problems = [
        f"The picture of `{member.name}` is gone from Slack. Save it again: mention me with "
        f"`cast save {member.name}` and the picture."
        for member, is_gone in zip(members, gone, strict=True)
        if is_gone
    ]
    if problems:
        raise UsageError(*problems)


async def _is_gone(member: CastMember, services: Services) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await services.files.describe(member.file or "")
    except NotFoundError:
        return True
    except (BotError, TimeoutError):
        return False
    return False
