"""The view of a job for messages: its row, names from the catalog, and figures from the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.base.errors import BotError
from bot.jobs.pacing import Expected, expected
from bot.jobs.services import Services
from bot.jobs.submit_delay import submit_delay
from bot.options.catalog import Catalog
from bot.options.model_file import Upgrade
from bot.options.request import non_default_options
from storage.job import RENDER_PENDING, Job, Stage

# Enough renders for a 95th percentile; more would only slow the query down.
HISTORY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job with everything that messages show of it."""

    job: Job
    model_title: str
    options: Sequence[tuple[str, str]] = ()
    """Title and value of each option that differs from its default."""
    expected: Expected | None = None
    """How long renders of its kind take."""
    starts_in: float = 0.0
    """Seconds from its message to its submit, while it has no message."""
    ahead: int = 0
    """How many jobs were made before this one and still wait, while it waits itself.

    Counted up to `MOST_AHEAD`.
    """
    upgrades: Sequence[Upgrade] = ()
    """The model's upgrades that the job does not have."""
    parent_link: str | None = None
    """The link to the message of the job that this one re-renders, if the message exists."""
    unit: str | None = None
    """The unit of amounts, as the operator names it; `None`: the unit in which MindVideo bills."""


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

    `history`, from `load_history`, is loaded if it is not given. Reads only the store, so that no
    user waits for Slack. Raises `StoreError`.
    """
    if history is None:
        history = await load_history(job, services)
    waits = job.stage in RENDER_PENDING and not job.started_at
    return replace(
        brief_view(job, services.catalog, services.unit),
        expected=expected(history),
        starts_in=await submit_delay(job, services) if job.stage is Stage.ACCEPTED else 0.0,
        ahead=await services.store.jobs.ahead_of(job) if waits else 0,
    )


async def load_message_view(
    job: Job, services: Services, history: Sequence[float] | None = None
) -> JobView:
    """Return the view of `load_view` with the link to the parent, which is read from Slack.

    Best effort: without an answer of Slack the link is `None`. Raises `StoreError`.
    """
    view = await load_view(job, services, history)
    return replace(view, parent_link=await _parent_link(job, services))


async def _parent_link(job: Job, services: Services) -> str | None:
    parent = None if job.parent_id is None else await services.store.jobs.get(job.parent_id)
    if parent is None or parent.message_ts is None:
        return None
    # Without the link the message still shows the parent's ID.
    with suppress(BotError):
        return await services.directory.permalink(parent.channel, parent.message_ts)
    return None
