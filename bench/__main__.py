"""Take all figures, show them, and write them down: `python -m bench`."""

from __future__ import annotations

import asyncio

from bench import acknowledge, outage, polling, relay
from bench.measurement import keep, others_load, table


async def main() -> None:
    """Take one figure after the other, so that none disturbs another."""
    load = others_load()
    measurements = [
        *await acknowledge.measure(),
        *await outage.measure(),
        *await polling.measure(),
        *await relay.measure(),
    ]
    keep(measurements, load)
    print(table(measurements, "simple"))  # noqa: T201 - this is what it is for


if __name__ == "__main__":
    asyncio.run(main())
