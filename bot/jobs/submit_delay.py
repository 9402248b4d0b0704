"""The time between a job's message and its submit, in which its user can take it back for free."""

from __future__ import annotations

from typing import Final

from bot.jobs.services import Services
from storage.job import Job, Json
from storage.notification import channel_scope

SUBMIT_DELAY: Final = "submit_delay"
"""Name of a channel's setting: its delay in seconds."""

LONGEST_DELAY = 300


async def submit_delay(job: Job, services: Services) -> float:
    """Return the delay of a job in seconds: the channel's own, else the operator's.

    A job that its asker has confirmed gets none: the answer was the second thought. Raises
    `StoreError`.
    """
    if job.question is not None:
        return 0.0
    own = await channel_delay(services, job.team, job.channel)
    return services.submit_delay if own is None else own


async def channel_delay(services: Services, team: str, channel: str) -> float | None:
    """Return a channel's own delay in seconds, or `None`. Raises `StoreError`."""
    stored: Json = await services.store.settings.get(channel_scope(team, channel), SUBMIT_DELAY)
    return float(stored) if isinstance(stored, int | float) else None
