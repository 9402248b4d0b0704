"""Several rounds driven as one."""

from __future__ import annotations

from bot.worker.scheduler import Rounds


class Noted:
    """A round that notes what is asked of it."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    async def tick(self) -> None:
        """Note it."""
        self._notes.append(f"{self._name} ticks")

    async def stop(self, seconds: float) -> None:
        """Note it."""
        self._notes.append(f"{self._name} stops in {seconds}")


async def test_rounds_go_in_order_and_stop_together() -> None:
    notes: list[str] = []
    rounds = Rounds(Noted("engine", notes), Noted("board", notes))
    await rounds.tick()
    await rounds.stop(2)
    assert notes == ["engine ticks", "board ticks", "engine stops in 2", "board stops in 2"]
