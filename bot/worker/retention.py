"""Erases what is not kept any longer, in small batches; the scheduler calls it once a minute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import structlog

from bot.options.catalog import Catalog
from storage.job import Instant
from storage.store import Retention

RESPONSE_URL_SECONDS = 3600.0
"""Slack takes a `response_url` for 30 minutes."""

DAY_SECONDS = 86_400.0

BATCH_ROWS = 50
"""The most rows that one write changes: an acknowledgement waits for one such write at most."""

MOST_BATCHES = 20
"""The most writes of one call, during which no tick begins."""

Batch: TypeAlias = Callable[[int], Awaitable[int]]
"""Erases from at most so many rows, and returns from how many it did."""


class Eraser:
    """Erases what is older than it may be. Each erasure is final and safe to repeat.

    Texts are erased `texts_days` after the request, and never if that is `None`.
    """

    def __init__(
        self,
        store: Retention,
        catalog: Catalog,
        *,
        now: Callable[[], Instant],
        details_days: int,
        texts_days: int | None,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._now = now
        self._details_days = details_days
        self._texts_days = texts_days
        self._log = structlog.get_logger("retention")

    async def erase_due(self) -> None:
        """Erase what is due, in at most `MOST_BATCHES` writes; the rest is left to later calls.

        Idempotent. Raises `StoreError`; what was written before stays.
        """
        left = MOST_BATCHES
        erased: dict[str, int] = {}
        for name, batch in self._batches().items():
            while left > 0:
                rows = await batch(BATCH_ROWS)
                if rows:
                    left -= 1
                    erased[name] = erased.get(name, 0) + rows
                if rows < BATCH_ROWS:
                    break
        if erased:
            self._log.info("erased", **erased)

    def _batches(self) -> Mapping[str, Batch]:
        """Return the erasures, those of secrets first."""
        now, store = self._now(), self._store
        batches: dict[str, Batch] = {
            "response_urls": partial(store.erase_response_urls, now - RESPONSE_URL_SECONDS),
            "request_bodies": store.erase_request_bodies,
        }
        if self._texts_days is not None:
            batches["texts"] = partial(
                store.erase_texts,
                now - self._texts_days * DAY_SECONDS,
                now=now,
                without_texts=self._catalog.without_texts,
            )
        batches["details"] = partial(store.erase_details, now - self._details_days * DAY_SECONDS)
        return MappingProxyType(batches)
