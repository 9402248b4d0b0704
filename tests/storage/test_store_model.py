"""The real store against a model of it: two engines, expiring leases, crashes, in any order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from storage.budget import Cap, NotAdmitted, Scope, ScopeKind, Window
from storage.job import (
    TERMINAL,
    Event,
    EventName,
    IllegalTransitionError,
    Job,
    Stage,
    check_transition,
)
from storage.store import SUSPECT_CRASHES, Inserted, StaleFenceError
from tests.support.modelled_store import CrashPoint, ModelledPostgres, ModelledStore, merged
from tests.support.postgres import Server
from tests.support.store_samples import ACCEPTED, NOW, a_job, a_limit

pytestmark = pytest.mark.proof

Claimed: TypeAlias = "MultipleResults[Job] | Job"

LEASE = 30.0
STEPPED = Event(at=NOW, name=EventName.STATE)
ENGINES = st.integers(0, 1)
NUMBERS = st.integers(1, 3)
PRICES = st.sampled_from([Decimal(1), Decimal("1.5"), Decimal("2.000001")])
CAP = Decimal("4.5")
PERSON_CAP = Cap(
    scope=Scope(kind=ScopeKind.PERSON, team="T1", name="U1"), window=Window.ONCE, limit=CAP
)
NO_AMOUNTS = (None, None)
CRASHES: st.SearchStrategy[CrashPoint] = st.sampled_from(
    [*[None] * 8, "before the commit", "after the commit"]
)


class StoreMachine(RuleBasedStateMachine):
    """Does to a store and to a dictionary of rows the same, and compares after each step."""

    threads = False
    claims: Bundle[Job] = Bundle("claims")
    """Every row that an engine was ever given, most of them stale by now."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.fences_given: set[tuple[str, int]] = set()
        self.ended: dict[str, Stage] = {}
        self.model = self.made()

    def made(self) -> ModelledStore:
        """Return the store and its model."""
        return ModelledStore(threads=self.threads)

    def teardown(self) -> None:
        """Let go of the files."""
        self.model.close()

    @initialize()
    def begin_with_work(self) -> None:
        """Most of what can go wrong needs a job."""
        self.model.run(self.model.engines[0].budgets.set_cap(PERSON_CAP, "U9", NOW))
        self.insert(1, Decimal(1), engine=0, crash=None, other_id=False)

    @rule(
        number=NUMBERS,
        price=PRICES,
        other_id=st.booleans(),
        engine=ENGINES,
        crash=CRASHES,
    )
    def insert(
        self, number: int, price: Decimal, engine: int, crash: CrashPoint, *, other_id: bool
    ) -> None:
        """An ask arrives, for the first time or again, then perhaps under another ID.

        A new one for which the cap has no room is refused.
        """
        asked = replace(a_job(number), due_at=self.now, reserved=price)
        standing = self.model.rows.get(asked.id)
        job = replace(asked, id="another") if standing and other_id else asked
        inserting = self.model.engines[engine].jobs.insert(job, ACCEPTED)
        if standing is None and self.model.exposed + price > CAP:
            assert isinstance(self.model.run(inserting), NotAdmitted)
            return
        result = self.model.do(
            inserting,
            {} if standing else {job.id: job},
            crash,
            ACCEPTED,
        )
        assert result in (None, Inserted(job=standing or job, is_new=standing is None))

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE, 10 * LEASE]))
    def time_passes(self, seconds: float) -> None:
        """Jobs become due, leases expire."""
        self.now += seconds

    @rule(
        target=claims,
        limit=st.integers(1, 3),
        engine=ENGINES,
        crash=CRASHES,
        suspects=st.booleans(),
    )
    def claim(self, limit: int, engine: int, crash: CrashPoint, *, suspects: bool) -> Claimed:
        """An engine asks for work and gets the longest due first, each with a fence of its own."""
        return multiple(*self._claim(limit, engine, crash, suspects=suspects))

    def _claim(
        self, limit: int, engine: int, crash: CrashPoint, *, suspects: bool = False
    ) -> list[Job]:
        free = [
            job
            for job in self.model.rows.values()
            if job.due_at is not None
            and job.due_at <= self.now
            and (job.lease_until is None or job.lease_until <= self.now)
            and (job.crashes >= SUSPECT_CRASHES) is suspects
        ]
        # Of suspects first those that are nearest to their end.
        first = sorted(free, key=lambda job: (-job.crashes * suspects, job.due_at or 0))[:limit]
        expected = [
            replace(job, lease_until=self.now + LEASE, fence=job.fence + 1)
            for job in sorted(first, key=lambda job: job.due_at or 0)
        ]
        wanted = replace(a_limit(limit), suspects=suspects)
        claimed = self.model.do(
            self.model.engines[engine].jobs.claim(self.now, LEASE, [wanted]),
            {job.id: job for job in expected},
            crash,
        )
        if claimed is None:
            return []
        assert claimed == expected
        given = {(job.id, job.fence) for job in claimed}
        assert not given & self.fences_given
        self.fences_given |= given
        return claimed

    @rule(
        target=claims,
        held=claims,
        move=st.integers(0, 9),
        pause=st.none() | st.sampled_from([0.0, 1.0, LEASE]),
        release=st.booleans(),
        amounts=st.tuples(st.none() | PRICES, st.none() | PRICES),
        up_to_date=st.booleans(),
        engine=ENGINES,
        crash=CRASHES,
    )
    def apply(
        self,
        held: Job,
        move: int,
        pause: float | None,
        *,
        amounts: tuple[Decimal | None, Decimal | None],
        engine: int,
        crash: CrashPoint,
        release: bool,
        up_to_date: bool,
    ) -> Claimed:
        """An engine wants to write what its step found, whether its claim still stands or not."""
        row = self.model.rows[held.id]
        if up_to_date and row.lease_until is not None:
            held = row
        stage = _stage_after(held, move)
        after = replace(
            held,
            stage=stage,
            parked_from=(held.parked_from or held.stage) if stage is Stage.PARKED else None,
            attempts=held.attempts + 1,
            chargeable_since=self.now if stage is Stage.RENDERING else held.chargeable_since,
            cost_estimate=amounts[0] or held.cost_estimate,
            cost_actual=amounts[1] or held.cost_actual,
            due_at=None if pause is None else self.now + pause,
            lease_until=None if release else held.lease_until,
        )
        applying = self.model.engines[engine].jobs.apply(held, after, STEPPED)
        if not _is_legal(held, after):
            with pytest.raises(IllegalTransitionError):
                self.model.run(applying)
            return multiple()
        if (row.fence, row.stage) != (held.fence, held.stage):
            with pytest.raises(StaleFenceError):
                self.model.run(applying)
            return multiple()
        expected = merged(row, held, after)
        if expected.cost_actual != after.cost_actual and expected.stage is not Stage.PARKED:
            # An amount that the step did not see is still to be told.
            due_at = min(expected.due_at or STEPPED.at, STEPPED.at)
            expected = replace(expected, due_at=due_at)
        written = self.model.do(applying, {row.id: expected}, crash, STEPPED)
        if written is None:
            return multiple()
        assert written == expected
        return written

    @rule(target=claims, moves=st.lists(st.integers(1, 9), max_size=4), engine=ENGINES)
    def work(self, moves: list[int], engine: int) -> Claimed:
        """An engine does its turns undisturbed: claim what is due, write, release."""
        worked: list[Job] = []
        for move in moves:
            for held in self._claim(1, engine, None):
                self.apply(
                    held,
                    move,
                    0.0,
                    amounts=NO_AMOUNTS,
                    engine=engine,
                    crash=None,
                    release=True,
                    up_to_date=False,
                )
                worked.append(held)
        return multiple(*worked)

    @rule(held=claims, engine=ENGINES)
    def renew(self, held: Job, engine: int) -> None:
        """A heartbeat holds on to what is held, and to nothing else."""
        row, until = self.model.rows[held.id], self.now + LEASE
        holds = row.fence == held.fence and row.lease_until is not None
        kept = self.model.do(
            self.model.engines[engine].jobs.renew([held], until),
            {row.id: replace(row, lease_until=until)} if holds else {},
        )
        assert kept == frozenset({row.id} if holds else ())

    @rule(some=claims, engine=ENGINES, crash=CRASHES)
    def request_cancel(self, some: Job, engine: int, crash: CrashPoint) -> None:
        """A person wants a job cancelled: granted until something is sent."""
        row = expected = self.model.rows[some.id]
        if row.stage in {Stage.ACCEPTED, Stage.ANNOUNCED} and row.chargeable_since is None:
            first = row.cancel_requested_at is None
            expected = replace(
                row,
                cancel_requested_at=self.now if first else row.cancel_requested_at,
                cancel_requested_by=f"U{engine}" if first else row.cancel_requested_by,
                due_at=self.now if row.due_at is None else min(row.due_at, self.now),
            )
        requesting = self.model.engines[engine].jobs.request_cancel(row.id, f"U{engine}", self.now)
        assert self.model.do(requesting, {row.id: expected}, crash) in (None, expected)

    @rule(some=claims, engine=ENGINES, crash=CRASHES)
    def give_up(self, some: Job, engine: int, crash: CrashPoint) -> None:
        """A person gives up a render that was sent."""
        row = expected = self.model.rows[some.id]
        if row.stage in {Stage.ANNOUNCED, Stage.RENDERING} and row.chargeable_since is not None:
            first = row.given_up_at is None
            expected = replace(
                row,
                given_up_at=self.now if first else row.given_up_at,
                given_up_by=f"U{engine}" if first else row.given_up_by,
                due_at=self.now if row.due_at is None else min(row.due_at, self.now),
            )
        unfollowing = self.model.engines[engine].jobs.give_up(row.id, f"U{engine}", self.now)
        assert self.model.do(unfollowing, {row.id: expected}, crash) in (None, expected)

    @rule(some=claims, engine=ENGINES, crash=CRASHES, task_id=st.none() | st.just("task0"))
    def resume(self, some: Job, engine: int, crash: CrashPoint, task_id: str | None) -> None:
        """An operator sends a parked job back, or tries it with another one."""
        parked = [job for job in self.model.rows.values() if job.stage is Stage.PARKED]
        row = parked[0] if parked else self.model.rows[some.id]
        resuming = self.model.engines[engine].jobs.resume(row.id, self.now, task_id)
        others = (job for job in self.model.rows.values() if job.id != row.id)
        taken = any(job.task_id == task_id for job in others)
        untaken = row.parked_from in {Stage.ANNOUNCED, Stage.RENDERING}
        refused = task_id is not None and (taken or not untaken)
        if row.parked_from is None or refused:
            with pytest.raises(IllegalTransitionError):
                self.model.run(resuming)
        else:
            expected = replace(
                row,
                stage=row.parked_from if task_id is None else Stage.RENDERING,
                task_id=row.task_id if task_id is None else task_id,
                parked_from=None,
                problem=None,
                attempts=0,
                crashes=0,
                due_at=self.now,
                lease_until=None,
                fence=row.fence + 1,
            )
            assert self.model.do(resuming, {row.id: expected}, crash) in (None, expected)

    @rule()
    def restart(self) -> None:
        """The service is stopped in order and started again."""
        self.model.restart(in_order=True)

    @rule()
    def crash_while_idle(self) -> None:
        """The service dies between two writes."""
        self.model.restart()

    @invariant()
    def the_file_holds_what_was_written_and_nothing_else(self) -> None:
        """Row by row and line by line, as either engine sees it."""
        self.model.check()

    @invariant()
    def terminal_stages_absorb(self) -> None:
        """A job that has ended once has ended so for good."""
        for job in self.model.rows.values():
            if job.id in self.ended:
                assert job.stage is self.ended[job.id]
            elif job.stage in TERMINAL:
                self.ended[job.id] = job.stage


def _stage_after(held: Job, move: int) -> Stage:
    """Return where a move leads: mostly one that the table allows, sometimes any."""
    if move == 0:
        return Stage.DELIVERED
    allowed = sorted(stage for stage in Stage if _is_legal(held, replace(held, stage=stage)))
    return allowed[move % len(allowed)]


def _is_legal(before: Job, after: Job) -> bool:
    try:
        check_transition(before, after)
    except IllegalTransitionError:
        return False
    return True


class ThreadedStoreMachine(StoreMachine):
    """The same with the threads and the group commit of the service."""

    threads = True


TestInlineStore = StoreMachine.TestCase
TestInlineStore.settings = settings(max_examples=30, stateful_step_count=50, deadline=None)

TestThreadedStore = ThreadedStoreMachine.TestCase
TestThreadedStore.settings = settings(max_examples=6, stateful_step_count=50, deadline=None)


class PostgresStoreMachine(StoreMachine):
    """The same with two processes on PostgreSQL."""

    server: Server

    def made(self) -> ModelledStore:
        """Return the store and its model."""
        return ModelledPostgres(self.server)


@pytest.fixture(autouse=True, scope="module")
def _server(postgres: Server) -> None:
    PostgresStoreMachine.server = postgres


TestPostgresStore = PostgresStoreMachine.TestCase
TestPostgresStore.settings = settings(max_examples=8, stateful_step_count=30, deadline=None)
