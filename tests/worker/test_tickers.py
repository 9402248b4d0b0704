"""Several tickers driven as one."""

from __future__ import annotations

from bot.worker.scheduler import Tickers


class Noted:
    """A ticker that notes what is asked of it."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    async def tick(self) -> None:
        """Note it."""
        self._notes.append(f"{self._name} ticks")

    async def stop(self, seconds: float) -> None:
        """Note it."""
        self._notes.append(f"{self._name} stops in {seconds}")


async def test_tickers_go_in_order_and_stop_together() -> None:
    notes: list[str] = []
    tickers = Tickers(Noted("jobs", notes), Noted("outbox", notes))
    await tickers.tick()
    await tickers.stop(2)
    assert notes == ["jobs ticks", "outbox ticks", "jobs stops in 2", "outbox stops in 2"]
