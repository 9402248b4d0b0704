"""Names a part of a set in the set's thread: `2: at night`, `again 2 --mode pro`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.jobs.services import Services
from bot.messages import sets
from bot.options.notes import begins_with_time
from bot.slack.markup import plain
from storage.job import Job

_NAMED = re.compile(r"\s*#?([0-9]{1,2})\s*[:\uff1a]\s*(\S.*)", re.DOTALL)
_AGAIN = re.compile(r"\s*(again)\s+#?([0-9]{1,2})(?!\S)(.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPart:
    """A part of a set, and what was said about it."""

    job: Job
    text: str


async def find_named_part(text: str, job: Job, services: Services) -> NamedPart | None:
    """Return the part that a text names in the thread of `job`; `None`: it names none.

    The newest job of the thread may be one that was made from a part. A read, only if the text
    may name a part. Raises `UsageError` for a number that no part has.
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
    set_id = job.set_id
    if set_id is None and job.parent_id is not None:
        parent = await services.store.jobs.get(job.parent_id)
        set_id = None if parent is None else parent.set_id
    if set_id is None:
        return None
    parts = await services.store.jobs.parts(set_id)
    for part in parts:
        if part.part == number:
            return NamedPart(job=part, text=rest)
    raise UsageError(sets.no_such_part(number, len(parts)))
