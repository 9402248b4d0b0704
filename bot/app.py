"""The composition root: the only place that constructs clients, store, schedule and listeners."""

from __future__ import annotations

import asyncio
import gc
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot import health, pacing
from bot.clock import Clock, SteadyClock
from bot.engine import Engine
from bot.errors import ConfigurationError
from bot.ids import new_id
from bot.intake import Intake
from bot.manifest import EVENTS_PATH
from bot.media import site as media_site
from bot.media.links import MediaLinks
from bot.media.pictures import SlackPictures
from bot.metrics import Metrics
from bot.mindvideo.client import MindVideoClient
from bot.notices.board import NoticeBoard
from bot.notices.digests import Digests
from bot.notices.operators import keep_operators
from bot.notices.telling import NoticeTools
from bot.options.catalog import Catalog
from bot.rounds import Rounds
from bot.settings import Settings
from bot.slack import actions, commands, conversations, home, modals, shortcuts
from bot.slack.aside import Aside
from bot.slack.chat import Identity, SlackChat
from bot.slack.desk import Desk
from bot.slack.directory import SlackDirectory
from bot.slack.home import Homes, HomeTools
from bot.slack.person_files import SlackPersonFiles
from bot.slack.views import SlackViews
from bot.slack.web import slack_client
from bot.steps.turn import Tools
from bot.verbs import Verbs
from storage.sqlite import SqliteStore
from storage.store import StoreBrokenError

# Supervisors kill after 30 s; 25 are promised, and what is left goes to closing connections.
STOP_SECONDS = 20.0
# A listener answers within milliseconds; who is still connected after this only holds us up.
GOODBYE_SECONDS = 2.0
# The store's thread takes a few turns for each commit, and a person waits for them: Python's
# default lets the other thread wait 5 ms for each.
# https://docs.python.org/3/library/sys.html#sys.setswitchinterval
SWITCH_SECONDS = 0.001
# Digests are due at any minute of a day, in any time zone.
EVERY_MINUTE = "* * * * *"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A bot that runs: where it listens, and the event that ends it."""

    port: int
    stopping: asyncio.Event
    broken: list[StoreBrokenError]


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, then finish or release what is claimed and return.

    Raises `StoreBrokenError` when the store cannot tell what is on disk, and `BotError` when
    Slack does not take the token at the start.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    # Before the start, which takes its time: whoever stops the bot then means it as well.
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with running(settings, stopping) as service:
        # What the start made stays: no later collection need walk through it.
        # https://docs.python.org/3/library/gc.html#gc.freeze
        gc.collect()
        gc.freeze()
        await service.stopping.wait()
    if service.broken:
        raise service.broken[0]


@asynccontextmanager
async def running(
    settings: Settings, stopping: asyncio.Event | None = None
) -> AsyncIterator[Service]:
    """Start everything, hand it out while it runs, and stop it in the opposite order.

    `stopping`, set by whoever wants it to end, is its own if it is not given.
    """
    log = structlog.get_logger("app")
    stopping = stopping or asyncio.Event()
    broken: list[StoreBrokenError] = []

    def on_broken(error: StoreBrokenError) -> None:
        broken.append(error)
        stopping.set()

    async with AsyncExitStack() as stack:
        catalog = Catalog.load(settings.models_dir)
        store = await SqliteStore.open(str(settings.database_path))
        stack.push_async_callback(store.close)
        client = await stack.enter_async_context(_slack_client(settings))
        chat = SlackChat(client)
        me = await chat.identity()
        now = SteadyClock(not_before=await store.last_event_at())
        video = MindVideoClient(
            settings.mindvideo_base_url,
            settings.mindvideo_api_key.get_secret_value(),
            now=now,
        )
        stack.push_async_callback(video.aclose)
        metrics = Metrics()
        clock = Clock(on_broken)
        directory = SlackDirectory(client, now=now)
        pictures = SlackPictures(SlackPersonFiles(client), _media_links(settings, now))
        engine = Engine(
            Tools(
                video=video,
                chat=chat,
                pictures=pictures,
                links=directory,
                store=store,
                catalog=catalog,
                now=now,
                edits=pacing.EditBudget(),
                poll_min=settings.poll_min_seconds,
                poll_max=settings.poll_max_seconds,
                unit=settings.cost_unit,
            ),
            chance=secrets.SystemRandom().random,
            observer=metrics,
            wake=clock.wake,
        )
        board = NoticeBoard(
            NoticeTools(
                jobs=store,
                notices=store,
                chat=chat,
                directory=directory,
                catalog=catalog,
                now=now,
                unit=settings.cost_unit,
            ),
            chance=secrets.SystemRandom().random,
        )
        digests = Digests(store, team=me.team, now=now)
        intake = Intake(store, now=now, new_id=new_id, wake=clock.wake, make_way=engine.make_way)
        aside = Aside(chat)
        stack.push_async_callback(aside.close)
        desk = Desk(
            intake=intake,
            verbs=Verbs(
                intake=intake,
                store=store,
                catalog=catalog,
                now=now,
                new_id=new_id,
                admins=frozenset(settings.admins),
            ),
            store=store,
            settings=store,
            notices=store,
            directory=directory,
            catalog=catalog,
            chat=chat,
            aside=aside,
            views=SlackViews(client),
            now=now,
            observer=metrics,
            bot_user=me.user,
            unit=settings.cost_unit,
        )
        await keep_operators(store, me.team, settings.admins)
        homes = Homes(
            HomeTools(
                store=store,
                changes=store,
                views=SlackViews(client),
                directory=directory,
                catalog=catalog,
                now=now,
                team=me.team,
                unit=settings.cost_unit,
            ),
            wake=clock.wake,
        )
        bolt = _bolt(settings, client, me)
        home.register(bolt, homes)
        for surface in (commands, actions, conversations, modals, shortcuts):
            surface.register(bolt, desk)
        rounds = Rounds(engine, board, homes)
        clock.start(rounds.tick)
        clock.also(digests.put_in, EVERY_MINUTE)
        stack.push_async_callback(rounds.stop, STOP_SECONDS)
        stack.push_async_callback(clock.stop)
        site = bolt.web_app(EVENTS_PATH)
        health.register(site, store=store, clock=clock, metrics=metrics, stopping=stopping)
        media_site.register(site, links=pictures.links, files=pictures.files)
        port = await stack.enter_async_context(_listening(site, settings.host, settings.port))
        if settings.slack_app_token is not None:
            token = settings.slack_app_token.get_secret_value()
            await stack.enter_async_context(_socket_mode(bolt, token))
        log.info("ready", port=port, socket_mode=settings.slack_app_token is not None)
        yield Service(port=port, stopping=stopping, broken=broken)
        stopping.set()
        log.info("stopping")


@asynccontextmanager
async def _slack_client(settings: Settings) -> AsyncIterator[AsyncWebClient]:
    token = settings.slack_bot_token.get_secret_value()
    async with slack_client(token=token, base_url=settings.slack_api_url) as client:
        yield client


def _media_links(settings: Settings, now: SteadyClock) -> MediaLinks | None:
    if settings.public_url is None:
        return None
    secret = settings.slack_bot_token.get_secret_value()
    return MediaLinks(settings.public_url, secret, now=now)


def _bolt(settings: Settings, client: AsyncWebClient, me: Identity) -> AsyncApp:
    """Return Bolt's app: one workspace, and no call of `auth.test` on the way to an answer."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=me.team,
            bot_user_id=me.user,
            bot_id=me.bot,
            bot_token=client.token,
        )

    secret = settings.slack_signing_secret
    return AsyncApp(
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else "",
        # Answer as soon as the listener has ended, which is after its commit; by default Bolt
        # looks every 10 ms whether it has acknowledged, and acknowledges events beforehand.
        # https://github.com/slackapi/bolt-python/blob/main/slack_bolt/listener/asyncio_runner.py
        process_before_response=True,
    )


@asynccontextmanager
async def _listening(site: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve the site while the context lasts; return the port, which differs for port 0."""
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=GOODBYE_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigurationError(
                f"HOST and PORT: cannot listen on {host}, port {port} ({error.strerror}). "
                "Set PORT to a free port."
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _socket_mode(bolt: AsyncApp, token: str) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(bolt, token)
    await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt leaves it untyped
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call] # the same
