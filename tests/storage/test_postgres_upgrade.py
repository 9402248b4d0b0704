"""Migrations of PostgreSQL: once, beside processes that write, and on from where one ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from storage.job import Event, EventName, Stage
from storage.notification import Notification, NotificationKind
from storage.postgres import connection
from storage.postgres import upgrade as upgrades
from storage.postgres.migrations import MIGRATIONS, Migration, concurrent_index
from storage.postgres.store import PostgresStore
from storage.postgres.upgrade import upgrade
from storage.store import Inserted, StoreError
from tests.support.postgres import Server
from tests.support.store_samples import ACCEPTED, NOW, a_job, a_limit, insert

COLUMN = Migration(
    name="9991_priority",
    statements=(
        "ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE notifications ADD COLUMN priority INTEGER",
        "ALTER TABLE home_views ADD COLUMN priority INTEGER",
        "CREATE TABLE priorities (team TEXT PRIMARY KEY, most INTEGER)",
    ),
    is_expansion=True,
)
INDEX = Migration(
    name="9992_priority_index",
    statements=concurrent_index("jobs_priority", "ON jobs (priority) WHERE priority > 0"),
    is_transaction=False,
    is_expansion=True,
)
CONTRACTION = Migration(name="9993_surface", statements=("ALTER TABLE jobs DROP COLUMN surface",))

A_NOTICE = Notification(
    id="n",
    team="T1",
    channel="C1",
    kind=NotificationKind.DIGEST,
    happened_at=NOW,
    due_at=NOW,
)

NEWER = (*MIGRATIONS, COLUMN, INDEX)
"""What a later version of the program knows."""


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """The address of a database of the test's own, without tables."""
    postgres.run("CREATE DATABASE upgraded")
    yield postgres.url("upgraded")
    postgres.run("DROP DATABASE upgraded WITH (FORCE)")


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    """Run a statement as an operator does."""
    with psycopg.connect(url, autocommit=True) as operator:
        cursor = operator.execute(query.encode())
        return [] if cursor.description is None else list(cursor.fetchall())


async def test_the_tables_are_made_once_whoever_comes_first(url: str) -> None:

    async def pause(_: float) -> None:
        await asyncio.sleep(0.01)

    made = await asyncio.gather(*(upgrade(url, sleep=pause) for _ in range(3)))
    assert max(made, key=len) == tuple(migration.name for migration in MIGRATIONS)
    assert sum(map(len, made)) == len(MIGRATIONS)
    assert await upgrade(url) == ()


async def test_who_waits_for_its_turn_holds_up_no_index(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To make one concurrently waits for the end of each transaction that reads at that moment."""
    asked = f"{upgrades._TRY_LOCK}, pg_sleep(0.02)"  # noqa: SLF001 - a slow statement
    monkeypatch.setattr(upgrades, "_TRY_LOCK", asked)

    async def pause(_: float) -> None:
        await asyncio.sleep(0)

    made = await asyncio.gather(*(upgrade(url, sleep=pause) for _ in range(3)))
    assert sorted(map(len, made)) == [0, 0, len(MIGRATIONS)]


async def test_a_process_that_does_not_migrate_says_what_does(url: str) -> None:
    with pytest.raises(StoreError, match="Run: python -m bot migrate"):
        await PostgresStore.open(url, migrates=False, holder="worker")
    await upgrade(url)
    await (await PostgresStore.open(url, migrates=False, holder="worker")).close()


async def use(store: PostgresStore, number: int) -> None:
    """Do with a job what every process does, from the request to a result."""
    job = a_job(number)
    assert isinstance(await store.jobs.insert(job, ACCEPTED), Inserted)
    assert (await store.homes.open(job.team, job.user, NOW)).user == job.user
    [held] = await store.jobs.claim(NOW, 60, [a_limit(9)])
    assert await store.jobs.renew([held], NOW + 90) == {held.id}
    parked = replace(held, stage=Stage.PARKED, parked_from=held.stage, due_at=None)
    event = Event(at=NOW, name=EventName.PARKED, detail="")
    assert (await store.jobs.apply(held, parked, event)).stage is Stage.PARKED
    assert await store.outbox.add(replace(A_NOTICE, id=f"n{number}"))
    assert (await store.jobs.stage_counts())[Stage.PARKED] == number


async def test_the_old_version_goes_on_beside_the_new_one(url: str) -> None:
    """One that runs already, and one that starts again: what was expanded is no obstacle."""
    old = await PostgresStore.open(url, holder="old")
    await use(old, 1)
    assert await upgrade(url, NEWER) == (COLUMN.name, INDEX.name)
    await use(old, 2)
    started_again = await PostgresStore.open(url, migrates=False, holder="old again")
    await use(started_again, 3)
    # Its own release command finds nothing to do.
    assert await upgrade(url) == ()
    for one in (old, started_again):
        await one.close()
    assert ask(url, "SELECT id, priority FROM jobs ORDER BY id") == [
        (f"job{number}", 0) for number in (1, 2, 3)
    ]


async def test_plans_from_before_a_migration_are_made_anew(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On each of several connections, for reads and in the middle of transactions."""
    monkeypatch.setattr(connection, "PREPARE_AFTER", 0)
    old = await PostgresStore.open(url, holder="old")
    numbers = range(2, 30)

    async def read_all() -> list[str]:
        found = await asyncio.gather(*(old.jobs.get(f"job{number}") for number in numbers))
        return [job.id for job in found if job is not None]

    async def put_off(seconds: float) -> list[float | None]:
        held = await old.jobs.claim(NOW + seconds, 60.0, [a_limit(len(numbers))])
        after = (replace(job, due_at=NOW + seconds, lease_until=None) for job in held)
        pairs = zip(held, after, strict=True)
        done = await asyncio.gather(*(old.jobs.apply(was, now, None) for was, now in pairs))
        return [job.due_at for job in done]

    for number in numbers:
        await insert(old, a_job(number))
    assert len(await read_all()) == len(numbers)
    assert await put_off(1.0) == [NOW + 1.0] * len(numbers)
    await upgrade(url, NEWER)
    assert len(await read_all()) == len(numbers)
    assert await put_off(2.0) == [NOW + 2.0] * len(numbers)
    await old.close()


async def test_the_old_version_works_while_the_new_one_migrates(url: str) -> None:
    store = await PostgresStore.open(url, holder="old")

    async def ask_on() -> int:
        for number in range(1, 40):
            await insert(store, a_job(number))
        return 39

    asked, _ = await asyncio.gather(ask_on(), upgrade(url, NEWER))
    assert ask(url, "SELECT count(*) FROM jobs WHERE priority = 0") == [(asked,)]
    await store.close()


async def test_what_was_contracted_is_refused_by_versions_before(url: str) -> None:
    await upgrade(url, (*NEWER, CONTRACTION))
    for migrates in (True, False):
        with pytest.raises(StoreError, match=r"the change 9993_surface, and this version knows"):
            await PostgresStore.open(url, migrates=migrates)
    with pytest.raises(StoreError, match="newer version"):
        await upgrade(url)


@contextmanager
def locked(url: str) -> Iterator[psycopg.Connection]:
    """Read the jobs in a transaction that stays open, as a report or a dump does."""
    with psycopg.connect(url) as reader:
        reader.execute("SELECT FROM jobs")
        yield reader


def shorten_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = upgrades._BEGIN.replace("'1s'", "'30ms'")  # noqa: SLF001 - a short wait
    assert quick != upgrades._BEGIN  # noqa: SLF001 - as above
    monkeypatch.setattr(upgrades, "_BEGIN", quick)


async def test_who_reads_for_long_lets_nobody_else_wait_behind_a_migration(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tries again and again, each time for a second at most, and lets others pass meanwhile."""
    shorten_waits(monkeypatch)
    store = await PostgresStore.open(url)
    with locked(url) as reader:
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            await insert(store, a_job(len(pauses)))
            if len(pauses) == 3:
                reader.rollback()

        assert await upgrade(url, (*MIGRATIONS, COLUMN), sleep=pause) == (COLUMN.name,)
    assert len(pauses) == 3
    await store.close()


async def test_tables_that_stay_locked_are_told_and_nothing_is_changed(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(url)
    shorten_waits(monkeypatch)
    monkeypatch.setattr(upgrades, "WAIT_SECONDS", 0.0)
    with locked(url), pytest.raises(StoreError, match="others keep them locked"):
        await upgrade(url, NEWER)
    assert ask(url, "SELECT to_regclass('priorities')") == [(None,)]
    assert await upgrade(url, NEWER) == (COLUMN.name, INDEX.name)


# The same lock as a migration's, waited for: a connection that has ended lets go a moment later.
_LOCK = upgrades._TRY_LOCK.replace("pg_try_advisory", "pg_advisory").encode()  # noqa: SLF001 - as it does


async def test_a_second_process_waits_for_the_one_that_migrates(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(url) as other:
        other.execute(_LOCK)

        async def let_go(_: float) -> None:
            other.rollback()

        assert len(await upgrade(url, sleep=let_go)) == len(MIGRATIONS)
    monkeypatch.setattr(upgrades, "WAIT_SECONDS", 0.0)
    with psycopg.connect(url) as other:
        other.execute(_LOCK)
        with pytest.raises(StoreError, match="another process does that at this moment"):
            await upgrade(url, NEWER)


async def test_an_index_that_was_not_finished_is_made_anew(url: str) -> None:
    """It stays behind as an invalid one, which nothing uses."""
    store = await PostgresStore.open(url)
    for number in (1, 2):
        await insert(store, a_job(number))
    unique = Migration(
        name="9994_unique",
        statements=(
            "DROP INDEX CONCURRENTLY IF EXISTS jobs_one_each",
            'CREATE UNIQUE INDEX CONCURRENTLY jobs_one_each ON jobs ("user")',
        ),
        is_transaction=False,
    )
    with pytest.raises(StoreError, match="could not create unique index"):
        await upgrade(url, (*MIGRATIONS, unique))
    left = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'jobs_one_each'::regclass"
    assert ask(url, left) == [(False,)]
    ask(url, "UPDATE jobs SET \"user\" = 'U2' WHERE id = 'job2'")
    assert await upgrade(url, (*MIGRATIONS, unique)) == (unique.name,)
    await store.close()
