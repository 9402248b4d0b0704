"""The chore that erases what is not kept any longer."""

from __future__ import annotations

import pytest

from bot.options.catalog import Catalog
from bot.worker.retention import BATCH_ROWS, MOST_BATCHES, Eraser
from storage.job import Instant
from storage.store import WithoutTexts
from tests.support.services import CATALOG

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86_400.0


class CountedRows:
    """The port `Retention`: rows that can be erased, by kind, and what was asked for."""

    def __init__(self, **rows: int) -> None:
        self.rows = rows
        self.asked: list[tuple[str, Instant | None]] = []
        self.writes = 0

    async def erase_response_urls(self, before: Instant, limit: int) -> int:
        """See `Retention`."""
        return self._erase("response_urls", before, limit)

    async def erase_request_bodies(self, limit: int) -> int:
        """See `Retention`."""
        return self._erase("request_bodies", None, limit)

    async def erase_details(self, before: Instant, limit: int) -> int:
        """See `Retention`."""
        return self._erase("details", before, limit)

    async def erase_texts(
        self, before: Instant, limit: int, *, now: Instant, without_texts: WithoutTexts
    ) -> int:
        """See `Retention`."""
        assert now == NOW
        assert without_texts("kling-v3", {"prompt": "a lake", "duration": 5}) == {"duration": 5}
        return self._erase("texts", before, limit)

    def _erase(self, kind: str, before: Instant | None, limit: int) -> int:
        assert limit == BATCH_ROWS
        self.asked.append((kind, before))
        erased = min(limit, self.rows.get(kind, 0))
        self.rows[kind] = self.rows.get(kind, 0) - erased
        self.writes += erased > 0
        return erased


def an_eraser(
    store: CountedRows, *, texts_days: int | None = None, catalog: Catalog = CATALOG
) -> Eraser:
    """Return the chore with the default for details."""
    return Eraser(store, catalog, now=lambda: NOW, details_days=400, texts_days=texts_days)


async def test_each_kind_is_erased_by_its_own_age() -> None:
    """Prompts only where the operator has set it."""
    store = CountedRows()
    await an_eraser(store).erase_due()
    usual = [
        ("response_urls", NOW - HOUR),
        ("request_bodies", None),
        ("details", NOW - 400 * DAY),
    ]
    assert store.asked == usual
    store.asked.clear()
    await an_eraser(store, texts_days=30).erase_due()
    assert store.asked == [*usual[:2], ("texts", NOW - 30 * DAY), usual[2]]


async def test_a_long_history_is_left_to_later_calls() -> None:
    """One call writes for a bounded time, and the last leaves nothing."""
    store = CountedRows(response_urls=10, details=3 * MOST_BATCHES * BATCH_ROWS)
    eraser = an_eraser(store)
    await eraser.erase_due()
    assert store.writes == MOST_BATCHES
    assert store.rows["response_urls"] == 0
    for _ in range(3):
        await eraser.erase_due()
    assert store.rows["details"] == 0


@pytest.mark.parametrize("rows", [1, BATCH_ROWS, BATCH_ROWS + 1])
async def test_all_of_a_kind_are_erased_at_once_if_they_are_few(rows: int) -> None:
    """No row is left for a minute without need."""
    store = CountedRows(texts=rows)
    await an_eraser(store, texts_days=1).erase_due()
    assert store.rows["texts"] == 0
