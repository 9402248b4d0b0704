"""Whether the pictures of the cast that a request names are still at Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.base.errors import UsageError
from bot.jobs.gone_files import is_gone
from bot.jobs.services import Services
from bot.options.cast import CastMember


async def refuse_gone(members: Sequence[CastMember], services: Services) -> None:
    """Raise `UsageError` with a sentence for each member whose file is gone from Slack.

    What Slack does not tell in time is looked at when the job is submitted.
    """
    gone = await asyncio.gather(*(is_gone(member.file or "", services) for member in members))
    problems = [
        f"The picture of `{member.name}` is gone from Slack. Save it again: mention me with "
        f"`cast save {member.name}` and the picture."
        for member, is_lost in zip(members, gone, strict=True)
        if is_lost
    ]
    if problems:
        raise UsageError(*problems)
