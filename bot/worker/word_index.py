"""Indexes the words of jobs that an earlier version has inserted, in small batches.

The scheduler calls it once a minute; usually there is nothing to do.
"""

from __future__ import annotations

import structlog

from storage.find import Finder

BATCH_ROWS = 200
"""The most jobs of one write: an acknowledgement waits for one such write at most."""

MOST_BATCHES = 50
"""The most writes of one call, during which no tick begins."""


async def index_earlier(finder: Finder) -> None:
    """Index what is missing, in at most `MOST_BATCHES` writes; the rest is left to later calls.

    Idempotent. Raises `StoreError`; what was written before stays.
    """
    indexed = 0
    for _ in range(MOST_BATCHES):
        jobs = await finder.index_earlier(BATCH_ROWS)
        indexed += jobs
        if jobs < BATCH_ROWS:
            break
    if indexed:
        structlog.get_logger("word_index").info("words_indexed", jobs=indexed)
