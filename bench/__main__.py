"""Take all measurements, print them, and write them to a file: `python -m bench`."""

from __future__ import annotations

import asyncio

from bench import acknowledge, backlog, memory, polling
from bench.measurement import load_average, table, write_results


async def main() -> None:
    """Take one measurement after the other, so that none disturbs another."""
    load = load_average()
    measurements = [
        *await acknowledge.measure(),
        *await backlog.measure(),
        *await polling.measure(),
        *await memory.measure(),
    ]
    write_results(measurements, load)
    print(table(measurements, "simple"))  # noqa: T201 - this is what it is for


if __name__ == "__main__":
    asyncio.run(main())
