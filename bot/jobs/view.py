"""The view of a job for messages: its row, names from the catalog, and figures from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.base.errors import BotError
from bot.jobs.deliveries import have_followed
from bot.jobs.pacing import Expected, expected
from bot.jobs.prices import NO_PRICES, RenderPrices, load_render_prices
from bot.jobs.services import Services
from bot.jobs.submit_delay import submit_delay
from bot.options.catalog import Catalog, Model
from bot.options.continuation import Link
from bot.options.failures import files_at_fault
from bot.options.mentions import asked_input, asked_prompt
from bot.options.model_file import Upgrade
from bot.options.request import non_default_options
from bot.options.scene import added_words
from bot.options.shots import Shot, has_prompt_of_shots, shots_in, with_values_of_shots
from storage.job import Failure, Job, Json, Stage
from storage.review import Note

# Enough renders for a 95th percentile; more would only slow the query down.
HISTORY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One of several jobs at the same place of a chain."""

    number: int
    """From 1 on, in the order in which they were asked for."""
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipView:
    """A clip of a chain, and the takes of its place."""

    link: Link
    takes: Sequence[Take] = ()
    """The last ones in their order, the clip itself among them; empty: there is no other."""
    more: int = 0
    """How many other takes are not among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainView:
    """The clips up to a job, the first one first."""

    clips: Sequence[ClipView]
    links: Mapping[str, str | None]
    """The permalinks of the messages of clips and takes, by job ID, as far as they are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job with everything that messages show of it."""

    job: Job
    model_title: str
    options: Sequence[tuple[str, str]] = ()
    """Title and value of the style, and of each option that differs from its default."""
    expected: Expected | None = None
    """How long renders of its kind take."""
    starts_in: float = 0.0
    """Seconds from its message to its submit, while it has no message."""
    ahead: int = 0
    """How many jobs wait at MindVideo since before this one, while it waits there itself.

    Counted up to `MOST_AHEAD`.
    """
    chain: ChainView | None = None
    """The clips up to this one, where that is shown; `None`: it continues none, and is the only
    take."""
    notes: Sequence[Note] = ()
    """What was said of its result, where that is shown."""
    upgrades: Sequence[Upgrade] = ()
    """The model's upgrades that the job does not have."""
    prices: RenderPrices = NO_PRICES
    """What another render, and each upgrade, would cost, where that is to be confirmed."""
    is_new_take: bool = False
    """Whether it renders another job again with a model that has no seed: no picture is the same.
    """
    shots: Sequence[Shot] = ()
    """The shots that were asked for; none where a line could not tell all of one."""
    is_prompt_of_shots: bool = False
    """Whether the prompt is the words of the shots, so that nobody wrote it."""
    added: str | None = None
    """The words that were added to the prompt of the job that this one re-renders, if any."""
    hides_parent: bool = False
    """Whether the job that this one re-renders is of another channel, which may be private."""
    parent_link: str | None = None
    """The link to the message of the job that this one re-renders, if the message exists."""
    unit: str | None = None
    """The unit of amounts, as the operator names it; `None`: the unit in which MindVideo bills."""
    ai_label: str | None = None
    """The words under a result that tell that it was made with AI, as the operator wants them."""
    set_size: int | None = None
    """How many parts the set has of which the job is one; `None`: of none, or not counted."""
    have_files_followed: bool = False
    """Whether the files came after the result's message, which has none."""
    files_at_fault: Sequence[str] = ()
    """The images that the job's failure can be about, by title."""
    advice: str = ""
    """What the model file advises about the job's failure."""


def brief_view(job: Job, catalog: Catalog, unit: str | None) -> JobView:
    """Return the view of a job without figures, for a line in a list."""
    model = catalog.find(job.model)
    asked = asked_input(job) if model else {}
    shots = shots_in(model, asked) if model else ()
    return JobView(
        job=job,
        model_title=model.title if model else job.model,
        options=(*_style(job), *_options(job, model, asked, has_lines=bool(shots))),
        shots=shots,
        is_prompt_of_shots=model is not None and has_prompt_of_shots(model, asked),
        upgrades=model.upgrades_beyond(job.input) if model else (),
        is_new_take=job.parent_id is not None and model is not None and not model.has_seed,
        unit=unit,
        files_at_fault=(
            files_at_fault(model, job.input, job.problem)
            if model and job.failure is Failure.IMAGE
            else ()
        ),
        advice=model.advice.get(job.failure, "") if model and job.failure else "",
    )


def labelled_view(job: Job, services: Services) -> JobView:
    """Return the view of a job without figures, for a message that brings what it has made."""
    view = brief_view(job, services.catalog, services.unit)
    return replace(view, ai_label=services.ai_label)


def _options(
    job: Job, model: Model | None, asked: Mapping[str, Json], *, has_lines: bool
) -> tuple[tuple[str, str], ...]:
    """Return the options that differ from their default, without what lines of shots tell."""
    if model is None:
        return ()
    told = with_values_of_shots(model, asked) if has_lines else {}
    others = {name: value for name, value in asked.items() if name not in told}
    return non_default_options(model, others, job.channel_defaults)


def _style(job: Job) -> tuple[tuple[str, str], ...]:
    return () if job.style is None else (("Style", job.style.name),)


async def load_result_view(job: Job, services: Services) -> JobView:
    """Return the view of a job for the message of its result. Raises `StoreError`."""
    view = labelled_view(job, services)
    can_follow = job.delivery.link_only or job.given_up_at is not None
    return replace(
        view,
        have_files_followed=can_follow and await have_followed(job, services),
        set_size=await load_set_size(job, services),
        prices=await load_render_prices(job, view.upgrades, services),
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
    waits = job.stage is Stage.RENDERING and job.started_at is None
    view = labelled_view(job, services)
    return replace(
        view,
        prices=await load_render_prices(job, view.upgrades, services),
        expected=expected(history),
        starts_in=await submit_delay(job, services) if job.stage is Stage.ACCEPTED else 0.0,
        hides_parent=await _is_parent_elsewhere(job, services),
        ahead=await services.store.jobs.ahead_of(job) if waits else 0,
        set_size=await load_set_size(job, services),
    )


async def load_set_size(job: Job, services: Services) -> int | None:
    """Return how many parts the set of a job has; `None`: it is of none, and nothing is read."""
    return None if job.set_id is None else len(await services.store.jobs.parts(job.set_id))


async def load_message_view(
    job: Job, services: Services, history: Sequence[float] | None = None
) -> JobView:
    """Return the view of `load_view` with the words added to the parent's prompt, and its link.

    The link is read from Slack, best effort: without an answer it is `None`. Raises `StoreError`.
    """
    view = await load_view(job, services, history)
    parent = await _parent(job, services)
    if parent is None:
        return view
    return replace(
        view,
        added=added_words(asked_prompt(parent), asked_prompt(job)),
        parent_link=None if view.hides_parent else await _link(parent, services),
    )


async def _is_parent_elsewhere(job: Job, services: Services) -> bool:
    parent = await _parent(job, services)
    return parent is not None and parent.channel != job.channel


async def _parent(job: Job, services: Services) -> Job | None:
    return None if job.parent_id is None else await services.store.jobs.get(job.parent_id)


async def _link(job: Job, services: Services) -> str | None:
    if job.message_ts is None:
        return None
    # Without the link a message still shows the job's ID.
    with suppress(BotError):
        return await services.directory.permalink(job.channel, job.message_ts)
    return None
