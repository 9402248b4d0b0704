"""Loads what `/video find` shows: a page of the jobs that its reader may see."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.jobs.accept import Interaction
from bot.jobs.access import load_viewer
from bot.jobs.found import FindSpec, FoundCard, FoundPage
from bot.jobs.gone_files import is_gone
from bot.jobs.links import load_links
from bot.jobs.prices import load_render_prices
from bot.jobs.services import Services
from bot.jobs.view import brief_view, load_set_size
from storage.find import FoundJob, Page, Viewer, Wanted, words_of
from storage.job import Instant, Job

ON_PAGE = 5
"""A card fills a third of a phone's screen."""

DAY_SECONDS = 86_400.0

HIDDEN_AFTER_DAYS = 90
"""Slack's free plan hides files after so many days, and deletes them after a year.

https://slack.com/help/articles/115002422943
"""


async def load_page(spec: FindSpec, interaction: Interaction, services: Services) -> FoundPage:
    """Return a page. Raises `StoreError`."""
    seen = await load_viewer(interaction, services)
    found, spec = await _found(spec, seen.viewer, services)
    newest_first = found[:ON_PAGE] if spec.after is None else found[-ON_PAGE:]
    has_more = len(found) > ON_PAGE
    cards = await asyncio.gather(*(_card(one, services) for one in newest_first))
    return FoundPage(
        spec=spec,
        reader=interaction.user,
        cards=cards,
        has_newer=has_more if spec.after is not None else spec.before is not None,
        has_older=has_more if spec.after is None else True,
        is_certain=seen.is_certain,
        is_complete=await services.store.finder.is_complete(),
    )


async def _found(
    spec: FindSpec, viewer: Viewer, services: Services
) -> tuple[list[FoundJob], FindSpec]:
    """Return the jobs of a page and one more if there is one, and the page that it is."""
    page = Page(limit=ON_PAGE + 1, before=spec.before, after=spec.after)
    found = await services.store.finder.find(viewer, _wanted(spec, services.now()), page)
    if spec.after is not None and len(found) < ON_PAGE:
        # What is newer fills no page: the newest page is a full one.
        return await _found(spec.newest(), viewer, services)
    return found, spec


def _wanted(spec: FindSpec, now: Instant) -> Wanted:
    return Wanted(
        words=words_of(" ".join(spec.words)),
        by=spec.by,
        channel=spec.channel,
        since=None if spec.days is None else now - spec.days * DAY_SECONDS,
        style=spec.style,
        kept=spec.kept,
    )


async def _card(found: FoundJob, services: Services) -> FoundCard:
    job = found.job
    view = brief_view(job, services.catalog, services.unit)
    # Of the buttons that render, a card has *Again* alone.
    prices = await load_render_prices(job, (), services)
    links, is_lost = await asyncio.gather(
        load_links([job], services), _is_result_gone(job, services)
    )
    return FoundCard(
        view=replace(view, prices=prices, set_size=await load_set_size(job, services)),
        position=found.position,
        link=None if is_lost else links.get(job.id),
        is_gone=is_lost,
    )


async def _is_result_gone(job: Job, services: Services) -> bool:
    """Return whether a result is so old that Slack may have hidden it, and Slack says so."""
    age = services.now() - (job.delivered_at or job.created_at)
    uploads = job.delivery.uploads
    if not job.has_result or not uploads or age < HIDDEN_AFTER_DAYS * DAY_SECONDS:
        return False
    return await is_gone(uploads[0].file_id, services)
