"""The links to the messages of several jobs, for an answer that must come at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bot.jobs.services import Services
from storage.job import Job

LINKS_SECONDS = 1.0


async def load_links(jobs: Sequence[Job], services: Services) -> Mapping[str, str | None]:
    """Return the links to the jobs' messages, by job ID; best effort, within `LINKS_SECONDS`."""
    asked = {
        job.id: asyncio.create_task(services.directory.permalink(job.channel, job.message_ts))
        for job in jobs
        if job.message_ts is not None
    }
    if not asked:
        return {}
    done, late = await asyncio.wait(asked.values(), timeout=LINKS_SECONDS)
    for task in late:
        task.cancel()
    return {
        job_id: task.result()
        for job_id, task in asked.items()
        if task in done and task.exception() is None
    }
