"""Post a notice's words at most once, although Slack has no idempotency key for a post."""

from __future__ import annotations

from dataclasses import replace

from bot.errors import OperatorMustActError, RetryLaterError
from bot.notices.telling import Telling
from bot.ports import Message, Place
from bot.steps.member import find_as_member, post_as_member

# A row this old at its first try may come from a backup: its message may stand already.
FRESH_SECONDS = 600.0


async def post_once(telling: Telling, message: Message) -> str:
    """Post the message, or find the one that was posted before; return its `ts`.

    Safe to repeat: the intent is committed before the post, and a row that carries an intent (or
    is old enough to come from a backup) looks for its message by metadata before it posts.
    """
    notice, tools = telling.notice, telling.tools
    place = await telling.place()
    found = await _find(telling, place)
    if found is not None:
        return found
    await telling.record(replace(notice, intent_at=tools.now()))
    try:
        return await post_as_member(tools.chat, place, message, notice.id, telling.hold)
    except (RetryLaterError, OperatorMustActError):
        # Certainly not posted, so the next try need not look.
        await telling.record(replace(telling.notice, intent_at=None))
        raise


async def _find(telling: Telling, place: Place) -> str | None:
    notice, tools = telling.notice, telling.tools
    if notice.intent_at is None and tools.now() - notice.happened_at <= FRESH_SECONDS:
        return None
    intended_at = notice.intent_at or notice.happened_at
    found = await find_as_member(tools.chat, place, notice.id, intended_at)
    return found[0] if found else None
