"""The subcommands that only show something: `list`, `cost` and `models`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from bot.jobs.view import brief_view
from bot.listeners.context import Handler
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import replies
from bot.messages.help import model_list
from bot.messages.listing import ListedJob, job_list
from bot.money.costs import Month, last_month, this_month
from bot.options.catalog import Catalog
from storage.costs import Spend
from storage.job import OVER, UNDER_WAY, Job
from storage.store import JobFilter, SpendFilter

LISTED = 10
"""The most jobs that `list` shows: those under way first, then the last ones that ended."""
# The command must be acknowledged within 3 s. A job without its link in time is shown without.
LINKS_SECONDS = 1.0

WHOSE: Mapping[str, str] = MappingProxyType(
    {"me": "you", "channel": "this channel", "team": "the whole team"}
)
"""The scopes of `cost`: how each is typed → its name in the answer."""


async def _list(interaction: Interaction, services: Services) -> Message:
    mine = JobFilter(team=interaction.team, user=interaction.user, limit=LISTED + 1)
    running = await services.store.jobs.jobs(replace(mine, stages=UNDER_WAY))
    recent = await services.store.jobs.jobs(replace(mine, stages=OVER))
    found = [*running, *recent]
    links = await _links(found[:LISTED], services)
    listed = [
        ListedJob(view=brief_view(job, services.catalog, services.unit), link=links.get(job.id))
        for job in found[:LISTED]
    ]
    return job_list(listed, has_more=len(found) > LISTED)


async def _links(jobs: Sequence[Job], services: Services) -> Mapping[str, str | None]:
    """Return the links to the jobs' messages, by job ID; best effort, within `LINKS_SECONDS`."""
    asked = {
        job.id: asyncio.create_task(services.directory.permalink(job.channel, job.message_ts))
        for job in jobs
        if job.message_ts is not None
    }
    if not asked:
        return {}
    done, late = await asyncio.wait(asked.values(), timeout=LINKS_SECONDS)
    for task in late:
        task.cancel()
    return {
        job_id: task.result()
        for job_id, task in asked.items()
        if task in done and task.exception() is None
    }


def _bind_cost(scope: str, _: Catalog) -> Handler | None:
    scopes = [scope.lower()] if scope else [*WHOSE]
    return partial(_cost, scopes) if WHOSE.keys() >= {*scopes} else None


async def _cost(scopes: Sequence[str], interaction: Interaction, services: Services) -> Message:
    now = services.now()
    months = [
        (
            month.name,
            [(WHOSE[scope], await _spend(scope, month, interaction, services)) for scope in scopes],
        )
        for month in (this_month(now), last_month(now))
    ]
    return replies.spends(months, services.unit)


async def _spend(scope: str, month: Month, interaction: Interaction, services: Services) -> Spend:
    whole_team = SpendFilter(team=interaction.team, since=month.since, until=month.until)
    match scope:
        case "me":
            return await services.store.jobs.spend(replace(whole_team, user=interaction.user))
        case "channel":
            return await services.store.jobs.spend(replace(whole_team, channel=interaction.channel))
        case _:
            return await services.store.jobs.spend(whole_team)


async def _models(_: Interaction, services: Services) -> Message:
    return replies.words(model_list(services.catalog))


REPORTS: Mapping[str, Subcommand] = MappingProxyType(
    {
        "list": Subcommand(
            usage="list",
            about="shows your jobs: those under way, and the last ones",
            bind=lambda _, __: _list,
        ),
        "cost": Subcommand(
            usage="cost [me|channel|team]",
            about="tells what you, this channel and the team spent this month and last",
            bind=_bind_cost,
            most=1,
            is_of_the_team=True,
        ),
        "models": Subcommand(
            usage="models", about="lists the models on offer", bind=lambda _, __: _models
        ),
    }
)
