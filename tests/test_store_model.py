"""The real store against a model of it: two engines, expiring leases, crashes, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias, TypeVar

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

from storage.job import TERMINAL, Event, IllegalTransitionError, Job, Stage, check_transition
from storage.sqlite import SqliteStore
from storage.store import JobFilter, StaleFenceError
from tests.store_samples import ACCEPTED, NOW, Commits, a_job

T = TypeVar("T")
Claimed: TypeAlias = "MultipleResults[Job] | Job"
CrashPoint: TypeAlias = Literal["before the commit", "after the commit"] | None

LEASE = 30.0
STEPPED = Event(at=NOW, name="stepped")
ENGINES = st.integers(0, 1)
NUMBERS = st.integers(1, 3)
CRASHES: st.SearchStrategy[CrashPoint] = st.sampled_from(
    [None, None, None, "before the commit", "after the commit"]
)


class CrashError(Exception):
    """The process ends here; what it knew is gone, what is on disk stays."""


class StoreMachine(RuleBasedStateMachine):
    """Does to a store and to a dictionary of rows the same, and compares after each step."""

    threads = False
    claims: Bundle[Job] = Bundle("claims")
    """Every row that an engine was ever given, most of them stale by now."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.commits = Commits()
        self.now = NOW
        self.rows: dict[str, Job] = {}
        self.timelines: dict[str, list[Event]] = {}
        self.fences_given: set[tuple[str, int]] = set()
        self.ended: dict[str, Stage] = {}
        self.engines = self._start()

    def teardown(self) -> None:
        """Let go of the files."""
        self._stop()
        self.loop.close()
        self.folder.cleanup()

    @initialize()
    def begin_with_work(self) -> None:
        """Most of what can go wrong needs a job."""
        self.insert(1, engine=0, crash=None, other_id=False)

    @rule(number=NUMBERS, other_id=st.booleans(), engine=ENGINES, crash=CRASHES)
    def insert(self, number: int, engine: int, crash: CrashPoint, *, other_id: bool) -> None:
        """An ask arrives, for the first time or again, then perhaps under another ID."""
        asked = replace(a_job(number), due_at=self.now)
        standing = self.rows.get(asked.id)
        job = replace(asked, id="another") if standing and other_id else asked
        result = self._do(
            self.engines[engine].insert(job, ACCEPTED),
            {} if standing else {job.id: job},
            crash,
            ACCEPTED,
        )
        assert result in (None, (standing or job, standing is None))

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE, 10 * LEASE]))
    def time_passes(self, seconds: float) -> None:
        """Jobs become due, leases expire."""
        self.now += seconds

    @rule(target=claims, limit=st.integers(1, 3), engine=ENGINES, crash=CRASHES)
    def claim(self, limit: int, engine: int, crash: CrashPoint) -> Claimed:
        """An engine asks for work and gets the longest due first, each with a fence of its own."""
        free = [
            job
            for job in self.rows.values()
            if job.due_at is not None
            and job.due_at <= self.now
            and (job.lease_until is None or job.lease_until <= self.now)
        ]
        expected = [
            replace(job, lease_until=self.now + LEASE, fence=job.fence + 1)
            for job in sorted(free, key=lambda job: job.due_at or 0)[:limit]
        ]
        claimed = self._do(
            self.engines[engine].claim(self.now, LEASE, limit),
            {job.id: job for job in expected},
            crash,
        )
        if claimed is None:
            return multiple()
        assert claimed == expected
        given = {(job.id, job.fence) for job in claimed}
        assert not given & self.fences_given
        self.fences_given |= given
        return multiple(*claimed)

    @rule(
        target=claims,
        held=claims,
        move=st.integers(0, 9),
        pause=st.none() | st.sampled_from([0.0, 1.0, LEASE]),
        release=st.booleans(),
        up_to_date=st.booleans(),
        engine=ENGINES,
        crash=CRASHES,
    )
    def apply(
        self,
        held: Job,
        move: int,
        pause: float | None,
        engine: int,
        crash: CrashPoint,
        *,
        release: bool,
        up_to_date: bool,
    ) -> Claimed:
        """An engine wants to write what its step found, whether its claim still stands or not."""
        row = self.rows[held.id]
        if up_to_date and row.lease_until is not None:
            held = row
        stage = _stage_after(held, move)
        after = replace(
            held,
            stage=stage,
            parked_from=held.stage if stage is Stage.PARKED is not held.stage else held.parked_from,
            attempts=held.attempts + 1,
            first_sent_at=self.now if stage is Stage.RENDERING else held.first_sent_at,
            due_at=None if pause is None else self.now + pause,
            lease_until=None if release else held.lease_until,
        )
        applying = self.engines[engine].apply(held, after, STEPPED)
        if not _is_legal(held, after):
            with pytest.raises(IllegalTransitionError):
                self.loop.run(applying)
            return multiple()
        if (row.fence, row.stage) != (held.fence, held.stage):
            with pytest.raises(StaleFenceError):
                self.loop.run(applying)
            return multiple()
        expected = _merged(row, held, after)
        written = self._do(applying, {row.id: expected}, crash, STEPPED)
        if written is None:
            return multiple()
        assert written == expected
        return written

    @rule(held=claims, engine=ENGINES)
    def renew(self, held: Job, engine: int) -> None:
        """A heartbeat holds on to what is held, and to nothing else."""
        row, until = self.rows[held.id], self.now + LEASE
        holds = row.fence == held.fence and row.lease_until is not None
        kept = self._do(
            self.engines[engine].renew([held], until),
            {row.id: replace(row, lease_until=until)} if holds else {},
        )
        assert kept == frozenset({row.id} if holds else ())

    @rule(some=claims, engine=ENGINES, crash=CRASHES)
    def request_cancel(self, some: Job, engine: int, crash: CrashPoint) -> None:
        """A person wants a job cancelled: granted until something is sent."""
        row = expected = self.rows[some.id]
        if row.stage in {Stage.ACCEPTED, Stage.ANNOUNCED} and row.first_sent_at is None:
            first = row.cancel_requested_at is None
            expected = replace(
                row,
                cancel_requested_at=self.now if first else row.cancel_requested_at,
                cancel_requested_by=f"U{engine}" if first else row.cancel_requested_by,
                due_at=self.now if row.due_at is None else min(row.due_at, self.now),
            )
        requesting = self.engines[engine].request_cancel(row.id, f"U{engine}", self.now)
        assert self._do(requesting, {row.id: expected}, crash) in (None, expected)

    @rule(some=claims, engine=ENGINES, crash=CRASHES)
    def unfollow(self, some: Job, engine: int, crash: CrashPoint) -> None:
        """A person gives up a render that was sent."""
        row = expected = self.rows[some.id]
        if row.stage in {Stage.ANNOUNCED, Stage.RENDERING} and row.first_sent_at is not None:
            first = row.unfollowed_at is None
            expected = replace(
                row,
                unfollowed_at=self.now if first else row.unfollowed_at,
                unfollowed_by=f"U{engine}" if first else row.unfollowed_by,
                due_at=self.now if row.due_at is None else min(row.due_at, self.now),
            )
        unfollowing = self.engines[engine].unfollow(row.id, f"U{engine}", self.now)
        assert self._do(unfollowing, {row.id: expected}, crash) in (None, expected)

    @rule(some=claims, engine=ENGINES, crash=CRASHES)
    def resume(self, some: Job, engine: int, crash: CrashPoint) -> None:
        """An operator sends a parked job back."""
        row = self.rows[some.id]
        resuming = self.engines[engine].resume(row.id, self.now)
        if row.stage is not Stage.PARKED or row.parked_from is None:
            with pytest.raises(IllegalTransitionError):
                self.loop.run(resuming)
        else:
            expected = replace(
                row,
                stage=row.parked_from,
                parked_from=None,
                problem=None,
                attempts=0,
                due_at=self.now,
                lease_until=None,
                fence=row.fence + 1,
            )
            assert self._do(resuming, {row.id: expected}, crash) in (None, expected)

    @rule()
    def restart(self) -> None:
        """The service is stopped in order and started again."""
        self._restart()

    @invariant()
    def the_file_holds_what_was_written_and_nothing_else(self) -> None:
        """Row by row and line by line."""
        for store in self.engines:
            there = self.loop.run(store.jobs(JobFilter(limit=100)))
            assert {job.id: job for job in there} == self.rows
        for job_id, timeline in self.timelines.items():
            assert self.loop.run(self.engines[0].events(job_id)) == timeline

    @invariant()
    def terminal_stages_absorb(self) -> None:
        """A job that has ended once has ended so for good."""
        for job in self.rows.values():
            if job.id in self.ended:
                assert job.stage is self.ended[job.id]
            elif job.stage in TERMINAL:
                self.ended[job.id] = job.stage

    def _do(
        self,
        call: Coroutine[object, object, T],
        changes: dict[str, Job],
        crash: CrashPoint = None,
        *events: Event,
    ) -> T | None:
        """Run `call`, which is to make `changes`; return `None` if the process crashed in it."""
        self.commits.instead = CrashError() if crash == "before the commit" else None
        self.commits.afterwards = CrashError() if crash == "after the commit" else None
        result = None
        try:
            result = self.loop.run(call)
        except CrashError:
            assert crash is not None
        if crash != "before the commit":
            self.rows |= changes
            for job_id in changes:
                self.timelines.setdefault(job_id, []).extend(events)
        if crash is not None:
            self._restart()
        return result

    def _restart(self) -> None:
        self._stop()
        self.engines = self._start()
        self.rows = {
            job.id: job if job.due_at is None else replace(job, lease_until=None)
            for job in self.rows.values()
        }

    def _start(self) -> tuple[SqliteStore, SqliteStore]:
        path = str(Path(self.folder.name) / "jobs.db")

        async def start() -> tuple[SqliteStore, SqliteStore]:
            owner = await SqliteStore.open(
                path, threads=self.threads, synchronous="OFF", commit=self.commits
            )
            second = await SqliteStore.open(
                path, owner=False, threads=self.threads, synchronous="OFF", commit=self.commits
            )
            return owner, second

        return self.loop.run(start())

    def _stop(self) -> None:
        for store in self.engines:
            self.loop.run(store.close())


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


def _merged(row: Job, before: Job, after: Job) -> Job:
    """Return `row` with the fields in which `after` differs from `before`."""
    pairs = {
        field.name: getattr(after, field.name)
        for field in fields(Job)
        if getattr(before, field.name) != getattr(after, field.name)
    }
    return replace(row, **pairs)


class ThreadedStoreMachine(StoreMachine):
    """The same with the threads and the group commit of the service."""

    threads = True


TestInlineStore = StoreMachine.TestCase
TestInlineStore.settings = settings(max_examples=30, stateful_step_count=50, deadline=None)

TestThreadedStore = ThreadedStoreMachine.TestCase
TestThreadedStore.settings = settings(max_examples=6, stateful_step_count=50, deadline=None)
