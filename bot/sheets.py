"""Gathers what messages say of a job beyond its row."""

from __future__ import annotations

from dataclasses import replace

from bot import pacing
from bot.messages.buttons import upgrades_for
from bot.messages.job import Sheet
from bot.options.ask import non_default_options
from bot.options.catalog import Catalog
from storage.job import Job, Stage
from storage.store import Store

# Enough renders for a 95th percentile; more would only slow the look-up down.
HISTORY = 50
WAITING = frozenset({Stage.ACCEPTED, Stage.ANNOUNCED, Stage.RENDERING})


def names(job: Job, catalog: Catalog, unit: str | None) -> Sheet:
    """Return the sheet of a job without figures, for a line in a list."""
    model = catalog.find(job.model)
    return Sheet(
        model_title=model.title if model else job.model,
        options=non_default_options(model, job.input) if model else (),
        upgrades=upgrades_for(model, job) if model else (),
        unit=unit,
    )


async def sheet(job: Job, store: Store, catalog: Catalog, unit: str | None) -> Sheet:
    """Return the sheet of a job, with how long renders of its kind take and how many wait."""
    history = await store.render_seconds(job.kind, HISTORY)
    return replace(
        names(job, catalog, unit),
        expected=pacing.expected(history),
        ahead=await store.ahead_of(job) if job.stage in WAITING and not job.started_at else 0,
    )
