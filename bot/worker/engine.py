"""Claim what is due, run its step with bounded concurrency, commit what the step answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, assert_never

import structlog

from bot.base.errors import BotError, OperatorMustActError
from bot.jobs.services import Services
from bot.worker.context import Claim
from bot.worker.gate import Gate
from bot.worker.result import Park, Result, conclude
from bot.worker.retry import after_error
from storage.home import HomeView
from storage.job import Instant, Job, Stage
from storage.notification import Notification
from storage.store import Queue, Room, Row, StaleFenceError, StoreBrokenError, StoreError

Step: TypeAlias = Callable[[Claim[Row]], Awaitable[Result[Row]]]
"""Does one thing for a claimed row. Safe to repeat."""

_Signals: TypeAlias = tuple[Instant | None, ...]

# A lease outlives several ticks, so that one slow moment does not lose it, and is short enough
# that another process takes over within a minute.
LEASE_SECONDS = 60.0
RENEW_BEFORE_SECONDS = 40.0

# A prompt that is quoted may be cut; one or two characters are in any sentence and tell nothing.
LONGEST_QUOTE = 20
SHORTEST_QUOTE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Steps that wait for the same thing, and how many of them run at the same time."""

    steps: tuple[str, ...]
    size: int


class _Run(Generic[Row]):
    """A claimed row whose steps are being taken."""

    def __init__(self, claimed: Row, pool: Pool) -> None:
        self.claimed: Row = claimed
        """The row with our fence, and the lease as renewed."""
        self.pool = pool
        self.task: asyncio.Task[None]


class Engine(Generic[Row]):
    """Runs the steps of the rows of one queue. `tick` is what the scheduler and tests drive.

    `kind` names the rows in logs, and in metrics unless they are jobs. Pools are bulkheads: a slow
    service or a long upload in one keeps no step of another waiting.
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
    ) -> None:
        self._queue: Queue[Row] = queue
        self._steps: Mapping[str, Step[Row]] = steps
        self._services = services
        self._kind = kind
        self._parked = f"{kind}_parked"
        self._pools = pools
        self._gate = gate
        self._running: dict[str, _Run[Row]] = {}
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
        rooms = [Room(pool.size - self._taken(pool), pool.steps) for pool in self._pools]
        if not any(room.limit > 0 for room in rooms):
            return 0
        self._more_is_due = False
        claimed = await self._queue.claim(self._services.now(), LEASE_SECONDS, rooms)
        for row in claimed:
            self._start(row)
        for room in rooms:
            found = sum(row.step in room.steps for row in claimed)
            self._more_is_due |= found == room.limit > 0
        return len(claimed)

    async def drain(self) -> None:
        """Wait until every step that was started has been committed."""
        while self._running:
            await asyncio.wait([run.task for run in self._running.values()])

    async def stop(self, seconds: float) -> None:
        """Start nothing more, give running steps `seconds` to end, then let go of their rows.

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
        now = self._services.now()
        held = [
            run.claimed
            for run in self._running.values()
            if (run.claimed.lease_until or 0.0) - now < RENEW_BEFORE_SECONDS
        ]
        if not held:
            return
        kept = await self._queue.renew(held, now + LEASE_SECONDS)
        for row in held:
            current = self._running.get(row.id)
            if current is None:
                continue
            if row.id in kept:
                current.claimed = replace(row, lease_until=now + LEASE_SECONDS)
            else:
                current.task.cancel()

    def _taken(self, pool: Pool) -> int:
        return sum(run.pool is pool for run in self._running.values())

    def _start(self, row: Row) -> None:
        [pool] = [pool for pool in self._pools if row.step in pool.steps]
        run = _Run(row, pool)
        run.task = asyncio.create_task(self._take_steps(run), name=f"{self._kind} {row.id}")
        self._running[row.id] = run

    async def _take_steps(self, run: _Run[Row]) -> None:
        row_id = run.claimed.id
        claim = Claim(run.claimed, self._queue, self._services)
        log = self._log.bind(**{self._kind: row_id})
        try:
            await self._gate.wait()
            if self._stopping:
                await claim.write(replace(claim.row, lease_until=None), None)
                return
            while await self._take_step(run, claim):
                pass
        except StaleFenceError:
            log.warning("claim_lost", step=claim.row.step)
        except StoreBrokenError as error:
            self._broken = error
        except StoreError as error:
            # The row keeps its lease and comes up again when that has run out.
            log.error("store_failed", problem=str(error))  # noqa: TRY400 - the sentence says it all
        except Exception:
            # As above, and what was committed is kept.
            log.exception("run_failed")
        finally:
            # A later claim of the same row may be here already.
            if self._running.get(row_id) is run:
                del self._running[row_id]
            if self._more_is_due:
                self._services.wake()

    async def _take_step(self, run: _Run[Row], claim: Claim[Row]) -> bool:
        """Run one step and commit its answer; tell whether the next step is due at once."""
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
            sorry = after_error(claim.row, error, self._services.chance())
            goes_on = await self._commit(run, claim, sorry, signals)
        seconds = time.perf_counter() - began
        self._services.observer.step_done(self._label(step), outcome, seconds)
        return goes_on

    async def _commit(
        self, run: _Run[Row], claim: Claim[Row], result: Result[Row], signals: _Signals
    ) -> bool:
        """Commit a step's answer; tell whether the next step is due at once.

        `signals` are those that the row had when the step began.
        """
        now, step = self._services.now(), claim.row.step
        after, event = conclude(result, now)
        if not isinstance(after, Job):
            # Only jobs have a timeline.
            event = None
        is_due = after.due_at is not None and after.due_at <= now
        goes_on = is_due and not self._stopping and after.step in run.pool.steps
        if not goes_on:
            # Another pool takes it up, once the end of this run has woken the engine.
            self._more_is_due |= is_due
            after = replace(after, lease_until=None)
        was_parked = _why_parked(claim.row) is not None
        row = await claim.write(after, event)
        why = _why_parked(row)
        if isinstance(result, Park) and why is not None and not was_parked:
            # Where nobody is named to be told, the log is what an operator has.
            log = self._log.bind(**{self._kind: row.id}, step=step)
            log.error(self._parked, problem=_unquoted(why, claim))
        may_be_due = row.due_at is not None or not isinstance(row, Job)
        if row.signals != signals and not goes_on and may_be_due:
            # Somebody changed something while the step ran, and its pause must not outlast that.
            await claim.write(replace(row, due_at=row.due_again(now)), None)
        return goes_on

    async def _attempt(self, claim: Claim[Row]) -> tuple[Result[Row], str]:
        log = self._log.bind(**{self._kind: claim.row.id}, step=claim.row.step)
        try:
            result = await self._steps[claim.row.step](claim)
        except StoreError:
            raise
        except BotError as error:
            name = type(error).__name__
            level = log.error if isinstance(error, OperatorMustActError) else log.warning
            level("step_retried", kind=name, problem=_unquoted(str(error), claim), code=error.code)
            return after_error(claim.row, error, self._services.chance()), name
        except Exception as error:
            log.exception("step_failed")
            return after_error(claim.row, error, self._services.chance()), "surprise"
        return result, type(result).__name__.lower()

    def _label(self, step: str) -> str:
        return step if self._kind == "job" else f"{self._kind}_{step}"


def _why_parked(row: Row) -> str | None:
    """Return why a person must look at the row; `None`: nobody must."""
    match row:
        case Job():
            return row.problem or "" if row.stage is Stage.PARKED else None
        case Notification():
            return row.problem if row.is_given_up else None
        case HomeView():
            return None
        case _:
            assert_never(row)


def _unquoted(problem: str, claim: Claim[Row]) -> str:
    """Return a problem up to where it quotes a prompt: services do, and the log must not."""
    for prompt in claim.prompts:
        quoted = " ".join(prompt.split())[:LONGEST_QUOTE]
        before, found, _ = problem.partition(quoted) if len(quoted) >= SHORTEST_QUOTE else ("",) * 3
        if found:
            return f"{before}[prompt]"
    return problem
