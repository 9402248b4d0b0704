"""Constructs the parts of the bot, one in each function."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.app.http.connections import Connections
from bot.app.http.refusals import Refusals
from bot.app.http.slack_requests import MOST_BYTES, SlackRequests
from bot.app.socket_mode import SocketMode
from bot.base.clock import SteadyClock, uptime, wait_until
from bot.base.metrics import Metrics
from bot.base.open_files import most_connections, open_file_limit
from bot.base.settings import Settings
from bot.base.traces import Tracer
from bot.jobs.accept import new_id
from bot.jobs.call_limits import CallLimits
from bot.jobs.services import Services
from bot.listeners import (
    actions,
    approvals,
    budget_check,
    budget_form,
    cast_form,
    commands,
    cost_files,
    find,
    form_dry_run,
    home,
    manual,
    messages,
    modals,
    sharing,
    shortcuts,
    undo,
    unserved,
    welcome,
)
from bot.listeners.dispatch import dispatcher
from bot.listeners.home import HOME_POOLS, HOME_STEPS
from bot.media.contact_sheets import MediaContactSheets
from bot.media.films import FilmProcesses
from bot.media.links import MediaLinks
from bot.media.process import MediaProcess
from bot.media.reference_images import AttachedImages
from bot.media.video_frames import VideoFrames
from bot.mindvideo.client import MindVideoClient
from bot.notifications import NOTIFICATION_POOLS, NOTIFICATION_STEPS
from bot.options.catalog import Catalog
from bot.slack.agent_view import BackgroundHints
from bot.slack.attachments import SlackPersonFiles
from bot.slack.chat import Identity, SlackChat
from bot.slack.directory import SlackDirectory
from bot.slack.ephemeral import BackgroundEphemerals
from bot.slack.manifest import BOT_NAME, EVENTS_PATH
from bot.slack.views import SlackViews
from bot.steps import POOLS, STEPS
from bot.worker.engine import Engine
from bot.worker.gate import Gate
from bot.worker.retention import Eraser
from bot.worker.scheduler import HoldReader, TickerGroup
from bot.worker.suspects import SuspectLock
from storage.store import Store

SPOOLS = 2
"""The most files of unknown length that are on the disk at once."""

VIDEO_SECONDS = 30 * 60.0
"""How long the download of a video's copy at Slack may take, as of one from MindVideo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The prerequisites that were checked and opened at the start."""

    catalog: Catalog
    store: Store
    client: AsyncWebClient
    chat: SlackChat
    me: Identity
    socket_address: URL | None
    """Slack's address for one connection; `None` if no requests come over a websocket."""
    now: SteadyClock
    tracer: Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """The adapters that must be closed, or that are used outside `Services` as well."""

    video: MindVideoClient
    ephemeral: BackgroundEphemerals
    hints: BackgroundHints
    images: AttachedImages
    videos: SlackPersonFiles
    films: FilmProcesses
    media: MediaProcess
    metrics: Metrics
    gate: Gate
    tracer: Tracer


def make_adapters(settings: Settings, checked: Checked) -> Adapters:
    """Make MindVideo's client, the adapter for attached images, and the other `Adapters`.

    Attached images go to MindVideo as signed links if the service has a public URL, else inside the
    request.
    """
    links = None
    if settings.public_url is not None:
        secret = settings.slack_bot_token.get_secret_value()
        links = MediaLinks(settings.public_url, secret, now=checked.now)
    key = settings.mindvideo_api_key.get_secret_value()
    media, films = MediaProcess(), FilmProcesses()
    videos = SlackPersonFiles(checked.client, file_seconds=VIDEO_SECONDS)

    async def may_answer(dedup_key: str) -> bool:
        return await checked.store.may_answer(dedup_key, checked.now())

    return Adapters(
        video=MindVideoClient(settings.mindvideo_base_url, key, now=checked.now),
        ephemeral=BackgroundEphemerals(checked.chat, may_answer),
        hints=BackgroundHints(checked.client, now=checked.now),
        images=AttachedImages(
            SlackPersonFiles(checked.client),
            links,
            checked.catalog,
            media,
            VideoFrames(files=videos, films=films),
        ),
        videos=videos,
        films=films,
        media=media,
        metrics=Metrics(),
        gate=Gate(),
        tracer=checked.tracer,
    )


def make_services(
    settings: Settings, checked: Checked, adapters: Adapters, wake: Callable[[], None]
) -> Services:
    """Make the services that every listener and every step gets."""
    return Services(
        store=checked.store,
        catalog=checked.catalog,
        video=adapters.video,
        chat=checked.chat,
        images=adapters.images,
        files=adapters.videos,
        films=adapters.films,
        makes_posters=settings.posters,
        contact_sheets=MediaContactSheets(adapters.media) if settings.posters else None,
        directory=SlackDirectory(checked.client, now=checked.now),
        views=SlackViews(checked.client),
        ephemeral=adapters.ephemeral,
        message_edits=adapters.ephemeral,
        agent_view=adapters.hints,
        observer=adapters.metrics,
        now=checked.now,
        uptime=uptime,
        new_id=new_id,
        chance=secrets.SystemRandom().random,
        wait_until=partial(wait_until, checked.now),
        wake=wake,
        delay_steps=adapters.gate.delay_steps,
        spools=asyncio.Semaphore(SPOOLS),
        started_at=checked.now(),
        team=checked.me.team,
        bot_user=checked.me.user,
        admins=frozenset(settings.admins),
        allow_external_people=settings.allow_external_people,
        unit=settings.cost_unit,
        ai_label=settings.ai_label,
        max_active=settings.max_active_per_person,
        submit_delay=settings.submit_delay_seconds,
        limits=CallLimits(
            posts_per_second=settings.slack_posts_per_second,
            edits_per_minute=settings.slack_edits_per_minute,
        ),
        poll_min=settings.poll_min_seconds,
        poll_max=settings.poll_max_seconds,
    )


def make_engines(services: Services, gate: Gate, tracer: Tracer) -> TickerGroup:
    """Make an engine for each queue; of these the engine for jobs ticks first."""
    store, suspects = services.store, SuspectLock()
    return TickerGroup(
        HoldReader(store.pacing, services.now),
        Engine(
            store.jobs,
            STEPS,
            services,
            kind="job",
            pools=POOLS,
            gate=gate,
            suspects=suspects,
            tracer=tracer,
        ),
        Engine(
            store.outbox,
            NOTIFICATION_STEPS,
            services,
            kind="notification",
            pools=NOTIFICATION_POOLS,
            gate=gate,
            suspects=suspects,
            tracer=tracer,
        ),
        Engine(
            store.homes,
            HOME_STEPS,
            services,
            kind="home",
            pools=HOME_POOLS,
            gate=gate,
            suspects=suspects,
            tracer=tracer,
        ),
    )


def make_eraser(settings: Settings, services: Services) -> Eraser:
    """Make the chore that erases addresses, texts and details once their time is over."""
    return Eraser(
        services.store.retention,
        services.catalog,
        now=services.now,
        details_days=settings.retention_days,
        texts_days=settings.prompt_retention_days,
    )


def make_bolt(checked: Checked, services: Services) -> AsyncApp:
    """Make Bolt's app with every listener, authorized for the one workspace of the bot token."""
    me, client = checked.me, checked.client

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=me.team,
            bot_user_id=me.user,
            bot_id=me.bot,
            bot_token=client.token,
        )

    bolt = AsyncApp(
        # Without a name Bolt reads the source of every function on the stack, to name a file.
        name=BOT_NAME,
        client=client,
        authorize=authorize,
        # `SlackRequests` checks signatures, before anything is decoded.
        request_verification_enabled=False,
        # Respond as soon as the listener has ended, which is after its commit. By default Bolt
        # polls every 10 ms for the acknowledgement, and acknowledges events before the listener.
        # https://github.com/slackapi/bolt-python/blob/main/slack_bolt/listener/asyncio_runner.py
        process_before_response=True,
        # So that `unserved` hears of it.
        raise_error_for_unhandled_request=True,
    )
    typed = (commands, messages, shortcuts, modals, form_dry_run, manual)
    pressed = (home, welcome, actions, approvals, sharing, undo, find, cast_form)
    of_money = (budget_form, budget_check, cost_files)
    for surface in (*typed, *pressed, *of_money, unserved):
        surface.register(bolt, services)
    return bolt


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpParts:
    """What takes requests from the HTTP port."""

    site: web.Application
    connections: Connections
    refusals: Refusals
    slack: SlackRequests | None
    """`None` if Slack's requests come over a websocket, or to other processes."""


def make_http(settings: Settings, bolt: AsyncApp | None, adapters: Adapters) -> HttpParts:
    """Make the site, which so far takes Slack's requests alone; without `bolt` none at all."""
    site = web.Application(client_max_size=MOST_BYTES)
    most = most_connections(settings.max_connections, open_file_limit())
    if most < settings.max_connections:
        log = structlog.get_logger("app")
        log.warning("fewer_connections", most=most, open_file_limit=open_file_limit())
    connections = Connections(most, adapters.metrics)
    refusals = Refusals(adapters.metrics)
    slack = None
    if bolt is not None and settings.slack_signing_secret is not None:
        secret = settings.slack_signing_secret.get_secret_value()
        give = dispatcher(bolt, adapters.tracer)
        slack = SlackRequests(secret, give, refusals, prove=connections.prove)
        site.router.add_post(EVENTS_PATH, slack.serve)
    return HttpParts(site=site, connections=connections, refusals=refusals, slack=slack)


def make_socket(
    settings: Settings, checked: Checked, bolt: AsyncApp | None, refusals: Refusals
) -> SocketMode | None:
    """Make the connection that brings requests to Bolt; `None` if they do not come by it."""
    token = settings.slack_app_token
    if bolt is None or token is None or checked.socket_address is None:
        return None
    return SocketMode(
        bolt,
        token.get_secret_value(),
        checked.socket_address,
        refusals,
        tracer=checked.tracer,
    )
