"""Two processes on one PostgreSQL at once: one statement by statement, and in crowds."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest

from storage.budget import ALL_TIME, Cap, NotAdmitted, Scope, ScopeKind, Window
from storage.job import Event, EventName, Job, Stage
from storage.notification import Notification, NotificationKind
from storage.pace import Limit, Permit
from storage.postgres import budget_use, session
from storage.postgres.store import PostgresStore
from storage.saved import Editor, SavedKey, SavedKind, Written
from storage.store import ClaimLimit, Inserted, InsertTerms, StaleFenceError
from tests.support.interleaving import interleaved, stoppable_statements
from tests.support.postgres import Server, emptied_database
from tests.support.store_samples import ACCEPTED, NOW, a_job, a_limit, insert

LEASE = 12.0
STATE = Event(at=NOW + 1, name=EventName.STATE)
PERSON = Scope(kind=ScopeKind.PERSON, team="T1", name="U1")
CHANNEL = Scope(kind=ScopeKind.CHANNEL, team="T1", name="C1")


@pytest.fixture
def url(postgres: Server) -> str:
    """The address of an empty database."""
    return emptied_database(postgres)


@pytest.fixture
async def stores(url: str) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """Two processes."""
    opened = [await PostgresStore.open(url, holder=name) for name in ("one", "two")]
    one, two = opened
    yield one, two
    for store in opened:
        await store.close()


@pytest.fixture(autouse=True)
def _stoppable() -> Iterator[None]:
    with stoppable_statements():
        yield


@pytest.fixture(autouse=True)
def _tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a deadlock an error of the write, which a second try would hide."""
    monkeypatch.setattr(session, "MOST_TRIES", 1)


@pytest.mark.parametrize("rows", [2, 3], ids=["by turns", "all that is due"])
async def test_no_claim_gives_what_another_gives(
    url: str, stores: tuple[PostgresStore, PostgresStore], rows: int
) -> None:
    """Nor does it wait for it, or leave anything that is due and free."""
    one, two = stores
    for number in range(3):
        await insert(one, a_job(number))
    now = NOW

    def claim(store: PostgresStore) -> Callable[[], Awaitable[list[Job]]]:
        return lambda: store.jobs.claim(now, LEASE, [ClaimLimit(rows, (Stage.ACCEPTED,))])

    places = 0
    async for made, other, waited in interleaved(url, claim(one), claim(two)):
        assert not waited
        assert isinstance(made, list)
        assert isinstance(other, list)
        ids = Counter(job.id for job in made + other)
        assert set(ids.values()) == {1}
        assert len(ids) == 3
        assert {job.fence for job in made + other} == {places + 1}
        # All leases have ended at the next round.
        now += LEASE
        places += 1
    assert places > 4


async def test_of_two_who_save_one_name_one_is_refused(
    url: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    """At every place in between: the value is its maker's, and nothing is lost silently."""
    one, two = stores
    number = 0

    def save(store: PostgresStore, user: str) -> Callable[[], Awaitable[Written]]:
        editor = Editor(user=user, is_admin=False)
        return lambda: store.saved.save(_style(number), {"words": user}, editor, NOW)

    makers = Counter[str]()
    async for made, other, _ in interleaved(url, save(one, "U1"), save(two, "U2")):
        assert {made, other} == {Written.NEW, Written.NOT_YOURS}
        found = await one.saved.within({SavedKind.STYLE}, [_style(number).scope])
        [saved] = [each for each in found if each.key == _style(number)]
        assert saved.value == {"words": saved.made_by}
        assert (made is Written.NEW) is (saved.made_by == "U1")
        makers[saved.made_by] += 1
        number += 1
    assert set(makers) == {"U1", "U2"}


def _style(number: int) -> SavedKey:
    return SavedKey(kind=SavedKind.STYLE, scope="team:T1", name=f"s{number}")


async def test_no_result_is_written_beside_a_claim_that_took_the_job_over(
    url: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    """Either it was written before the takeover, which then has it, or not at all."""
    one, two = stores
    await insert(one, replace(a_job(), stage=Stage.RENDERING))
    now, written = NOW, 0
    [held] = await one.jobs.claim(now, LEASE, [a_limit(1)])

    async def apply() -> Job:
        return await one.jobs.apply(held, replace(held, shown=str(held.fence)), STATE)

    async def take_over() -> list[Job]:
        return await two.jobs.claim(now + LEASE, LEASE, [a_limit(1)])

    outcomes = set[type]()
    async for result, taken, _ in interleaved(url, apply, take_over):
        outcomes.add(type(result))
        if taken == []:
            # The row was locked at this instant: the next look finds it.
            taken = await take_over()  # noqa: PLW2901 - what the next round goes on with
        assert isinstance(taken, list)
        [fresh] = taken
        assert fresh.fence == held.fence + 1
        if isinstance(result, Job):
            written += 1
            assert fresh.shown == str(held.fence)
        else:
            assert isinstance(result, StaleFenceError)
            assert fresh.shown == held.shown
        assert len(await one.jobs.events("job1")) == 1 + written
        now += LEASE
        held = fresh
    assert outcomes == {Job, StaleFenceError}


async def test_a_renewal_and_a_takeover_leave_the_job_to_one_of_them(
    url: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    """The lease has ended: whoever comes first has it, and the other one hears of that."""
    one, two = stores
    await insert(one, replace(a_job(), stage=Stage.RENDERING))
    now = NOW
    [held] = await one.jobs.claim(now, LEASE, [a_limit(1)])

    async def renew() -> frozenset[str]:
        return await one.jobs.renew([held], now + 2 * LEASE)

    async def take_over() -> list[Job]:
        return await two.jobs.claim(now + LEASE, LEASE, [a_limit(1)])

    outcomes = set[bool]()
    async for kept, taken, _ in interleaved(url, renew, take_over):
        assert isinstance(kept, frozenset)
        assert isinstance(taken, list)
        assert len(kept) + len(taken) == 1
        outcomes.add(bool(kept))
        row = await two.jobs.get(held.id)
        assert row is not None
        assert (row.fence, row.lease_until) == (held.fence + len(taken), now + 2 * LEASE)
        held, now = row, now + LEASE
    assert outcomes == {True, False}


async def test_two_claims_give_no_two_notifications_of_one_channel(
    url: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    """They are posted in their order, whichever process posts which."""
    one, two = stores
    kind, now = NotificationKind.FAILED, NOW
    for number, channel in enumerate(("C1", "C1", "C2", "C2", "C3")):
        row = Notification(
            id=f"n{number}", team="T1", channel=channel, kind=kind, happened_at=NOW, due_at=NOW
        )
        await one.outbox.add(row)

    def claim(store: PostgresStore) -> Callable[[], Awaitable[list[Notification]]]:
        return lambda: store.outbox.claim(now, LEASE, [ClaimLimit(2, (kind,))])

    async for made, other, _ in interleaved(url, claim(one), claim(two)):
        assert isinstance(made, list)
        assert isinstance(other, list)
        # Not always all three: what another one has locked is found by the next look.
        assert 2 <= len({row.channel for row in made + other}) == len(made + other)
        assert {row.id for row in made + other} <= {"n0", "n2", "n4"}
        now += LEASE


async def test_a_cancel_survives_the_step_that_runs_meanwhile(
    url: str, stores: tuple[PostgresStore, PostgresStore]
) -> None:
    one, two = stores
    numbers = count(1)
    held = await _claimed(one, next(numbers))

    async def apply() -> Job:
        return await one.jobs.apply(held, replace(held, shown="new"), STATE)

    async def cancel() -> Job | None:
        return await two.jobs.request_cancel(held.id, "U2", NOW)

    async for _ in interleaved(url, apply, cancel):
        row = await one.jobs.get(held.id)
        assert row is not None
        assert (row.shown, row.cancel_requested_by) == ("new", "U2")
        held = await _claimed(one, next(numbers))


async def _claimed(store: PostgresStore, number: int) -> Job:
    await insert(store, a_job(number))
    [held] = await store.jobs.claim(NOW, 3600, [a_limit(1)])
    return held


@pytest.mark.parametrize("write", ["a request", "a result"])
async def test_rows_that_many_change_are_locked_only_by_the_commit(
    url: str, stores: tuple[PostgresStore, PostgresStore], write: str
) -> None:
    """A process that waits for its turn on the processor keeps nobody from asking."""
    one, two = stores
    await one.homes.open("T1", "U1", NOW)
    numbers = count(1)
    await insert(one, _priced(next(numbers)))
    [held] = await one.jobs.claim(NOW, 3600, [a_limit(1)])

    async def write_once() -> None:
        if write == "a request":
            await insert(one, _priced(next(numbers)))
        else:
            nonlocal held
            spent = replace(held, cost_actual=(held.cost_actual or Decimal(0)) + 1)
            held = await one.jobs.apply(held, spent, STATE)

    async def lock() -> int:
        statement = "SELECT FROM budget_use CROSS JOIN home_views FOR UPDATE"
        rows = await two._session.write(lambda db: db.rows(statement))  # noqa: SLF001 - as any write
        return len(rows)

    waits = list[bool]()
    async for written, locked, waited in interleaved(url, write_once, lock):
        assert written is None
        assert isinstance(locked, int)
        assert locked > 0
        waits.append(waited)
    # The commit sends counters, the event and COMMIT: it can be stopped before the last two of
    # them. The last round had no statement to stop at.
    *before, at_event, at_end, unstopped = waits
    assert len(before) > 2
    assert not any(before)
    assert (at_event, at_end, unstopped) == (True, True, False)


SET = Notification(
    id="s", team="T1", channel="C1", kind=NotificationKind.SET, happened_at=NOW, due_at=NOW
)
EDITS = Limit(key="edit T1", interval=1.4, tolerance=8.0, held_by="edit T1")


@pytest.mark.parametrize("other", ["keep", "put back", "less", "more"])
async def test_writes_to_the_parts_of_a_set_never_wait_for_each_other_in_a_circle(
    url: str,
    stores: tuple[PostgresStore, PostgresStore],
    monkeypatch: pytest.MonkeyPatch,
    other: str,
) -> None:
    """All change its message, the tab of its user, and counters, here in the same rows."""
    alike = budget_use._ADD_USE.replace("pg_backend_pid() %% 16", "0")  # noqa: SLF001 - of chance
    monkeypatch.setattr(budget_use, "_ADD_USE", alike)
    one, two = stores
    cap = Cap(
        scope=Scope(kind=ScopeKind.WORKSPACE, team="T1"), window=Window.ONCE, limit=Decimal(10**6)
    )
    await one.budgets.set_cap(cap, "U9", NOW)
    await one.homes.open("T1", "U1", NOW)
    for number in (1, 2):
        await insert(one, replace(_priced(number), set_id=SET.id, part=number, channel="C1"))
    await one.outbox.add(SET)
    jobs = {job.id: job for job in await one.jobs.claim(NOW, 3600, [a_limit(2)])}
    [message] = await two.outbox.claim(NOW, 3600, [ClaimLimit(1, (NotificationKind.SET,))])
    numbers = count(1)

    async def cost(store: PostgresStore, job_id: str, change: int) -> None:
        job = jobs[job_id]
        amount = (job.cost_actual or Decimal(1000)) + change
        permit = Permit(limit=EDITS, at=NOW)
        jobs[job_id] = await store.jobs.apply(job, replace(job, cost_actual=amount), STATE, permit)

    async def second() -> None:
        match other:
            case "keep":
                await two.jobs.keep("job2", "U1", NOW)
            case "put back":
                later = replace(message, due_at=NOW + next(numbers))
                await two.outbox.apply(message, later, None, Permit(limit=EDITS, at=NOW))
            case _:
                await cost(two, "job2", -1 if other == "less" else 1)

    async for *results, _ in interleaved(url, lambda: cost(one, "job1", 1), second):
        assert results == [None, None]
    async for *results, _ in interleaved(url, second, lambda: cost(one, "job1", 1)):
        assert results == [None, None]
    assert await one.budgets.mismatches() == []


@pytest.mark.parametrize("reason", ["cap", "shared cap", "most active", "equal"])
async def test_of_two_requests_for_one_place_one_is_admitted(
    url: str, stores: tuple[PostgresStore, PostgresStore], reason: str
) -> None:
    """Whichever statement of the one the other comes before."""
    one, two = stores
    if "cap" in reason:
        scope = PERSON if reason == "cap" else CHANNEL
        cap = Cap(scope=scope, window=Window.ONCE, limit=Decimal(2))
        await one.budgets.set_cap(cap, "U9", NOW)
    terms = {
        "cap": InsertTerms(),
        "shared cap": InsertTerms(),
        "most active": InsertTerms(most_active=1),
        "equal": InsertTerms(equal_since=NOW - 60),
    }[reason]
    numbers = count(1)

    def request(store: PostgresStore) -> Callable[[], Awaitable[Inserted | NotAdmitted]]:
        async def ask() -> Inserted | NotAdmitted:
            number = next(numbers)
            # Two in a row are equal.
            given = {"prompt": f"a lake {(number + 1) // 2}"}
            user = f"U{number % 2}" if reason == "shared cap" else "U1"
            job = replace(
                a_job(number), user=user, input=given, created_at=NOW, reserved=Decimal(2)
            )
            return await store.jobs.insert(job, ACCEPTED, terms)

        return ask

    async for *results, _ in interleaved(url, request(one), request(two)):
        rows = [made.job for made in results if isinstance(made, Inserted)]
        admitted = [job for job in rows if job.stage is Stage.ACCEPTED]
        assert len(admitted) == 1, results
        assert await one.budgets.mismatches() == []
        [claimed] = await one.jobs.claim(NOW, LEASE, [a_limit(1)])
        over = replace(claimed, stage=Stage.REJECTED, due_at=None, lease_until=None)
        await one.jobs.apply(claimed, over, None)


ASKS = 400
CONNECTIONS = 16


@pytest.mark.proof
async def test_a_crowd_spends_no_more_than_any_cap(
    stores: tuple[PostgresStore, PostgresStore],
) -> None:
    """Sixteen connections, 400 requests, 12 people, 4 channels, a workspace: and no deadlock."""
    chance = random.Random(7)
    people = [Scope(kind=ScopeKind.PERSON, team="T1", name=f"U{n}") for n in range(12)]
    channels = [Scope(kind=ScopeKind.CHANNEL, team="T1", name=f"C{n}") for n in range(4)]
    everybody = Scope(kind=ScopeKind.WORKSPACE, team="T1")
    limits = {**dict.fromkeys(people, 24), **dict.fromkeys(channels, 60), everybody: 200}
    for scope, limit in limits.items():
        cap = Cap(scope=scope, window=Window.DAY, limit=Decimal(limit))
        await stores[0].budgets.set_cap(cap, "U9", NOW)
    places = asyncio.Semaphore(CONNECTIONS)

    async def ask(number: int) -> Inserted | NotAdmitted:
        job = replace(
            a_job(number),
            created_at=NOW,
            user=chance.choice(people).name,
            channel=chance.choice(channels).name,
            reserved=Decimal(chance.randint(1, 4)),
        )
        async with places:
            return await stores[number % 2].jobs.insert(job, ACCEPTED)

    made = await asyncio.gather(*(ask(number) for number in range(ASKS)))
    assert 0 < sum(isinstance(one, Inserted) for one in made) < ASKS
    for scope, limit in limits.items():
        used = (await stores[0].budgets.use(scope, ALL_TIME)).total
        assert used <= limit, scope
    assert await stores[0].budgets.mismatches() == []


@pytest.mark.proof
async def test_a_crowd_of_claims_and_results_loses_nothing(
    stores: tuple[PostgresStore, PostgresStore],
) -> None:
    """Each job is claimed once, by whichever process; amounts that come at once are all counted."""
    await asyncio.gather(*(insert(stores[0], _priced(number)) for number in range(60)))
    done = Counter[str]()

    async def work(store: PostgresStore) -> None:
        while True:
            claimed = await store.jobs.claim(NOW, 60, [a_limit(5)])
            for job in claimed:
                done[job.id] += 1
                after = replace(job, cost_actual=Decimal(3), due_at=None, lease_until=None)
                await store.jobs.apply(job, after, STATE)
            if not claimed and len(done) == 60:
                return

    await asyncio.wait_for(asyncio.gather(*(work(store) for store in stores * 4)), 60)
    assert set(done.values()) == {1}
    assert (await stores[0].budgets.use(PERSON, ALL_TIME)).spent == 180
    assert await stores[0].budgets.mismatches() == []


def _priced(number: int) -> Job:
    channel = f"C{number % 3}"
    return replace(a_job(number), reserved=Decimal(2), channel=channel)
