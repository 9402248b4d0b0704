"""Jobs that are accepted and wait for their first step, as many as a measurement needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bench.load import person_id
from sandbox.slack.entities import GENERAL, TEAM
from storage.job import Event, EventName, Instant, Job
from storage.store import Store


async def insert_accepted(store: Store, jobs: int, due_at: Callable[[int], Instant]) -> None:
    """Insert so many jobs, each of which becomes due at the time that `due_at` gives its number.

    A job is as old as it is due: for one from before its start, a bot would search for a message.
    """
    now = time.time()
    counted_on = time.strftime("%Y-%m-%d", time.gmtime(now))
    event = Event(at=now, name=EventName.ACCEPTED)
    await asyncio.gather(
        *(
            store.jobs.insert(
                Job(
                    id=f"accepted{number}",
                    dedup_key=f"command:accepted{number}",
                    team=TEAM,
                    channel=GENERAL,
                    user=person_id(number),
                    surface="command",
                    model="kling-v3",
                    input={"prompt": f"a hill, take {number}"},
                    kind="kling-v3 mode=std",
                    created_at=due_at(number),
                    due_at=due_at(number),
                    counted_on=counted_on,
                ),
                event,
            )
            for number in range(jobs)
        )
    )
