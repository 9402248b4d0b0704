"""The subcommands that only show something: `list`, `cost` and `models`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.cost_report import Reader, ReportSpec, as_seen, load_costs, load_sum, tells_places
from bot.jobs.links import load_links
from bot.jobs.services import Services
from bot.jobs.view import brief_view, load_set_size
from bot.listeners.context import Handler
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import replies
from bot.messages.cost_report import WHOSE, CostReport, report_message
from bot.messages.help import model_list
from bot.messages.listing import ListedJob, job_list
from bot.money.cost_query import QUERY_WORDS, CostQuery, Whose, periods_of, read_cost_query
from bot.money.cost_report import CostLine, lines_by, sum_of
from bot.options.catalog import Catalog
from bot.options.characters import hyphenated
from storage.budget import Period, day_at
from storage.costs import CostGroup
from storage.job import OVER, UNDER_WAY, ReviewKind
from storage.store import JobFilter

LISTED = 10
"""The most jobs that `list` shows: those under way first, then the last ones that ended."""
# The command must be acknowledged within 3 s. A job without its link in time is shown without.


APPROVED = "approved"


def _bind_list(text: str, _: Catalog) -> Handler | None:
    word = hyphenated(text.strip().casefold())
    if word.lstrip("-") not in {"", APPROVED}:
        return None
    return partial(_list, ReviewKind.APPROVED if word else None)


async def _list(review: ReviewKind | None, interaction: Interaction, services: Services) -> Message:
    mine = JobFilter(team=interaction.team, user=interaction.user, limit=LISTED + 1, review=review)
    # What is under way has no result that was reviewed.
    under_way = replace(mine, stages=UNDER_WAY)
    running = await services.store.jobs.jobs(under_way) if review is None else []
    recent = await services.store.jobs.jobs(replace(mine, stages=OVER))
    found = [*running, *recent]
    links = await load_links(found[:LISTED], services)
    listed = []
    for job in found[:LISTED]:
        view = brief_view(job, services.catalog, services.unit)
        view = replace(view, set_size=await load_set_size(job, services))
        listed.append(ListedJob(view=view, link=links.get(job.id)))
    has_more = len(found) > LISTED
    return job_list(listed, has_more=has_more, approved_only=review is not None)


def _bind_cost(text: str, _: Catalog) -> Handler | None:
    query = read_cost_query(text)
    return None if query is None else partial(_cost, query)


async def _cost(query: CostQuery, interaction: Interaction, services: Services) -> Message:
    now, team = services.now(), interaction.team
    calendar = (await services.store.budgets.rules(team, now)).policy.calendar
    period, before = periods_of(query, day_at(now, calendar), calendar)
    whose = query.whose or Whose.TEAM
    reader = Reader(team=team, user=interaction.user, channel=interaction.channel)
    lines: Sequence[CostLine]
    if query.by is None:
        scopes = [query.whose] if query.whose else [*Whose]
        lines = [await _scope_line(one, (period, before), reader, services) for one in scopes]
        whole = await _scope_line(whose, (period, before), reader, services)
    else:
        groups = await load_costs(whose, period, reader, services)
        earlier = await load_costs(whose, before, reader, services)
        whole = CostLine(name=WHOSE[whose], now=sum_of(groups), before=sum_of(earlier))
        if tells_places([query.by]):
            groups, earlier = await _both_seen(groups, earlier, reader, services)
        lines = lines_by(query.by, groups, earlier)
    spec = ReportSpec(
        whose=whose,
        channel=interaction.channel,
        window=query.window,
        first=period.first,
        until=period.until,
    )
    report = CostReport(
        whose=WHOSE[whose],
        window=query.window,
        period=period,
        is_last=query.is_last,
        now=whole.now,
        before=whole.before,
        by=query.by,
        lines=lines,
        titles={model.slug: model.title for model in services.catalog.models},
        unit=services.unit,
        zone=calendar.zone,
        spec=spec.model_dump_json(),
    )
    return report_message(report)


async def _scope_line(
    whose: Whose, periods: tuple[Period, Period], reader: Reader, services: Services
) -> CostLine:
    now, before = [await load_sum(whose, period, reader, services) for period in periods]
    return CostLine(name=WHOSE[whose], now=now, before=before)


async def _both_seen(
    now: Sequence[CostGroup], before: Sequence[CostGroup], reader: Reader, services: Services
) -> tuple[list[CostGroup], list[CostGroup]]:
    """Return the costs of two periods as the reader may see them, by one look at each channel."""
    seen = await as_seen([*now, *before], reader, services, in_a_hurry=True)
    return list(seen[: len(now)]), list(seen[len(now) :])


async def _models(_: Interaction, services: Services) -> Message:
    return replies.words(model_list(services.catalog))


REPORTS: Mapping[str, Subcommand] = MappingProxyType(
    {
        "list": Subcommand(
            usage="list [--approved]",
            about="shows your jobs: those under way, and the last ones, or those that are approved",
            bind=_bind_list,
            most=1,
            words=frozenset({APPROVED, f"--{APPROVED}"}),
        ),
        "cost": Subcommand(
            usage="cost [me|channel|team] [by person|channel|project|model|day] [last week]",
            about="tells what you, this channel and the team spent this month and last, or "
            "`today`, `this week`, `last month`: what is confirmed, held and unconfirmed, with a "
            "chart and a CSV",
            bind=_bind_cost,
            most=None,
            words=QUERY_WORDS,
            is_of_the_team=True,
        ),
        "models": Subcommand(
            usage="models", about="lists the models on offer", bind=lambda _, __: _models
        ),
    }
)
