"""The Home tab: drawn when somebody opens it, and again when something of theirs changes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from pydantic import BaseModel, ValidationError
from slack_bolt.async_app import AsyncApp

from bot.base.errors import BotError
from bot.base.ports import Directory
from bot.jobs.view import names
from bot.messages.home import Card, HomeSheet, home_view
from bot.money.costs import this_month
from bot.options.catalog import Catalog
from bot.slack.views import SlackViews
from storage.job import TERMINAL, Instant, Job, Stage
from storage.notification import RESENT, NoticeStore
from storage.store import JobFilter, SpendFilter, Store, StoreError

# Of somebody who has not opened Home for this long, nobody knows whether they still look.
LOOKING_SECONDS = 3600.0
MOST_LOOKING = 500
# Slack takes about a hundred views a minute of a workspace, so each person gets a few of them.
# https://docs.slack.dev/reference/methods/views.publish
REDRAW_SECONDS = 3.0
# What nobody foresaw rarely mends itself in less, and each try writes a traceback.
UNFORESEEN_SECONDS = 60.0
# Enough to find what one made today; Slack shows 100 blocks at most.
RUNNING_SHOWN = 10
RECENT_SHOWN = 6
# Nobody waits for a view of a service that is about to go.
STOP_SECONDS = 1.0
UNDER_WAY = frozenset(Stage) - TERMINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeTools:
    """What drawing a Home tab takes."""

    store: Store
    changes: NoticeStore
    views: SlackViews
    directory: Directory
    catalog: Catalog
    now: Callable[[], Instant]
    team: str
    unit: str | None = None


class _Opened(BaseModel):
    """The event of an opened Home tab: https://docs.slack.dev/reference/events/app_home_opened ."""

    tab: Literal["home"]
    user: str


def register(app: AsyncApp, homes: Homes) -> None:
    """Listen to people who open the Home tab."""

    async def home_opened(event: dict[str, object]) -> None:
        try:
            opened = _Opened.model_validate(event)
        except ValidationError:
            # Slack tells of the Messages tab by the same event.
            return
        homes.opened(opened.user)

    app.event("app_home_opened")(home_opened)


class Homes:
    """The Home tabs of those who look. Best effort: whatever fails is drawn again a little later.

    `tick` is what the clock and the tests drive; what changed it learns from the jobs' timelines,
    whichever process wrote them.
    """

    def __init__(self, tools: HomeTools, *, wake: Callable[[], None]) -> None:
        self._tools = tools
        self._wake = wake
        self._seen: int | None = None
        self._looking: OrderedDict[str, Instant] = OrderedDict()
        self._not_before: dict[str, Instant] = {}
        self._stale: set[str] = set()
        self._drawing: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("home")

    def opened(self, user: str) -> None:
        """Note that somebody looks at their Home tab, which is then drawn at once."""
        self._looking[user] = self._tools.now()
        self._looking.move_to_end(user)
        while len(self._looking) > MOST_LOOKING:
            self._forget(next(iter(self._looking)))
        self._stale.add(user)
        self._wake()

    async def tick(self) -> None:
        """See whose jobs changed, and begin to draw what is due."""
        now = self._tools.now()
        for user in [one for one, at in self._looking.items() if now - at > LOOKING_SECONDS]:
            self._forget(user)
        if not self._looking:
            # Nothing to follow: begin with the newest line when somebody looks.
            self._seen = None
            return
        changes = await self._tools.changes.changes(self._seen)
        self._seen = changes.seq
        self._stale |= changes.users & self._looking.keys()
        due = [user for user in sorted(self._stale) if self._not_before.get(user, 0.0) <= now]
        if due and (self._drawing is None or self._drawing.done()):
            self._drawing = asyncio.create_task(self._draw(due), name="home tabs")

    async def drain(self) -> None:
        """Wait until what was begun has been drawn."""
        if self._drawing is not None:
            await self._drawing

    async def stop(self, seconds: float) -> None:
        """Draw no more; what is under way may take `seconds`."""
        if self._drawing is not None:
            await asyncio.wait({self._drawing}, timeout=min(seconds, STOP_SECONDS))
            self._drawing.cancel()
            await asyncio.gather(self._drawing, return_exceptions=True)

    async def _draw(self, users: Sequence[str]) -> None:
        for user in users:
            log = self._log.bind(user=user)
            self._stale.discard(user)
            self._not_before[user] = self._tools.now() + REDRAW_SECONDS
            try:
                view = home_view(await self._gather(user))
                await self._tools.views.publish_home(user, view)
            except (BotError, StoreError) as error:
                log.warning("home_not_drawn", problem=str(error))
                self._stale.add(user)
                if isinstance(error, BotError) and error.retry_after is not None:
                    self._not_before[user] = self._tools.now() + error.retry_after
            except Exception:
                log.exception("home_failed")
                self._stale.add(user)
                self._not_before[user] = self._tools.now() + UNFORESEEN_SECONDS

    async def _gather(self, user: str) -> HomeSheet:
        tools = self._tools
        month = this_month(tools.now())
        spend = SpendFilter(team=tools.team, since=month.since, until=month.until)
        mine = SpendFilter(team=tools.team, since=month.since, until=month.until, user=user)
        return HomeSheet(
            running=await self._cards(user, UNDER_WAY, RUNNING_SHOWN),
            recent=await self._cards(user, TERMINAL, RECENT_SHOWN),
            month=month.name,
            mine=await tools.store.spend(mine),
            team=await tools.store.spend(spend),
            unit=tools.unit,
        )

    async def _cards(self, user: str, stages: frozenset[Stage], most: int) -> list[Card]:
        # Some of them may only bring old files again, which is no video of its own.
        wanted = JobFilter(team=self._tools.team, user=user, stages=stages, limit=2 * most)
        jobs = [job for job in await self._tools.store.jobs(wanted) if job.surface != RESENT]
        return [await self._card(job) for job in jobs[:most]]

    async def _card(self, job: Job) -> Card:
        link = None
        if job.message_ts is not None:
            link = await self._tools.directory.permalink(job.channel, job.message_ts)
        return Card(job=job, sheet=names(job, self._tools.catalog, self._tools.unit), link=link)

    def _forget(self, user: str) -> None:
        for known in (self._looking, self._not_before):
            known.pop(user, None)
        self._stale.discard(user)
