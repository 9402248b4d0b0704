"""The Home tab: opening it makes its row due, and a step of the worker publishes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs.access import ONLY_MEMBERS, is_admitted
from bot.jobs.budget_view import load_all_budgets, load_budget
from bot.jobs.cost_report import Reader, load_sum
from bot.jobs.prices import load_render_prices
from bot.jobs.services import Services
from bot.jobs.view import brief_view
from bot.listeners.payloads import AppOpenedEvent, ButtonPayload
from bot.listeners.slack_object import UnreadableRequestError
from bot.listeners.welcome import Welcomes, greet
from bot.messages.cost_report import period_name
from bot.messages.home import (
    LOAD_MORE,
    LOAD_MORE_KEPT,
    SHOW_ALL,
    SHOW_KEPT,
    Card,
    HomeContent,
    closed_view,
    home_view,
)
from bot.money.cost_query import Whose
from bot.worker.context import Claim
from bot.worker.engine import Pool, Step
from bot.worker.result import Done, Result
from storage.budget import Window
from storage.home import PUBLISH, HomeView
from storage.job import OVER, UNDER_WAY, Job, Stage
from storage.store import JobFilter

# Enough for a user's jobs of today; Slack allows at most 100 blocks in a view.
RUNNING_SHOWN = 10
# A view holds no more cards than this many pages have.
MOST_PAGES = 4
RECENT_ON_PAGE = 6


def register(app: AsyncApp, services: Services) -> None:
    """Listen to `app_home_opened`."""
    welcomes = Welcomes(services)

    async def home_opened(event: dict[str, object]) -> None:
        try:
            opened = AppOpenedEvent.model_validate(event)
        except ValidationError:
            # Of the About tab.
            return
        if opened.tab == "home":
            await services.store.homes.open(services.team, opened.user, services.now())
            services.wake()
        await greet(opened, services, welcomes)

    async def more_wanted(ack: AsyncAck, body: dict[str, object]) -> None:
        payload = ButtonPayload.read(body)
        if not payload.action.value.isdecimal():
            raise UnreadableRequestError("actions.0.value")
        pages = min(int(payload.action.value), MOST_PAGES)
        # The button of a tab that is filtered has an ID of its own.
        kept_only = payload.action.action_id == LOAD_MORE_KEPT
        await services.store.homes.open(
            services.team, payload.user.id, services.now(), pages=pages, kept_only=kept_only
        )
        services.wake()
        await ack()

    async def filter_chosen(ack: AsyncAck, body: dict[str, object]) -> None:
        payload = ButtonPayload.read(body)
        await services.store.homes.open(
            services.team,
            payload.user.id,
            services.now(),
            kept_only=payload.action.action_id == SHOW_KEPT,
        )
        services.wake()
        await ack()

    app.event("app_home_opened")(home_opened)
    app.action(re.compile(f"^({LOAD_MORE}|{LOAD_MORE_KEPT})$"))(more_wanted)
    app.action(re.compile(f"^({SHOW_KEPT}|{SHOW_ALL})$"))(filter_chosen)


async def draw(claim: Claim[HomeView]) -> Result[HomeView]:
    """Publish a user's Home tab. Safe to repeat: it replaces the whole view."""
    services, user = claim.services, claim.row.user
    published_at = services.now()
    if await is_admitted(user, claim.row.team, services):
        view = home_view(await _gather(claim.row, services))
    else:
        view = closed_view(ONLY_MEMBERS)
    await services.views.publish_home(user, view)
    return Done(row=replace(claim.row, published_at=published_at))


async def _gather(row: HomeView, services: Services) -> HomeContent:
    team, user, most = row.team, row.user, row.pages * RECENT_ON_PAGE
    recent = await _cards(team, user, OVER, most + 1, services, kept=row.kept_only)
    is_any_kept = row.kept_only or await _is_any_kept(team, user, services)
    budget = await load_budget(team, user, "", services)
    reader = Reader(team=team, user=user, channel="")
    return HomeContent(
        running=await _cards(team, user, UNDER_WAY, RUNNING_SHOWN, services),
        recent=recent[:most],
        pages=row.pages,
        has_more=len(recent) > most,
        kept_only=row.kept_only,
        has_filter=is_any_kept,
        month=period_name(Window.MONTH, budget.month),
        zone=budget.calendar.zone,
        mine=await load_sum(Whose.ME, budget.month, reader, services),
        team=await load_sum(Whose.TEAM, budget.month, reader, services),
        unit=services.unit,
        budget=budget,
        all_budgets=await load_all_budgets(team, services) if budget.may_edit else (),
    )


async def _is_any_kept(team: str, user: str, services: Services) -> bool:
    wanted = JobFilter(team=team, user=user, stages=OVER, kept=True, limit=1)
    return bool(await services.store.jobs.jobs(wanted))


async def _cards(
    team: str,
    user: str,
    stages: frozenset[Stage],
    most: int,
    services: Services,
    *,
    kept: bool = False,
) -> list[Card]:
    wanted = JobFilter(team=team, user=user, stages=stages, kept=kept, limit=most)
    return [await _card(job, services) for job in await services.store.jobs.jobs(wanted)]


async def _card(job: Job, services: Services) -> Card:
    link = None
    if job.message_ts is not None:
        link = await services.directory.permalink(job.channel, job.message_ts)
    view = brief_view(job, services.catalog, services.unit)
    # Of the buttons that render, a card has *Again* alone.
    prices = await load_render_prices(job, (), services)
    return Card(view=replace(view, prices=prices), link=link)


HOME_STEPS: Mapping[str, Step[HomeView]] = MappingProxyType({PUBLISH: draw})
HOME_POOLS = (Pool(steps=(PUBLISH,), size=2),)
