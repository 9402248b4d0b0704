"""What channels are told unasked: which they subscribed to, digests, and when."""

from __future__ import annotations

from bot.notifications.digest import tell_digest
from bot.notifications.job_event import tell_news
from bot.worker.telling import Telling
from storage.notification import NoticeKind


async def tell(telling: Telling) -> None:
    """Tell one notice."""
    if telling.notice.kind is NoticeKind.DIGEST:
        await tell_digest(telling)
    else:
        await tell_news(telling)
