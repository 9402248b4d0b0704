"""Names a part of a set in the set's thread: `2: at night`, `again 2 --mode pro`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.jobs.chains import frame_before
from bot.jobs.services import Services
from bot.messages import sets
from bot.options.notes import begins_with_time
from bot.slack.markup import plain
from storage.job import Job

_NAMED = lazy_compile(r"\s*#?([0-9]{1,2})\s*[:\uff1a]\s*(\S.*)", re.DOTALL)
_AGAIN = lazy_compile(r"\s*(again)\s+#?([0-9]{1,2})(?!\S)(.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPart:
    """A part of a set, and what was said about it."""

    job: Job
    text: str


async def find_named_part(text: str, job: Job, services: Services) -> NamedPart | None:
    """Return the part that a text names in the thread of `job`; `None`: it names none.

    Nothing is read unless the text may name a part. Raises `UsageError` for a number that no part
    has.
    """
    # `1:02 too dark` is about a second, of which part it does not say.
    named = None if begins_with_time(plain(text)) else _NAMED.fullmatch(text)
    again = _AGAIN.fullmatch(text)
    if named is not None:
        number, rest = int(named[1]), named[2]
    elif again is not None:
        number, rest = int(again[2]), f"{again[1]}{again[3]}"
    else:
        return None
    parts = await _parts_of_thread(job, services)
    if not parts:
        return None
    for part in parts:
        if part.part == number:
            return NamedPart(job=part, text=rest)
    raise UsageError(sets.no_such_part(number, len(parts)))


async def _parts_of_thread(job: Job, services: Services) -> Sequence[Job]:
    """Return the parts of the set in whose thread a job is; none, if it is in no set's thread.

    The job may have been made from a part, or from a job that was. One that was made from a part
    elsewhere is in another thread, where that set may not even be known.
    """
    here = (job.channel, job.thread_root)
    while job.set_id is None:
        frame = frame_before(job, services)
        before_id = job.parent_id or (frame.job_id if frame else "")
        before = await services.store.jobs.get(before_id)
        if before is None or (before.channel, before.thread_root) != here:
            return ()
        job = before
    return await services.store.jobs.parts(job.set_id)
