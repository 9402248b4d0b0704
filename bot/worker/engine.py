"""Claim what is due, run its step with bounded concurrency, commit what the step answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import structlog

from bot.base.errors import BotError, OperatorMustActError
from bot.options.schema import PROMPT
from bot.worker.context import Tools, Turn
from bot.worker.gate import Turnstile
from bot.worker.result import Result, conclude
from bot.worker.retry import after_surprise, after_trouble
from storage.job import Job, Stage
from storage.store import Room, StaleFenceError, StoreBrokenError, StoreError

Step: TypeAlias = Callable[[Turn], Awaitable[Result]]

_Wishes: TypeAlias = tuple[float | None, float | None]

# A lease outlives several ticks, so that one slow moment does not lose it, and is short enough
# that another process takes over within a minute.
LEASE_SECONDS = 60.0
RENEW_BEFORE_SECONDS = 40.0

# A prompt that is quoted may be cut; one or two characters stand in any sentence and tell nothing.
LONGEST_QUOTE = 20
SHORTEST_QUOTE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Stages whose steps wait for the same thing, and how many of them run at the same time."""

    stages: tuple[Stage, ...]
    size: int


# Bulkheads: uploads of minutes, or a MindVideo that does not answer, must not keep people from
# seeing that their asks were taken. All get their turn between two acknowledgements, so that more
# would make people wait; each holds at most a few buffers of a stream.
POOLS = (
    Pool(stages=(Stage.ACCEPTED, Stage.REJECTED, Stage.PARKED), size=6),
    Pool(stages=(Stage.ANNOUNCED, Stage.RENDERING, Stage.DELIVERED), size=12),
    Pool(stages=(Stage.FINISHED,), size=6),
)


class Observer(Protocol):
    """Hears what the engine does, for metrics."""

    def step_done(self, stage: Stage, result: str, seconds: float) -> None:
        """A step ended; `result` is its kind in lower case, or the kind of its trouble."""


@dataclass(slots=True)
class _Run:
    """A claimed job on its way."""

    claimed: Job
    """The row with our fence, and the lease as renewed."""
    pool: Pool
    task: asyncio.Task[None] = field(init=False)


class Engine:
    """Runs the steps of claimed jobs. `tick` is what the clock and the tests drive.

    `chance` gives random numbers from 0 to 1; `wake` asks for a tick as soon as there is room.
    """

    def __init__(
        self,
        tools: Tools,
        steps: Mapping[Stage, Step],
        *,
        chance: Callable[[], float],
        observer: Observer,
        wake: Callable[[], None],
        pools: Sequence[Pool] = POOLS,
    ) -> None:
        self._tools = tools
        self._chance = chance
        self._observer = observer
        self._wake = wake
        self._pools = pools
        self._steps = steps
        self._turnstile = Turnstile()
        self._running: dict[str, _Run] = {}
        self._stopping = False
        self._more_is_due = False
        self._broken: StoreBrokenError | None = None
        self._log = structlog.get_logger("engine")

    async def tick(self) -> int:
        """Start the steps of what is due, as far as there is room; return how many were started.

        Raises `StoreBrokenError` once the store cannot tell what is on disk: the process must
        end and read the file anew.
        """
        if self._broken:
            raise self._broken
        await self._renew()
        if self._stopping:
            return 0
        rooms = [Room(pool.size - self._taken(pool), pool.stages) for pool in self._pools]
        if not any(room.limit > 0 for room in rooms):
            return 0
        self._more_is_due = False
        claimed = await self._tools.store.claim(self._tools.now(), LEASE_SECONDS, rooms)
        for job in claimed:
            self._start(job)
        for room in rooms:
            found = sum(job.stage in room.stages for job in claimed)
            self._more_is_due |= found == room.limit > 0
        return len(claimed)

    def make_way(self) -> None:
        """Let steps begin one by one for a moment: a person waits for an answer."""
        self._turnstile.make_way()

    async def drain(self) -> None:
        """Wait until every step that was started has been committed."""
        while self._running:
            await asyncio.wait([run.task for run in self._running.values()])

    async def stop(self, seconds: float) -> None:
        """Start nothing more, give running steps `seconds` to end, then let go of their jobs.

        A step that is cut off is safe: its intent is on disk, and the next claim looks first.
        """
        self._stopping = True
        tasks = [run.task for run in self._running.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _renew(self) -> None:
        now = self._tools.now()
        held = [
            run.claimed
            for run in self._running.values()
            if (run.claimed.lease_until or 0.0) - now < RENEW_BEFORE_SECONDS
        ]
        if not held:
            return
        kept = await self._tools.store.renew(held, now + LEASE_SECONDS)
        for job in held:
            current = self._running.get(job.id)
            if current is None:
                continue
            if job.id in kept:
                current.claimed = replace(job, lease_until=now + LEASE_SECONDS)
            else:
                current.task.cancel()

    def _taken(self, pool: Pool) -> int:
        return sum(run.pool is pool for run in self._running.values())

    def _start(self, job: Job) -> None:
        [pool] = [pool for pool in self._pools if job.stage in pool.stages]
        run = _Run(claimed=job, pool=pool)
        run.task = asyncio.create_task(self._take_steps(run), name=f"job {job.id}")
        self._running[job.id] = run

    async def _take_steps(self, run: _Run) -> None:
        job = run.claimed
        turn = Turn(job, self._tools)
        try:
            await self._turnstile.pass_through()
            if self._stopping:
                await turn.write(replace(turn.job, lease_until=None), None)
                return
            while await self._take_step(run, turn):
                pass
        except StaleFenceError:
            self._log.warning("claim_lost", job=job.id, stage=job.stage)
        except StoreBrokenError as error:
            self._broken = error
        except StoreError as error:
            # The row keeps its lease and comes up again when that has run out.
            self._log.error("store_trouble", job=job.id, problem=str(error))
        except Exception:
            # As above, and what was committed stands.
            log = self._log.bind(job=job.id)
            log.exception("run_failed")
        finally:
            # A later claim of the same job may stand here already.
            if self._running.get(job.id) is run:
                del self._running[job.id]
            if self._more_is_due:
                self._wake()

    async def _take_step(self, run: _Run, turn: Turn) -> bool:
        """Run one step and commit its answer; tell whether the next step is due at once."""
        stage, wishes = turn.job.stage, _wishes(turn.job)
        began = time.perf_counter()
        result, kind = await self._attempt(turn)
        try:
            goes_on = await self._commit(run, turn, result, wishes)
        except StoreError:
            raise
        except Exception as error:
            log = self._log.bind(job=turn.job.id, stage=stage)
            log.exception("answer_failed")
            sorry = after_surprise(turn.job, error, self._chance())
            goes_on = await self._commit(run, turn, sorry, wishes)
        self._observer.step_done(stage, kind, time.perf_counter() - began)
        return goes_on

    async def _commit(self, run: _Run, turn: Turn, result: Result, wishes: _Wishes) -> bool:
        """Commit a step's answer; tell whether the next step is due at once.

        `wishes` are those that stood when the step began.
        """
        now = self._tools.now()
        after, event = conclude(result, now)
        is_due = after.due_at is not None and after.due_at <= now
        goes_on = is_due and not self._stopping and after.stage in run.pool.stages
        if not goes_on:
            # Another pool takes it up, once the end of this run has woken the engine.
            self._more_is_due |= is_due
            after = replace(after, lease_until=None)
        was_parked = turn.job.stage is Stage.PARKED
        row = await turn.write(after, event)
        if row.stage is Stage.PARKED and not was_parked:
            # Where nobody is named to be told, the log is what an operator has.
            problem = _unquoted(row.problem or "", row)
            self._log.error("job_parked", job=row.id, left=row.parked_from, problem=problem)
        if _wishes(row) != wishes and not goes_on and row.due_at is not None:
            # Somebody wished something while the step ran, and its pause must not outlast that.
            await turn.write(replace(row, due_at=now), None)
        return goes_on

    async def _attempt(self, turn: Turn) -> tuple[Result, str]:
        log = self._log.bind(job=turn.job.id, stage=turn.job.stage)
        try:
            result = await self._steps[turn.job.stage](turn)
        except StoreError:
            raise
        except BotError as error:
            kind = type(error).__name__
            level = log.error if isinstance(error, OperatorMustActError) else log.warning
            problem = _unquoted(str(error), turn.job)
            level("step_trouble", kind=kind, problem=problem, code=error.code)
            return after_trouble(turn.job, error, self._chance()), kind
        except Exception as error:
            log.exception("step_failed")
            return after_surprise(turn.job, error, self._chance()), "surprise"
        return result, type(result).__name__.lower()


def _unquoted(problem: str, job: Job) -> str:
    """Return a problem up to where it quotes the prompt: services do, and the log must not."""
    quoted = " ".join(str(job.input.get(PROMPT, "")).split())[:LONGEST_QUOTE]
    if len(quoted) < SHORTEST_QUOTE:
        return problem
    before, found, _ = problem.partition(quoted)
    return f"{before}[prompt]" if found else problem


def _wishes(job: Job) -> _Wishes:
    return job.cancel_requested_at, job.unfollowed_at
