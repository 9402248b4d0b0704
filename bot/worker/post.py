"""Post a notice's words at most once, although Slack has no idempotency key for a post."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import OperatorMustActError, RetryLaterError
from bot.base.ports import Message, Place
from bot.worker.member import find_as_member, post_as_member
from bot.worker.telling import Telling
from storage.job import Instant


async def post_once(telling: Telling, message: Message) -> str:
    """Post the message, or find the one that was posted before; return its `ts`.

    Safe to repeat: the intent is committed before the post, and a row that carries an intent (or
    may come from a backup) looks for its message before it posts.
    """
    notice, tools = telling.notice, telling.tools
    place = await telling.place()
    found = await find_told(telling, place)
    if found is not None:
        return found
    await telling.record(replace(notice, intent_at=tools.now()))
    try:
        return await post_as_member(tools.chat, place, message, notice.id, telling.hold)
    except (RetryLaterError, OperatorMustActError):
        # Certainly not posted, so the next try need not look.
        await telling.record(replace(telling.notice, intent_at=None))
        raise


async def find_told(telling: Telling, place: Place) -> str | None:
    """Return the `ts` of the notice's message if it may stand and does."""
    notice, tools = telling.notice, telling.tools
    since = await _known_since(telling)
    if notice.intent_at is None and since > tools.started_at:
        return None
    found = await find_as_member(tools.chat, place, notice.id, notice.intent_at or since)
    return found[0] if found else None


async def _known_since(telling: Telling) -> Instant:
    """Return the oldest moment of what is told: after a restore it may happen a second time."""
    notice = telling.notice
    job = None if notice.job_id is None else await telling.tools.jobs.get(notice.job_id)
    return notice.happened_at if job is None else min(job.created_at, notice.happened_at)
