"""The subcommands that only show something: `list`, `cost` and `models`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from bot.jobs.view import JobView, brief_view
from bot.listeners.context import Handler
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import replies
from bot.messages.help import model_list
from bot.money.costs import Month, last_month, this_month
from bot.options.catalog import Catalog
from storage.costs import Spend
from storage.job import OVER, UNDER_WAY, Job
from storage.store import JobFilter, SpendFilter

LISTED = 10
"""The most jobs that `list` shows of those running, and of the last ones."""

WHOSE: Mapping[str, str] = MappingProxyType(
    {"me": "you", "channel": "this channel", "team": "the whole team"}
)
"""The scopes of `cost`: how each is typed → its name in the answer."""


async def _list(interaction: Interaction, services: Services) -> Message:
    mine = JobFilter(team=interaction.team, user=interaction.user, limit=LISTED)
    running = await services.store.jobs.jobs(replace(mine, stages=UNDER_WAY))
    recent = await services.store.jobs.jobs(replace(mine, stages=OVER))
    return replies.jobs(_views(running, services), _views(recent, services), services.now())


def _views(jobs: Sequence[Job], services: Services) -> Sequence[JobView]:
    return [brief_view(job, services.catalog, services.unit) for job in jobs]


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
            about="shows your jobs: those running, and the last ones",
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
