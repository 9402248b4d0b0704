"""What messages say of a job beyond its row: names from the catalog, figures from the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.base.errors import BotError
from bot.jobs.pacing import Expected, expected
from bot.jobs.services import Services
from bot.options.catalog import Catalog
from bot.options.model_file import Upgrade
from bot.options.request import non_default_options
from storage.job import RENDER_PENDING, Job

# Enough renders for a 95th percentile; more would only slow the look-up down.
HISTORY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as people are shown it."""

    job: Job
    model_title: str
    options: Sequence[tuple[str, str]] = ()
    """Title and value of each option that differs from its default."""
    expected: Expected | None = None
    """How long renders of its kind take."""
    ahead: int = 0
    """How many jobs were made before this one and still wait, while it waits itself.

    Counted up to `MOST_AHEAD`.
    """
    upgrades: Sequence[Upgrade] = ()
    """What is on offer that the job does not have."""
    parent_link: str | None = None
    """The link to the message of the job that this one re-renders, if that is still there."""
    unit: str | None = None
    """How the operator names amounts; `None`: as MindVideo bills them."""


def brief_view(job: Job, catalog: Catalog, unit: str | None) -> JobView:
    """Return the view of a job without figures, for a line in a list."""
    model = catalog.find(job.model)
    return JobView(
        job=job,
        model_title=model.title if model else job.model,
        options=non_default_options(model, job.input) if model else (),
        upgrades=model.upgrades_beyond(job.input) if model else (),
        unit=unit,
    )


async def load_history(job: Job, services: Services) -> list[float]:
    """Return how many seconds the last renders of the job's kind took."""
    return await services.store.jobs.render_seconds(job.kind, HISTORY)


async def load_view(
    job: Job, services: Services, history: Sequence[float] | None = None
) -> JobView:
    """Return the view of a job, with how long renders of its kind take and how many wait.

    `history`, from `load_history`, is read if it is not given. Only the store is asked, so that
    nobody waits for Slack. Raises `StoreError`.
    """
    if history is None:
        history = await load_history(job, services)
    waits = job.stage in RENDER_PENDING and not job.started_at
    return replace(
        brief_view(job, services.catalog, services.unit),
        expected=expected(history),
        ahead=await services.store.jobs.ahead_of(job) if waits else 0,
    )


async def load_message_view(
    job: Job, services: Services, history: Sequence[float] | None = None
) -> JobView:
    """Return what `load_view` does with the link to the parent, which Slack is asked for."""
    view = await load_view(job, services, history)
    return replace(view, parent_link=await _parent_link(job, services))


async def _parent_link(job: Job, services: Services) -> str | None:
    parent = None if job.parent_id is None else await services.store.jobs.get(job.parent_id)
    if parent is None or parent.message_ts is None:
        return None
    # What is worth a look is not worth a wait: without the link there is still the ID.
    with suppress(BotError):
        return await services.directory.permalink(parent.channel, parent.message_ts)
    return None
