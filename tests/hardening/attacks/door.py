"""The door: connections that do nothing, and requests that are nobody's, beside honest ones."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

from bench.process import MIB, resident_memory
from bot.app.http import health
from bot.app.http.connections import Connections
from bot.app.http.refusals import Refusals
from bot.app.http.server import Address, http_server
from bot.app.http.slack_requests import BODY_SECONDS
from bot.base.metrics import Metrics
from bot.slack.manifest import EVENTS_PATH
from bot.worker.scheduler import Scheduler
from storage.job import Stage
from storage.rows import JOBS
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import migrate
from storage.sqlite.store import SqliteStore
from tests.hardening.attack import Attack, Measured
from tests.support.bot_process import BotProcess, bot_process
from tests.support.sandbox import running_sandbox
from tests.support.signed import FORM, JSON, signature
from tests.support.slack_user import SlackUser
from tests.support.store_samples import a_job

IDLE = 1_000
TOO_MANY = 1_200
GARBAGE_A_SECOND = 50
COMMANDS_A_SECOND = 20
SECONDS = 6.0
MOST_MS = 500.0
MOST_LOG_KB = 100.0
REOPENED_AFTER = 1.0
OPENING_SECONDS = 1.0
MANY_JOBS = 1_000_000
SLOW_BODIES = 200
MOST_ADDED_MIB = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A bot in a process of its own, and the people of its workspace."""

    user: SlackUser
    process: BotProcess
    port: int

    async def command_ms(self, number: int) -> float:
        """Type a command; return how many milliseconds its acknowledgement took."""
        began = time.perf_counter()
        delivery = await self.user.type(f"a boat on wave number {number}")
        if delivery.ack.status != web.HTTPOk.status_code:
            return float("inf")
        return (time.perf_counter() - began) * 1000

    async def p99_ms(self, seconds: float) -> float:
        """Type commands at a fixed pace; return the 99th percentile of their milliseconds."""
        typed: list[asyncio.Task[float]] = []
        for number in range(int(seconds * COMMANDS_A_SECOND)):
            typed.append(asyncio.create_task(self.command_ms(number)))
            await asyncio.sleep(1 / COMMANDS_A_SECOND)
        return sorted(await asyncio.gather(*typed))[int(len(typed) * 0.99)]

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection to the port."""
        return await asyncio.open_connection("127.0.0.1", self.port)


@asynccontextmanager
async def door(folder: Path, **environment: str) -> AsyncIterator[Door]:
    """Run the bot, whose jobs stay free of charge while the attack lasts."""
    async with running_sandbox() as sandbox:
        variables = sandbox.environment(socket_mode=False)
        variables |= {"SUBMIT_DELAY_SECONDS": "300", "MAX_ACTIVE_PER_PERSON": "1000", **environment}
        async with bot_process(variables, folder) as process:
            port = await process.port()
            sandbox.deliver_to_port(port)
            yield Door(user=SlackUser(sandbox=sandbox), process=process, port=port)


async def hold_idle(door: Door, after: float) -> None:
    """Keep a connection open without a word; open it again whenever the bot closes it."""
    await asyncio.sleep(after)
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await door.open()
            try:
                await reader.read()
            finally:
                writer.close()
        await asyncio.sleep(REOPENED_AFTER)


def idle(door: Door, count: int) -> Iterator[Awaitable[None]]:
    """Return so many idle connections, opened one after the other."""
    return (hold_idle(door, OPENING_SECONDS * number / count) for number in range(count))


Send = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Garbage:
    """Requests that are nobody's, each of another kind than the one before."""

    door: Door
    session: ClientSession
    kinds: Iterator[Send] = field(init=False)

    def __post_init__(self) -> None:
        signed = signature("0" * 32, b"")
        self.kinds = cycle(
            (
                lambda: self._post(b"{" * 2_000, JSON),
                lambda: self._post(bytes(MIB), f"{FORM}; charset=idna"),
                lambda: self._post(b"text=" + b"a" * 60_000, FORM, signed),
                lambda: self._post(b"payload=" + b"[" * 500_000, FORM, signed),
                lambda: self._post(b"\x1f\x8b" * 1_000, JSON, {"Content-Encoding": "gzip"}),
                self._no_http,
            )
        )

    async def send(self) -> None:
        """Send garbage until cancelled, `GARBAGE_A_SECOND` requests."""
        async with asyncio.TaskGroup() as sending:
            while True:
                sending.create_task(self._sent(next(self.kinds)))
                await asyncio.sleep(1 / GARBAGE_A_SECOND)

    async def _sent(self, send: Send) -> None:
        # A connection that is closed early breaks off what is still being sent.
        with contextlib.suppress(ClientError, OSError):
            await send()

    async def _post(
        self, body: bytes, content_type: str, headers: dict[str, str] | None = None
    ) -> None:
        url = f"http://127.0.0.1:{self.door.port}{EVENTS_PATH}"
        headers = {"Content-Type": content_type, **(headers or {})}
        async with self.session.post(url, data=io.BytesIO(body), headers=headers) as answer:
            await answer.read()

    async def _no_http(self) -> None:
        reader, writer = await self.door.open()
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n")
        await reader.read()
        writer.close()


@asynccontextmanager
async def running(*attackers: Awaitable[None]) -> AsyncIterator[None]:
    """Let all attackers go on while the context lasts."""
    tasks: Sequence[asyncio.Future[None]] = [asyncio.ensure_future(each) for each in attackers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def idle_and_garbage(folder: Path) -> Measured:
    """Type commands beside idle connections and garbage."""
    connector = TCPConnector(limit=0)
    async with door(folder) as door_, ClientSession(connector=connector) as session:
        garbage = Garbage(door_, session)
        async with running(garbage.send(), *idle(door_, IDLE)):
            await asyncio.sleep(OPENING_SECONDS + 0.5)
            p99 = await door_.p99_ms(SECONDS)
        kilobytes = door_.process.log_bytes / 1000
    figure = f"p99 {p99:.0f} ms; {kilobytes:.0f} kB of log"
    return Measured(figure=figure, held=p99 <= MOST_MS and kilobytes <= MOST_LOG_KB)


async def too_many_connections(folder: Path) -> Measured:
    """Type commands beside more idle connections than the bot takes, which come again and again."""
    async with door(folder) as door_:
        async with running(*idle(door_, TOO_MANY)):
            await asyncio.sleep(OPENING_SECONDS + 0.5)
            p99 = await door_.p99_ms(SECONDS / 2)
        kilobytes = door_.process.log_bytes / 1000
    figure = f"p99 {p99:.0f} ms; {kilobytes:.0f} kB of log"
    return Measured(figure=figure, held=p99 <= MOST_MS and kilobytes <= MOST_LOG_KB)


async def slow_bodies(folder: Path) -> Measured:
    """Begin large bodies on many connections, and never end them."""
    async with door(folder) as door_:
        await door_.command_ms(-1)
        before = resident_memory(door_.process.pid).now
        began = time.perf_counter()
        opened = await asyncio.gather(*(_slow_body(door_) for _ in range(SLOW_BODIES)))
        p99 = await door_.p99_ms(SECONDS / 3)
        statuses = [await _status(reader) for reader, _ in opened]
        seconds = time.perf_counter() - began
        added = (resident_memory(door_.process.pid).peak - before) / MIB
        for _, writer in opened:
            writer.close()
    figure = f"p99 {p99:.0f} ms; all refused after {seconds:.1f} s; {added:.0f} MiB added"
    refused = set(statuses) <= {b"408", b"503", b""}
    in_time = seconds <= BODY_SECONDS + SECONDS
    held = p99 <= MOST_MS and refused and in_time and added <= MOST_ADDED_MIB
    return Measured(figure=figure, held=held)


async def _slow_body(door_: Door) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await door_.open()
    signed = "".join(f"{name}: {value}\r\n" for name, value in signature("0" * 32, b"").items())
    head = f"POST {EVENTS_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {MIB}\r\n{signed}\r\n"
    writer.write(head.encode() + bytes(MIB - 1))
    return reader, writer


async def _status(reader: asyncio.StreamReader) -> bytes:
    """Return the status of a response; empty where the connection was closed."""
    with contextlib.suppress(OSError):
        return (await reader.readline())[9:12]
    return b""


async def many_jobs(folder: Path) -> Measured:
    """Ask for metrics beside a million jobs, and beside none."""
    none, many = folder / "none.db", folder / "many.db"
    _fill(none, 0)
    _fill(many, MANY_JOBS)
    before, after = await _metrics_ms(none), await _metrics_ms(many)
    figure = f"{after:.1f} ms, beside none {before:.1f} ms"
    return Measured(figure=figure, held=after <= 3 * before + 5.0)


def _fill(path: Path, jobs: int) -> None:
    """Write a store with many finished jobs, whose other indexes would only cost time here."""
    row = JOBS.to_row(a_job()) | {"stage": Stage.DELIVERED.value, "due_at": None}
    own = {"id": "'j' || n", "dedup_key": "'k' || n"}
    values = ", ".join(own.get(name, f":{name}") for name in row)
    with contextlib.closing(connect_writer(str(path), create=True)) as db:
        migrate(db)
        # What a million finished jobs would fill, to be quick; `/metrics` reads none of them.
        indexes = (
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            " AND name <> 'jobs_due_in_stage'"
        )
        for index in db.execute(indexes).fetchall():
            db.execute(f"DROP INDEX {index['name']}")
        db.execute(
            f"""
            WITH RECURSIVE numbers (n) AS (
                SELECT 1 WHERE :jobs > 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :jobs
            )
            INSERT INTO jobs ({", ".join(row)}) SELECT {values} FROM numbers
            """,  # noqa: S608 - only names of ours
            row | {"jobs": jobs},
        )


async def _metrics_ms(path: Path) -> float:
    """Return the median of milliseconds that `/metrics` takes where nothing is kept."""
    store = await SqliteStore.open(str(path))
    metrics, site = Metrics(), web.Application()
    health.register(
        site,
        store=store,
        scheduler=Scheduler(lambda _: None),
        metrics=metrics,
        connection=None,
        slack=None,
        stopping=asyncio.Event(),
        now=time.time,
    )
    address = Address(host="127.0.0.1", port=0, remedy="")
    server = http_server(
        site, address, Connections(10, metrics), Refusals(metrics), grace_seconds=1
    )
    took: list[float] = []
    async with server as port, ClientSession(timeout=ClientTimeout(total=60)) as session:
        for _ in range(3):
            began = time.perf_counter()
            async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                await answer.read()
            took.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(health.KEPT_SECONDS)
    await store.close()
    return sorted(took)[1]


ATTACKS = (
    Attack(
        name="1,000 connections idle, 50 requests of garbage a second",
        bound="a command is acknowledged within 500 ms at p99; at most 100 kB of log",
        run=idle_and_garbage,
        is_alone=True,
        is_timed=True,
    ),
    Attack(
        name="1,200 connections idle, and each opened again a second after it is closed",
        bound="a command is acknowledged within 500 ms at p99; at most 100 kB of log",
        run=too_many_connections,
        is_alone=True,
        is_timed=True,
    ),
    Attack(
        name="200 bodies of a megabyte that never end",
        bound="refused within 11 s; p99 of a command 500 ms; at most 100 MiB added",
        run=slow_bodies,
        is_alone=True,
        is_timed=True,
    ),
    Attack(
        name="`/metrics` beside a million jobs",
        bound="at most three times what it costs beside none, and 5 ms",
        run=many_jobs,
        is_alone=True,
    ),
)
