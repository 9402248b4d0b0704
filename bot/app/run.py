"""The composition root: starts the bot, lets it run, and stops it in the opposite order."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from asyncio import create_task
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.app import services
from bot.app.checks import all_met, ask_identity, ask_socket, open_store
from bot.app.http import health
from bot.app.http import images as media_site
from bot.app.http.server import Address, check_free, listening
from bot.app.services import Ground
from bot.app.socket_mode import SocketMode
from bot.base.metrics import Metrics
from bot.base.settings import Settings
from bot.notifications.digests import Digests
from bot.notifications.operators import keep_operators
from bot.options.catalog import Catalog
from bot.slack.chat import SlackChat
from bot.slack.client import slack_client
from bot.slack.directory import SlackDirectory
from bot.slack.ephemeral import Aside
from bot.slack.manifest import EVENTS_PATH
from bot.worker.scheduler import Clock, Rounds, SteadyClock
from storage.sqlite.store import SqliteStore
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

    Raises what `running` raises, and `StoreBrokenError` when the store cannot tell any more what
    is on disk.
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

    `stopping`, set by whoever wants it to end, is its own if it is not given. Raises
    `ConfigurationError` with a line for each variable that turns out to be wrong, and `BotError` or
    `StoreError` when something else keeps the bot from starting now.
    """
    log = structlog.get_logger("app")
    stopping = stopping or asyncio.Event()
    broken: list[StoreBrokenError] = []

    def on_broken(error: StoreBrokenError) -> None:
        broken.append(error)
        stopping.set()

    async with AsyncExitStack() as stack:
        ground = await _stand(settings, Clock(on_broken), stack)
        video = services.make_video(ground)
        stack.push_async_callback(video.aclose)
        aside = Aside(ground.chat)
        stack.push_async_callback(aside.close)
        pictures = services.make_pictures(ground)
        engine = services.make_engine(ground, video, pictures)
        homes = services.make_homes(ground)
        bolt = services.make_bolt(ground, services.make_desk(ground, engine, aside), homes)

        await keep_operators(ground.store, ground.me.team, settings.admins)
        rounds = Rounds(engine, services.make_board(ground), homes)
        digests = Digests(ground.store, team=ground.me.team, now=ground.now)
        ground.clock.start(rounds.tick)
        ground.clock.also(digests.put_in, EVERY_MINUTE)
        stack.push_async_callback(rounds.stop, STOP_SECONDS)
        stack.push_async_callback(ground.clock.stop)

        socket = services.make_socket(ground, bolt)
        site = bolt.web_app(EVENTS_PATH)
        health.register(
            site,
            store=ground.store,
            clock=ground.clock,
            metrics=ground.metrics,
            connection=socket,
            stopping=stopping,
        )
        media_site.register(site, links=pictures.links, files=pictures.files)
        port = await stack.enter_async_context(
            listening(site, _address(settings), goodbye_seconds=GOODBYE_SECONDS)
        )
        if socket is not None:
            stack.push_async_callback(socket.close)
            await _connect(socket, stopping)
        log.info("ready", port=port, socket_mode=socket is not None)
        yield Service(port=port, stopping=stopping, broken=broken)
        stopping.set()
        log.info("stopping")


async def _stand(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Ground:
    """See that all prerequisites are met, all at the same time; `stack` closes what that opens."""
    client = await stack.enter_async_context(
        slack_client(
            token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url
        )
    )
    chat = SlackChat(client)
    store = create_task(_opened_store(settings, stack))
    catalog = create_task(asyncio.to_thread(Catalog.load, settings.models_dir))
    me = create_task(ask_identity(chat))
    socket_address = create_task(ask_socket(client, settings.slack_app_token))
    free = create_task(check_free(_address(settings)))
    await all_met(store, catalog, me, socket_address, free)

    now = SteadyClock(not_before=await store.result().last_event_at())
    return Ground(
        settings=settings,
        catalog=catalog.result(),
        store=store.result(),
        client=client,
        chat=chat,
        me=me.result(),
        socket_address=socket_address.result(),
        directory=SlackDirectory(client, now=now),
        now=now,
        clock=clock,
        metrics=Metrics(),
    )


async def _opened_store(settings: Settings, stack: AsyncExitStack) -> SqliteStore:
    store = await open_store(settings)
    stack.push_async_callback(store.close)
    return store


def _address(settings: Settings) -> Address:
    return Address(
        host=settings.host,
        port=settings.port,
        remedy="Set PORT to a free port, and HOST to an address of this machine.",
    )


async def _connect(socket: SocketMode, stopping: asyncio.Event) -> None:
    """Wait until Slack is connected, which can take as long as it is out of reach, or for the end.

    `/readyz` says so meanwhile.
    """
    connecting, stopped = create_task(socket.connect()), create_task(stopping.wait())
    try:
        await asyncio.wait({connecting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if connecting.done():
            connecting.result()
    finally:
        connecting.cancel()
        stopped.cancel()
