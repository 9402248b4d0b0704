"""Starts the bot, lets it run, and stops it in the opposite order."""

from __future__ import annotations

import asyncio
import gc
from asyncio import create_task
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from bot.app.checks import all_met, ask_identity, ask_socket, open_store
from bot.app.http import health, images
from bot.app.http.server import Address, check_free, http_server
from bot.app.roles import ALL, Role
from bot.app.services import (
    Adapters,
    Checked,
    make_adapters,
    make_bolt,
    make_engines,
    make_eraser,
    make_http,
    make_services,
    make_socket,
)
from bot.app.socket_mode import SocketMode
from bot.app.tracing import tracer_of
from bot.base.clock import in_step, start_clock
from bot.base.errors import BotError
from bot.base.open_files import raise_file_limit
from bot.base.patterns import compile_all
from bot.base.settings import Settings
from bot.base.stop_signals import StopSignals
from bot.base.traces import Tracer
from bot.jobs.services import Services
from bot.notifications.budget_watch import BudgetWatch
from bot.notifications.schedule import Digests, keep_operators
from bot.options.catalog import Catalog
from bot.options.validation import load_rules
from bot.slack.chat import SlackChat
from bot.slack.client import slack_client
from bot.worker.chores import Chore
from bot.worker.notices import Notices
from bot.worker.scheduler import Scheduler
from bot.worker.word_index import index_earlier
from storage.store import Store, StoreBrokenError, StoreError

T = TypeVar("T")

# Supervisors kill after 30 s, and the bot promises to stop in 25: 5 s are left for closing.
STOP_SECONDS = 20.0
# A listener responds within milliseconds; a connection that is open for longer is cut.
GRACE_SECONDS = 2.0
# A digest can be due at any minute of the day, and an erasure that is due should not wait.
EVERY_MINUTE = "* * * * *"
# Nobody waits for a forecast, and a look takes a query for each budget and a few for each price.
EVERY_TEN_MINUTES = "*/10 * * * *"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running bot: the port it listens on, and the event that stops it."""

    port: int
    stopping: asyncio.Event
    broken: list[StoreBrokenError]


class StoppedError(Exception):
    """The bot was told to stop before it had started."""


async def serve(settings: Settings, role: Role, signals: StopSignals) -> None:
    """Run until a signal to stop comes, then finish or release what is claimed and return.

    One that came before this call stops it too, and one that comes again changes nothing.

    Raises what `running` raises, and `StoreBrokenError` when the outcome of a write to the store
    is unknown.
    """
    raise_file_limit()
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def stop() -> None:
        # A handler runs between two instructions, while the loop may wait for a socket.
        loop.call_soon_threadsafe(stopping.set)

    # Around the start, which takes seconds: a signal during it must stop the bot too.
    with signals.calling(stop):
        try:
            async with running(settings, stopping, role) as service:
                # Ready without them; whoever asks first is not to wait for them.
                if role.listens:
                    await asyncio.to_thread(load_rules)
                await asyncio.to_thread(compile_all)
                # What the start has made stays until the end. A collection of garbage would look
                # at all of it, and keep everybody waiting for 80 ms.
                gc.freeze()
                await service.stopping.wait()
        except StoppedError:
            return
    if service.broken:
        raise service.broken[0]


@asynccontextmanager
async def running(
    settings: Settings, stopping: asyncio.Event | None = None, role: Role = ALL
) -> AsyncIterator[Service]:
    """Start the parts of a role, yield the running bot, and stop it in the opposite order.

    Setting `stopping` stops the bot; a new event is made if none is given. Raises
    `ConfigurationError` with a line for each wrong variable, `BotError` or `StoreError` when the
    bot cannot start now for another reason, and `StoppedError` when it is stopped during its
    checks.
    """
    log = structlog.get_logger("app")
    stopping = stopping or asyncio.Event()
    broken: list[StoreBrokenError] = []

    def on_broken(error: StoreBrokenError) -> None:
        broken.append(error)
        stopping.set()

    async with AsyncExitStack() as stack:
        checked = await _unless_stopped(_check(settings, role, stack), stopping)
        scheduler = Scheduler(on_broken) if role.works else None
        adapters = make_adapters(settings, checked)
        stack.push_async_callback(adapters.video.aclose)
        stack.push_async_callback(adapters.ephemeral.close)
        stack.push_async_callback(adapters.hints.close)
        stack.push_async_callback(adapters.media.close)
        calibration = in_step(checked.now, checked.store, adapters.metrics.database_offset)
        await stack.enter_async_context(calibration)
        notices = Notices(checked.store, now=checked.now)
        stack.push_async_callback(notices.close)
        # Whoever works finds its own rows; whoever does not tells those who do.
        wake = notices.wake_others if scheduler is None else scheduler.wake
        services = make_services(settings, checked, adapters, wake)
        bolt = make_bolt(checked, services) if role.listens else None
        if scheduler is not None:
            await _start_work(settings, services, adapters, scheduler, stack)
            direct_url = settings.database_direct_url
            await stack.enter_async_context(notices.subscribed(scheduler.wake, direct_url))

        http = make_http(settings, bolt, adapters)
        socket = make_socket(settings, checked, bolt, http.refusals)
        health.register(
            http.site,
            store=services.store,
            scheduler=scheduler,
            metrics=adapters.metrics,
            connection=socket,
            slack=http.slack,
            stopping=stopping,
            now=services.now,
        )
        if role.listens:
            images.register(http.site, adapters.images, http.connections.prove)
        port = await stack.enter_async_context(
            http_server(
                http.site,
                _address(settings),
                http.connections,
                http.refusals,
                grace_seconds=GRACE_SECONDS,
            )
        )
        if socket is not None:
            stack.push_async_callback(socket.close)
            await _connect(socket, stopping)
        log.info("ready", port=port, socket_mode=socket is not None, role=role.name)
        yield Service(port=port, stopping=stopping, broken=broken)
        stopping.set()
        log.info("stopping")


async def _start_work(
    settings: Settings,
    services: Services,
    adapters: Adapters,
    scheduler: Scheduler,
    stack: AsyncExitStack,
) -> None:
    """Start the engines and the chores; `stack` stops them."""
    await keep_operators(services.store.settings, services.team, settings.admins)
    engines = make_engines(services, adapters.gate, adapters.tracer)
    digests = Digests(services.store, team=services.team, now=services.now)
    scheduler.start(engines.tick)
    chore = partial(Chore, store=services.store, now=services.now)
    eraser = make_eraser(settings, services)
    watch = BudgetWatch(services)
    words = partial(index_earlier, services.store.finder)
    chores = (
        chore(name="digests", work=digests.insert_due, seconds=60.0),
        chore(name="erasure", work=eraser.erase_due, seconds=60.0),
        chore(name="words", work=words, seconds=60.0),
    )
    for every_minute in chores:
        scheduler.also(every_minute.run, EVERY_MINUTE)
    # PostgreSQL adds up the changes of counts when they are read, which nobody may ever do.
    counts = chore(name="counts", work=services.store.jobs.stage_counts, seconds=600.0)
    budgets = chore(name="budgets", work=watch.tell_due, seconds=600.0)
    for every_ten in (counts, budgets):
        scheduler.also(every_ten.run, EVERY_TEN_MINUTES)
    stack.push_async_callback(engines.stop, STOP_SECONDS)
    stack.push_async_callback(scheduler.stop)
    stack.push_async_callback(_note_stop, services)


async def _check(settings: Settings, role: Role, stack: AsyncExitStack) -> Checked:
    """Check all prerequisites concurrently; `stack` closes the resources that this opens."""
    client = await stack.enter_async_context(
        slack_client(
            token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url
        )
    )
    chat = SlackChat(client)
    tracer = await stack.enter_async_context(tracer_of(settings, role))
    store = create_task(_opened_store(settings, role, tracer, stack))
    catalog = create_task(asyncio.to_thread(Catalog.load, settings.models_dir))
    me = create_task(ask_identity(chat))
    app_token = settings.slack_app_token if role.listens else None
    socket_address = create_task(ask_socket(client, app_token))
    free = create_task(check_free(_address(settings)))
    await all_met(store, catalog, me, socket_address, free)
    return Checked(
        catalog=catalog.result(),
        store=store.result(),
        client=client,
        chat=chat,
        me=me.result(),
        socket_address=socket_address.result(),
        now=await start_clock(store.result(), me.result().clock_error),
        tracer=tracer,
    )


async def _unless_stopped(checking: Coroutine[object, object, T], stopping: asyncio.Event) -> T:
    """Return the result of `checking`, or cancel it and raise `StoppedError`.

    A service that does not answer may keep the checks waiting for longer than the bot may take to
    stop.
    """
    checks, stopped = create_task(checking), create_task(stopping.wait())
    try:
        await asyncio.wait({checks, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            raise StoppedError
        return checks.result()
    finally:
        for task in (checks, stopped):
            task.cancel()
        await asyncio.gather(checks, stopped, return_exceptions=True)


async def _note_stop(services: Services) -> None:
    """Tell the store that no step ends this process, even if it is killed while it stops."""
    try:
        await services.store.note_stop(services.now())
    except StoreError as error:
        structlog.get_logger("app").error("stop_not_noted", problem=str(error))


async def _opened_store(
    settings: Settings, role: Role, tracer: Tracer, stack: AsyncExitStack
) -> Store:
    opening = create_task(open_store(settings, role, tracer))
    stack.push_async_callback(_close, opening)
    # A migration runs in a thread, which nothing cancels.
    return await asyncio.shield(opening)


async def _close(opening: asyncio.Task[Store]) -> None:
    """Close the store as soon as it is open; an error of the opening is raised elsewhere."""
    with suppress(BotError, StoreError):
        await (await opening).close()


def _address(settings: Settings) -> Address:
    return Address(
        host=settings.host,
        port=settings.port,
        remedy="Set PORT to a free port, and HOST to an address of this machine.",
    )


async def _connect(socket: SocketMode, stopping: asyncio.Event) -> None:
    """Return once the bot is connected to Slack or `stopping` is set.

    This takes as long as Slack cannot be reached; `/readyz` reports it meanwhile.
    """
    connecting, stopped = create_task(socket.connect()), create_task(stopping.wait())
    try:
        await asyncio.wait({connecting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if connecting.done():
            connecting.result()
    finally:
        connecting.cancel()
        stopped.cancel()
