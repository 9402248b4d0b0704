"""Measures finding beside hundreds of thousands of jobs.

`python -m bench.finding [sqlite|postgres] [MILLIONS…]`, as `bench.growth`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence

from tabulate import tabulate

from bench.filling import PEOPLE
from bench.growth import FEWEST, MILLION, NOW, STORES, TITLES, Call, GrowthData
from storage.find import Page, Viewer, Wanted
from storage.store import Store

DAY = 86_400.0


def _find(viewer: str, channel: str, wanted: Wanted) -> Call:
    """Return the call that finds a page of videos, as somebody who is in one channel sees it."""

    async def find(store: Store, number: int) -> object:
        user = viewer.format(number % PEOPLE)
        seen = Viewer(team="T1", user=user, channels=frozenset({channel}))
        return await store.finder.find(seen, wanted, Page(limit=6))

    return find


CALLS: Mapping[str, Call] = {
    "a word that all have": _find("U{}", "C1", Wanted(words=("car",))),
    "a word of one in a thousand": _find("U{}", "C1", Wanted(words=("car", "w77"))),
    "a word that none has": _find("U{}", "C1", Wanted(words=("beach",))),
    "a word that all have, of whom one may see one in 300": _find(
        "U{}", "C9", Wanted(words=("car",))
    ),
    "a word that all have, and one may see none": _find("X{}", "C9", Wanted(words=("car",))),
    "the newest": _find("U{}", "C1", Wanted()),
    "the newest of a person": _find("U{}", "C1", Wanted(by="U7")),
    "the newest, and one may see none": _find("X{}", "C9", Wanted()),
    "a word, of the last week": _find("U{}", "C1", Wanted(words=("car",), since=NOW - 7 * DAY)),
    "kept ones, of which there are none": _find("U{}", "C1", Wanted(kept=True)),
}


def finding_table(title: str, found: GrowthData) -> str:
    """Return the table of one kind of store."""
    rows = [
        (name, *(f"{one * 1e3:.2f} ms" for one in medians))
        for name, medians in found.seconds.items()
    ]
    headers = (title, *(f"{count:,}" for count in found.jobs))
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)


async def main(words: Sequence[str]) -> None:
    """Measure the stores that are named, or both."""
    names = [name for name in STORES if name in words] or list(STORES)
    millions = [float(word) for word in words if word not in STORES] or [0, 0.3]
    counts = [max(round(one * MILLION), FEWEST) for one in millions]
    for name in names:
        found = await STORES[name](counts, CALLS)
        print(finding_table(TITLES[name], found), flush=True)  # noqa: T201 - its purpose


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
