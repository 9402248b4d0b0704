"""Gathers what messages say of a job beyond its row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.jobs.pacing import Expected, expected
from bot.options.catalog import Catalog
from bot.options.model_file import Upgrade
from bot.options.request import non_default_options
from storage.job import Job, Stage
from storage.store import Store

# Enough renders for a 95th percentile; more would only slow the look-up down.
HISTORY = 50
WAITING = frozenset({Stage.ACCEPTED, Stage.ANNOUNCED, Stage.RENDERING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is said of a job beyond its row: names from the catalog, figures from the store."""

    model_title: str
    options: Sequence[tuple[str, str]] = ()
    """Title and value of each option that differs from its default."""
    expected: Expected | None = None
    ahead: int = 0
    """How many jobs were made before this one and still wait, while it waits itself.

    Counted up to `MOST_AHEAD`.
    """
    upgrades: Sequence[Upgrade] = ()
    """What is on offer that the job does not have."""
    parent_link: str | None = None
    """The message of the job that this one re-renders, if it stands."""
    unit: str | None = None
    """How the operator names amounts; `None`: as MindVideo bills them."""


def names(job: Job, catalog: Catalog, unit: str | None) -> Sheet:
    """Return the sheet of a job without figures, for a line in a list."""
    model = catalog.find(job.model)
    return Sheet(
        model_title=model.title if model else job.model,
        options=non_default_options(model, job.input) if model else (),
        upgrades=model.upgrades_beyond(job.input) if model else (),
        unit=unit,
    )


async def sheet(job: Job, store: Store, catalog: Catalog, unit: str | None) -> Sheet:
    """Return the sheet of a job, with how long renders of its kind take and how many wait."""
    history = await store.render_seconds(job.kind, HISTORY)
    return replace(
        names(job, catalog, unit),
        expected=expected(history),
        ahead=await store.ahead_of(job) if job.stage in WAITING and not job.started_at else 0,
    )
