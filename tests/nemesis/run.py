"""A run: the formation, the people who go on asking while the nemesis strikes, and the checker."""

from __future__ import annotations

import asyncio
import random
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count

import psycopg
from psycopg.rows import dict_row

from bot.worker.engine import CRASHED
from sandbox.postgres import Server
from sandbox.slack.delivery import Delivery
from sandbox.slack.entities import ANA, BEN, CREW, GENERAL, MIA, TEAM
from storage.budget import (
    Cap,
    Policy,
    Scope,
    ScopeKind,
    UnknownPrice,
    Window,
    exposure,
    total,
)
from storage.job import REQUESTED, TERMINAL, IllegalTransitionError, Job
from storage.postgres.store import PostgresStore
from storage.rows import JOBS
from tests.kills import invariants
from tests.nemesis import history
from tests.nemesis.member import WEBS, WORKERS, Member, member
from tests.nemesis.nemesis import Event, Nemesis
from tests.support.postgres import running_server
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

RENDER_SECONDS = (0.5, 1.0, 2.0, 20.0)
"""How long renders take; the last ones go on while a lease ends."""
PLACES = ((ANA, GENERAL), (ANA, CREW), (BEN, GENERAL), (BEN, CREW), (MIA, GENERAL))
ASK_SECONDS = (0.2, 1.2)
"""Between two times that somebody asks."""
MOST_AT_ONCE = 3
ASKERS = 2
"""How many go on asking, each after the answers to what they asked."""
BENS = Scope(kind=ScopeKind.PERSON, team=TEAM, name=BEN)
PRICE = Decimal("0.126")
"""What is held for a video before MindVideo has named an amount."""
# All ends within this after the nemesis has left, on a busy machine too.
END_SECONDS = 300.0
# Several cold starts at once, on a busy machine.
START_SECONDS = 240.0
POLL_SECONDS = 0.2
NOT_TAKEN = "Nothing was started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a run came to."""

    happened: Counter[Event]
    asked: int
    acknowledged: int
    jobs: int
    starts: int
    writes: int
    """How many changes of rows the checker has read."""
    refused: int
    """How many commands the cap refused."""
    seconds: float
    violations: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(SlackUser):
    """The people of the workspace, and the processes that they ask."""

    url: str
    """The database, past all proxies."""
    members: Sequence[Member]
    nemesis: Nemesis
    chance: random.Random
    cap: Decimal
    asked: list[Delivery] = field(default_factory=list)
    takes: Iterator[int] = field(default_factory=count)

    async def go_on_asking(self) -> None:
        """Ask one or several videos at a time, and at times deliver again what nobody took."""
        while True:
            await asyncio.sleep(self.chance.uniform(*ASK_SECONDS))
            if self.chance.random() < 0.2:
                await self.ask_again()
            self.sandbox.video.render_seconds = self.chance.choice(RENDER_SECONDS)
            places = self.chance.choices(PLACES, k=self.chance.randint(1, MOST_AT_ONCE))
            await asyncio.gather(*(self._ask(user, channel) for user, channel in places))

    async def ask_again(self) -> None:
        """Deliver what nobody acknowledged once more, as it is: Slack does so at times."""
        for delivery in self.asked:
            if delivery.acks[-1].problem is not None:
                self._choose_web()
                await self.sandbox.slack.dispatcher.deliver_again(delivery)

    async def all_listen(self) -> None:
        """Wait until every process has started."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                if all(one.port is not None for one in self.members):
                    return
                await asyncio.sleep(POLL_SECONDS)

    async def all_end(self) -> None:
        """Wait until every job has ended; an operator lets those go on that three kills parked."""
        async with asyncio.timeout(END_SECONDS):
            while True:
                waiting = [job for job in self.jobs() if job.stage not in TERMINAL]
                if not waiting:
                    return
                await self._resume(job.id for job in waiting if job.problem == CRASHED)
                await asyncio.sleep(POLL_SECONDS)

    def jobs(self) -> list[Job]:
        """Return all requests that were accepted, the oldest first."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            rows = connection.execute(b"SELECT * FROM jobs ORDER BY seq").fetchall()
        return [job for job in map(JOBS.from_row, rows) if job.stage in REQUESTED]

    def violations(self, mismatches: Iterable[object]) -> Iterator[str]:
        """Yield what breaks a promise."""
        jobs = self.jobs()
        try:
            invariants.check(self.sandbox, jobs, invariants.acknowledged(self.asked))
            invariants.check_log(
                self.sandbox, (line for one in self.members for line in one.lines())
            )
        except (AssertionError, ValueError):
            yield traceback.format_exc(limit=-2)
        known = {job.dedup_key for job in jobs}
        for key in self._not_taken() & known:
            yield f"It was told that nothing was started: {key}"
        used = total(exposure(job).total for job in jobs if job.user == BEN)
        if used > self.cap:
            yield f"{used} is above the cap of {self.cap}"
        for mismatch in mismatches:
            yield f"A counter is wrong: {mismatch}"
        yield from history.violations(history.read(self.url), frozenset(WORKERS))

    def _not_taken(self) -> set[str]:
        """Return the keys of commands that were delivered once, and not taken."""
        return {
            f"command:{TEAM}:{delivery.payload['trigger_id']}"
            for delivery in self.asked
            if len(delivery.acks) == 1 and NOT_TAKEN in str(delivery.ack.body)
        }

    async def _ask(self, user: str, channel: str) -> None:
        self._choose_web()
        text = f"{invariants.PROMPT}, take {next(self.takes)}"
        self.asked.append(await self.type(text, user=user, channel=channel))

    def _choose_web(self) -> None:
        """Let the next delivery go to any process that listens, as a load balancer does."""
        ports = [one.port for one in self.members if one.name in WEBS]
        open_ports = [port for port in ports if port is not None]
        if open_ports:
            self.sandbox.deliver_to_port(self.chance.choice(open_ports))

    async def _resume(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            store = await PostgresStore.open(self.url, owner=False)
            with suppress(IllegalTransitionError):
                await store.jobs.resume(job_id, await store.now())
            await store.close()


async def measure(lives: int, seed: int) -> Found:
    """Disturb a formation until so many lives of its processes are over, and check its history.

    A life is the time of one process between two events that the nemesis has for it.
    """
    began = time.monotonic()
    cap = PRICE * max(4, lives // 10)
    async with _running(seed, cap) as run:
        await run.all_listen()
        asking = [asyncio.create_task(run.go_on_asking()) for _ in range(ASKERS)]
        await run.nemesis.strike(lives)
        await run.nemesis.leave()
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await run.all_listen()
        await run.ask_again()
        violations = []
        try:
            await run.all_end()
        except TimeoutError:
            late = [job for job in run.jobs() if job.stage not in TERMINAL]
            violations += [f"Not ended: {job}" for job in late]
        codes = await asyncio.gather(*(one.leave() for one in run.members))
        violations += [f"Exit codes {codes}"] if any(codes) else []
        store = await PostgresStore.open(run.url, owner=False)
        mismatches = await store.budgets.mismatches()
        await store.close()
        violations += run.violations(mismatches)
        return Found(
            happened=run.nemesis.happened,
            asked=len(run.asked),
            acknowledged=len(invariants.acknowledged(run.asked)),
            jobs=len(run.jobs()),
            starts=sum(len(one.bots) for one in run.members),
            writes=len(history.read(run.url)),
            refused=sum("has no room" in str(one.acks[-1].body) for one in run.asked),
            seconds=time.monotonic() - began,
            violations=violations,
        )


@asynccontextmanager
async def _running(seed: int, cap: Decimal) -> AsyncIterator[Run]:
    """Run the server, the services and the processes while the context lasts."""
    chance = random.Random(seed)
    with running_server(survives_crash=True) as server:
        await _prepare(server, cap)
        async with (
            running_sandbox() as sandbox,
            AsyncExitStack() as stack,
        ):
            environment = sandbox.environment(socket_mode=False) | FAST
            environment |= {"MAX_ACTIVE_PER_PERSON": "1000"}
            members = [
                await stack.enter_async_context(
                    member(
                        name,
                        ("-m", "bot", name.partition(".")[0]),
                        environment,
                        folder=sandbox.folder,
                        sockets=server.folder,
                    )
                )
                for name in (*WEBS, *WORKERS)
            ]
            nemesis = Nemesis(members=members, server=server, chance=random.Random(chance.random()))
            yield Run(
                sandbox=sandbox,
                url=server.url("nemesis"),
                members=members,
                nemesis=nemesis,
                chance=chance,
                cap=cap,
            )


async def _prepare(server: Server, cap: Decimal) -> None:
    """Make the database with a cap, a role for each process, and the history."""
    server.run("CREATE DATABASE nemesis")
    for name in (*WEBS, *WORKERS):
        server.run(f'CREATE ROLE "{name}" SUPERUSER LOGIN')
    store = await PostgresStore.open(server.url("nemesis"))
    bens = Cap(scope=BENS, window=Window.ONCE, limit=cap)
    await store.budgets.set_cap(bens, MIA, await store.now())
    policy = Policy(unknown_price=UnknownPrice.HOLD, unknown_hold=PRICE)
    await store.budgets.set_policy(TEAM, policy, MIA, await store.now())
    await store.close()
    history.install(server.url("nemesis"))
