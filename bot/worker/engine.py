"""Claim due rows, run their steps with bounded concurrency, commit the results."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, assert_never

import structlog

from bot.base.errors import BotError, OperatorMustActError, PermitLaterError
from bot.base.prompts import PROMPTS
from bot.base.traces import NO_TRACER, Attribute, Tracer, note, spanning
from bot.jobs.services import Services
from bot.worker.context import Claim
from bot.worker.gate import Gate
from bot.worker.result import Park, Result, Snooze, conclude, permit_of
from bot.worker.retry import after_error
from bot.worker.step_span import begin_step_span
from bot.worker.suspects import SuspectLock
from storage.home import HomeView
from storage.job import Instant, Job, Stage
from storage.notification import Notification
from storage.store import (
    LEASE_SECONDS,
    MOST_CRASHES,
    ClaimLimit,
    Queue,
    Row,
    StaleFenceError,
    StoreBrokenError,
    StoreError,
)

Step: TypeAlias = Callable[[Claim[Row]], Awaitable[Result[Row]]]
"""Does one unit of work for a claimed row. Safe to repeat."""

_Signals: TypeAlias = tuple[Instant | None, ...]

# Leases that no commit renews, because a step waits for an answer, are renewed together, in one
# write. Two such writes in a row may fail before a lease ends.
RENEW_SECONDS = 4.0
# A lease that is younger can wait for the next time.
_YOUNG_SECONDS = 1.0
# After a write that failed.
_RENEW_AGAIN_SECONDS = 1.0

# Of a pool, in units of its size, with those that wait for a time.
_MOST_RUNS = 4

SLOTS_BESIDE_RESULTS = 2
"""How many steps of another pool run at once while rows wait for one that brings results: not none,
since a MindVideo that does not answer would keep messages back that confirm requests."""

CRASHED = "It stopped this bot three times."
"""The problem of a job whose step killed the process, for its user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Steps that share one limit on concurrency: `size` of them run at the same time.

    A step that waits for a time, such as that of its permit, does not count. When several waits
    end together, more than `size` may run, but never more than `_MOST_RUNS` times as many.
    """

    steps: tuple[str, ...]
    size: int
    brings_results: bool = False
    """Whether the steps bring what was begun to its user: they come before those that begin."""


class _Run(Generic[Row]):
    """A claimed row whose steps are running."""

    def __init__(self, claim: Claim[Row], pool: Pool) -> None:
        self.claim: Claim[Row] = claim
        self.pool = pool
        self.is_over = False
        """Whether its last step's result, which releases the row, is being committed."""
        self.task: asyncio.Task[None]


class Engine(Generic[Row]):
    """Runs the steps of the rows of one queue. The scheduler calls `tick`.

    `kind` names the rows in logs, and in metrics unless they are jobs. Pools are bulkheads: a slow
    service or a long upload in one pool delays no step of another. But while rows wait for a pool
    that brings results, each of the others has `SLOTS_BESIDE_RESULTS`: a process that begins more
    than it can bring to an end would let every result wait behind new requests.
    """

    def __init__(
        self,
        queue: Queue[Row],
        steps: Mapping[str, Step[Row]],
        services: Services,
        *,
        kind: str,
        pools: Sequence[Pool],
        gate: Gate,
        suspects: SuspectLock,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._queue: Queue[Row] = queue
        self._steps: Mapping[str, Step[Row]] = steps
        self._services = services
        self._kind = kind
        self._parked_event = f"{kind}_parked"
        self._pools = pools
        self._gate = gate
        self._suspects = suspects
        self._tracer = tracer
        self._running: dict[str, _Run[Row]] = {}
        self._renewal: asyncio.TimerHandle | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._stopping = False
        self._more_is_due = False
        self._crowded = frozenset(pools)
        """The pools for which rows may wait that the last claim had no room for."""
        self._results_wait = False
        """Whether rows may wait for a pool that brings results, as far as the last claim told."""
        self._broken: StoreBrokenError | None = None
        self._log = structlog.get_logger("engine")

    async def tick(self) -> int:
        """Claim as many due rows as the pools have free slots, and start their steps.

        Returns how many rows were claimed. Raises `StoreBrokenError` after a write that may or may
        not be on disk: the process must end and open the store again.
        """
        if self._broken:
            raise self._broken
        if self._stopping:
            return 0
        suspects = await self._start_suspect()
        if self._suspects.holds_others(self._services.now()):
            return suspects
        limits = [ClaimLimit(self._free_slots(pool), pool.steps) for pool in self._pools]
        self._crowded = frozenset(self._pools)
        if not any(limit.rows > 0 for limit in limits):
            return suspects
        self._more_is_due = False
        claimed = await self._claim(limits)
        self._crowded = frozenset(
            pool
            for pool, limit in zip(self._pools, limits, strict=True)
            if sum(row.step in limit.steps for row in claimed) >= limit.rows
        )
        self._results_wait = any(pool.brings_results for pool in self._crowded)
        return suspects + len(claimed)

    async def _start_suspect(self) -> int:
        """Start a row that may have killed the process, if no other one runs; return how many."""
        if not self._suspects.is_free:
            return 0
        now = self._services.now()
        steps = tuple(step for pool in self._pools for step in pool.steps)
        claimed = await self._claim([ClaimLimit(1, steps, suspects=True)])
        for row in claimed:
            self._suspects.acquire(row.id, now)
        return len(claimed)

    async def _claim(self, limits: Sequence[ClaimLimit]) -> Sequence[Row]:
        """Claim due rows and start their steps."""
        requested_at = self._services.uptime()
        claimed = await self._queue.claim(self._services.now(), LEASE_SECONDS, limits)
        for row in claimed:
            self._start(row, requested_at)
        return claimed

    async def drain(self) -> None:
        """Wait until the result of every step that was started has been committed."""
        while self._running:
            await asyncio.wait([run.task for run in self._running.values()])

    async def stop(self, seconds: float) -> None:
        """Start no more steps, give running ones `seconds` to end, then cancel them.

        To cancel a step is safe: its intent is on disk, and the next claim searches for the effect
        before it repeats it.
        """
        self._stopping = True
        tasks = [run.task for run in self._running.values()]
        if not tasks:
            return
        _, unfinished = await asyncio.wait(tasks, timeout=seconds)
        for task in unfinished:
            task.cancel()
        if self._renewing is not None:
            unfinished.add(self._renewing)
        await asyncio.gather(*unfinished, return_exceptions=True)

    def _renew_after(self, seconds: float) -> None:
        """Renew the leases of what runs then."""
        loop = asyncio.get_running_loop()
        self._renewal = loop.call_later(seconds, self._begin_renewal)

    def _begin_renewal(self) -> None:
        self._renewal = None
        self._renewing = asyncio.create_task(self._renew(), name=f"{self._kind} renewal")

    async def _renew(self) -> None:
        """Renew leases that are older than a second; end runs whose row was taken over."""
        pause = RENEW_SECONDS
        try:
            await self._renew_old()
        except StoreBrokenError as error:
            self._broken = error
        except StoreError as error:
            pause = _RENEW_AGAIN_SECONDS
            self._log.error("leases_not_renewed", problem=str(error))
        if self._running and self._renewal is None:
            self._renew_after(pause)

    async def _renew_old(self) -> None:
        requested_at = self._services.uptime()
        held = [
            run
            for run in self._running.values()
            if requested_at - run.claim.leased_at >= _YOUNG_SECONDS and not run.is_over
        ]
        if not held:
            return
        until = self._services.now() + LEASE_SECONDS
        kept = await self._queue.renew([run.claim.row for run in held], until)
        for run in held:
            if run.claim.row.id in kept:
                run.claim.leased_at = max(run.claim.leased_at, requested_at)
            elif not run.is_over:
                run.task.cancel()

    def _free_slots(self, pool: Pool) -> int:
        is_limited = self._results_wait and not pool.brings_results
        size = min(pool.size, SLOTS_BESIDE_RESULTS) if is_limited else pool.size
        claims = [run.claim for run in self._running.values() if run.pool is pool]
        used = sum(not claim.is_waiting for claim in claims)
        return min(size - used, _MOST_RUNS * pool.size - len(claims))

    def _start(self, row: Row, leased_at: float) -> None:
        [pool] = [pool for pool in self._pools if row.step in pool.steps]
        claim = Claim(row, self._queue, self._services, leased_at=leased_at)
        run = _Run(claim, pool)
        run.task = asyncio.create_task(self._run_steps(run), name=f"{self._kind} {row.id}")
        # Also of a task that is cancelled before it begins.
        run.task.add_done_callback(lambda _: self._forget(run))
        self._running[row.id] = run
        if self._renewal is None:
            self._renew_after(RENEW_SECONDS)

    def _forget(self, run: _Run[Row]) -> None:
        row_id = run.claim.row.id
        # The run of a later claim of the same row may have taken its place.
        if self._running.get(row_id) is run:
            del self._running[row_id]
        if not self._running and self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None

    async def _run_steps(self, run: _Run[Row]) -> None:
        claim = run.claim
        log = self._log.bind(**{self._kind: claim.row.id})
        # Of this task and those that it starts.
        PROMPTS.set(claim.prompts)
        try:
            goes_on, pool = True, None
            while goes_on:
                if run.pool is not pool:
                    pool = run.pool
                    await self._gate.wait(brings_result=pool.brings_results)
                    if self._stopping:
                        await claim.write(replace(claim.row, lease_until=None), None)
                        return
                goes_on = await self._trace_step(run, claim)
        except StaleFenceError as error:
            # The row is claimed again: by another process, or once its lease has ended.
            log.warning("claim_lost", step=claim.row.step, problem=str(error))
        except StoreBrokenError as error:
            self._broken = error
        except StoreError as error:
            # The row keeps its lease, and is claimed again when that has expired.
            log.error("store_failed", problem=str(error))  # noqa: TRY400 - the message is enough
        except Exception:
            # As above; what was committed is kept.
            log.exception("run_failed")
        finally:
            self._forget(run)
            is_waited_for = self._more_is_due or run.pool in self._crowded
            if self._suspects.release(claim.row.id) or is_waited_for:
                self._services.wake()

    async def _trace_step(self, run: _Run[Row], claim: Claim[Row]) -> bool:
        """Run one step as `_run_step` does, in a span that continues the trace of its request."""
        if not self._tracer.is_on:
            return await self._run_step(run, claim)
        row = claim.row
        with spanning(begin_step_span(self._tracer, self._label(row.step), row)):
            return await self._run_step(run, claim)

    async def _run_step(self, run: _Run[Row], claim: Claim[Row]) -> bool:
        """Run one step and commit its result; return whether the run goes on with another step."""
        step, signals = claim.row.step, claim.row.signals
        began = time.perf_counter()
        result, outcome = await self._attempt(claim)
        try:
            goes_on = await self._commit(run, claim, result, signals)
        except StoreError:
            raise
        except Exception as error:
            log = self._log.bind(**{self._kind: claim.row.id})
            log.exception("answer_failed", step=step)
            fallback = after_error(claim.row, error, self._services.chance())
            goes_on = await self._commit(run, claim, fallback, signals)
        note(Attribute.OUTCOME, outcome)
        seconds = time.perf_counter() - began
        self._services.observer.step_done(self._label(step), outcome, seconds)
        return goes_on

    async def _commit(
        self, run: _Run[Row], claim: Claim[Row], result: Result[Row], signals: _Signals
    ) -> bool:
        """Commit a step's result; return whether the run goes on with another step.

        `signals` are those that the row had when the step began.
        """
        now, step = self._services.now(), claim.row.step
        after, event = conclude(result, now)
        if not isinstance(after, Job):
            # Only jobs have a timeline.
            event = None
        permit = permit_of(result)
        is_due = after.due_at is not None and after.due_at <= now and permit is None
        pool = self._next_pool(run, after) if is_due and not self._stopping else None
        goes_on = pool is not None
        if pool is not None:
            self._move(run, pool)
        else:
            # The next step is for another pool: the end of this run wakes the engine to claim it.
            self._more_is_due |= is_due
            after = replace(after, lease_until=None)
            if claim.row.signals != signals and not isinstance(after, Job):
                # A signal came before the step's last commit, which has it.
                after = replace(after, due_at=after.due_again(now))
        run.is_over = not goes_on
        was_parked = _parked_problem(claim.row) is not None
        row = await claim.write(after, event, permit=permit)
        if goes_on:
            claim.reserved_at = None
        problem = _parked_problem(row)
        if isinstance(result, Park) and problem is not None and not was_parked:
            # If no operator is configured to be notified, the log is the only report.
            log = self._log.bind(**{self._kind: row.id}, step=step)
            log.error(self._parked_event, problem=problem)
        is_due_later = row.due_at is not None and isinstance(row, Job)
        if row.signals != signals and not goes_on and is_due_later:
            # A signal, such as a cancel, came while the step ran: do not wait for the step's pause.
            await claim.write(replace(row, due_at=row.due_again(now)), None)
        return goes_on

    def _next_pool(self, run: _Run[Row], after: Row) -> Pool | None:
        """Return the pool in which the run can go on with a row that is due; `None`: in none now.

        It goes over to another pool that has room, unless rows may wait for that room, whose turn
        comes first. A row that may end the process has to be claimed for each step.
        """
        [pool] = [pool for pool in self._pools if after.step in pool.steps]
        if pool is run.pool:
            return pool
        has_room = pool not in self._crowded and self._free_slots(pool) > 0
        return pool if has_room and run.claim.row.crashes == 0 else None

    def _move(self, run: _Run[Row], pool: Pool) -> None:
        """Let a run take a slot of a pool, and look for rows that wait for the one it had."""
        if pool is not run.pool and run.pool in self._crowded:
            self._services.wake()
        run.pool = pool

    async def _attempt(self, claim: Claim[Row]) -> tuple[Result[Row], str]:
        log = self._log.bind(**{self._kind: claim.row.id}, step=claim.row.step)
        if claim.row.crashes >= MOST_CRASHES:
            log.error("step_killed_process", crashes=claim.row.crashes)
            detail = f"The process died {claim.row.crashes} times in {claim.row.step}."
            return Park(row=claim.row, problem=CRASHED, detail=detail), "crashed"
        try:
            result = await self._steps[claim.row.step](claim)
        except StoreError:
            raise
        except PermitLaterError as error:
            return Snooze(row=claim.row, after=error.after, permit=error.permit), "paced"
        except BotError as error:
            name = type(error).__name__
            level = log.error if isinstance(error, OperatorMustActError) else log.warning
            level("step_retried", kind=name, problem=error.in_full, code=error.code)
            return after_error(claim.row, error, self._services.chance()), name
        except Exception as error:
            log.exception("step_failed")
            return after_error(claim.row, error, self._services.chance()), "surprise"
        return result, type(result).__name__.lower()

    def _label(self, step: str) -> str:
        return step if self._kind == "job" else f"{self._kind}_{step}"


def _parked_problem(row: Row) -> str | None:
    """Return why the row waits for an operator, or `None` if it does not."""
    match row:
        case Job():
            return row.problem or "" if row.stage is Stage.PARKED else None
        case Notification():
            return row.problem if row.is_given_up else None
        case HomeView():
            return None
        case _:
            assert_never(row)
