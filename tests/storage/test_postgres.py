"""The store in PostgreSQL as a whole: opening, sharing, and a server that goes away."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest
from psycopg import AsyncConnection

from storage.budget import Cap, Scope, ScopeKind, UncheckedRestore, Window
from storage.job import Stage
from storage.postgres import connection, migrations
from storage.postgres.answers import KEPT_SECONDS
from storage.postgres.database import Database
from storage.postgres.session import open_session
from storage.postgres.store import PostgresStore
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS
from storage.store import (
    ANSWER_SECONDS,
    FRESH_SECONDS,
    LEASE_SECONDS,
    Inserted,
    StoreError,
    StoreFullError,
    StoreUnsureError,
    StoreUnusableError,
)
from tests.support.postgres import Server, copied_database, emptied_database
from tests.support.store_samples import ACCEPTED, NOW, a_full_job, a_job, a_limit, insert

LEASE = 60.0
PASSWORD = "s3cret-" + "word"


@pytest.fixture
def url(postgres: Server) -> str:
    """The address of an empty database."""
    return emptied_database(postgres)


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    """A running bot."""
    opened = await PostgresStore.open(url, holder="bot")
    yield opened
    await opened.close()


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    """Run a statement as an operator does."""
    with psycopg.connect(url) as operator:
        cursor = operator.execute(query.encode())
        return [] if cursor.description is None else list(cursor.fetchall())


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://bot:{}@host:port/jobs",
        "postgres://bot:{}%zz@host/jobs",
        "postgresql://bot:P@{}@127.0.0.1:1/jobs",
        "postgresql://bot:{}@host/jobs?no_such_option=1",
        "mysql://bot:{}@host/jobs",
    ],
)
async def test_an_address_that_names_no_database_is_refused_without_its_password(
    address: str,
) -> None:
    with pytest.raises(StoreUnusableError) as refused:
        await PostgresStore.open(address.format(PASSWORD))
    assert PASSWORD not in str(refused.value)
    assert PASSWORD not in "".join(traceback.format_exception(refused.value))


async def test_a_server_that_cannot_be_reached_is_told_with_the_reason() -> None:
    with pytest.raises(StoreError, match=r"cannot be reached: .*refused") as refused:
        await PostgresStore.open(f"postgresql://bot:{PASSWORD}@127.0.0.1:1/jobs")
    assert PASSWORD not in str(refused.value)
    with pytest.raises(StoreError, match=r"… to server at .*refused"):
        await PostgresStore.open("postgresql://bot:connection@127.0.0.1:1/jobs")


async def test_a_database_that_is_not_there_is_told(postgres: Server) -> None:
    with pytest.raises(StoreError, match='database "nothing" does not exist'):
        await PostgresStore.open(postgres.url("nothing"))


async def test_a_visitor_does_not_create_tables(postgres: Server) -> None:
    """An owner does, and several that start at once do it one after the other."""
    postgres.run("CREATE DATABASE fresh")
    url = postgres.url("fresh")
    with pytest.raises(StoreError, match="Run: python -m bot migrate"):
        await PostgresStore.open(url, owner=False)
    stores = await asyncio.gather(*(PostgresStore.open(url, holder=f"bot{n}") for n in range(3)))
    assert isinstance(await stores[0].jobs.insert(a_job(), ACCEPTED), Inserted)
    assert await stores[1].jobs.get("job1") == a_job()
    visitor = await PostgresStore.open(url, owner=False)
    assert await visitor.jobs.get("job1") == a_job()
    for one in (*stores, visitor):
        await one.close()


@pytest.mark.parametrize("owner", [True, False])
async def test_tables_of_a_newer_version_are_refused(url: str, *, owner: bool) -> None:
    await (await PostgresStore.open(url)).close()
    ask(url, "INSERT INTO schema_migrations (name) VALUES ('9999_later')")
    try:
        with pytest.raises(StoreError, match="the change 9999_later, and this version knows none"):
            await PostgresStore.open(url, owner=owner)
    finally:
        ask(url, "DELETE FROM schema_migrations WHERE name = '9999_later'")


async def test_every_change_is_applied_once_and_in_order() -> None:
    names = [migration.name for migration in migrations.MIGRATIONS]
    assert names == sorted(set(names))


@pytest.mark.parametrize("table", [JOBS, NOTIFICATIONS, HOME_VIEWS], ids=lambda one: one.name)
async def test_each_field_of_a_row_has_its_column(
    url: str, store: PostgresStore, table: object
) -> None:
    assert await store.jobs.get("none") is None
    assert isinstance(table, type(JOBS))
    query = f"SELECT attname FROM pg_attribute WHERE attrelid = '{table.name}'::regclass"  # noqa: S608 - ours
    there = {name for (name,) in ask(url, f"{query} AND attnum > 0")}
    assert there == {*table.columns, "seq", "holder"}


async def test_a_start_frees_only_what_its_former_self_had_claimed(
    url: str, store: PostgresStore
) -> None:
    """Others may run still; only its own rows may have ended it."""
    other = await PostgresStore.open(url, holder="another")
    for number in (1, 2):
        await insert(store, a_job(number))
    [own] = await store.jobs.claim(NOW, 3600, [a_limit(1)])
    [its] = await other.jobs.claim(NOW, 3600, [a_limit(1)])
    await store.close()
    again = await PostgresStore.open(url, holder="bot")
    [freed] = await again.jobs.claim(NOW, 3600, [a_limit(9)])
    assert (freed.id, freed.fence, freed.crashes) == (own.id, own.fence + 1, 1)
    assert await other.jobs.renew([its], NOW + 7200) == {its.id}
    for one in (other, again):
        await one.close()


async def test_two_processes_of_one_name_do_not_free_each_others_rows(
    url: str, store: PostgresStore
) -> None:
    """The second one gets another name, as long as the first one lives, and finds it again."""
    await asyncio.gather(*(insert(store, a_job(number)) for number in (1, 2)))
    [held] = await store.jobs.claim(NOW, 3600, [a_limit(1)])
    second = await PostgresStore.open(url, holder="bot")
    [its] = await second.jobs.claim(NOW, 3600, [a_limit(9)])
    await second.close()
    again = await PostgresStore.open(url, holder="bot")
    [freed] = await again.jobs.claim(NOW, 3600, [a_limit(9)])
    assert (freed.id, freed.crashes) == (its.id, 1)
    assert await store.jobs.renew([held], NOW + 7200) == {held.id}
    await again.close()


async def test_a_pooler_gives_no_name_to_two_processes(url: str, store: PostgresStore) -> None:
    """It gives a connection to others between two transactions, with the locks of its session."""
    del store
    named = "application_name = 'slack-video-bot name' AND datname = current_database()"
    query = f"SELECT state, backend_xmin FROM pg_stat_activity WHERE {named}"  # noqa: S608 - ours
    assert ask(url, query) == [("idle in transaction", None)]


async def test_a_lease_of_a_former_self_ends_when_it_could_post_no_more(
    url: str, store: PostgresStore
) -> None:
    """If the name was free because the server was restarted, its bearer may live."""
    await insert(store, a_job())
    [held] = await store.jobs.claim(NOW, LEASE_SECONDS, [a_limit(1)])
    ask(url, "UPDATE jobs SET lease_until = bot_now() + 12")
    [(now,)] = ask(url, "SELECT bot_now()")
    assert isinstance(now, float)
    await store.close()
    for _ in range(2):
        # Deaths during the start are no crashes of a step.
        again = await PostgresStore.open(url, holder="bot")
        row = await again.jobs.get(held.id)
        assert row is not None
        assert row.lease_until is not None
        assert FRESH_SECONDS - 3 < row.lease_until - now < LEASE_SECONDS
        assert row.crashes == 1
        await again.close()


async def test_a_process_that_stopped_in_order_is_not_counted_as_a_crash(
    url: str, store: PostgresStore
) -> None:
    await insert(store, a_job())
    await store.jobs.claim(NOW, 3600, [a_limit(1)])
    await store.note_stop(NOW)
    await store.close()
    again = await PostgresStore.open(url, holder="bot")
    [freed] = await again.jobs.claim(NOW, 3600, [a_limit(9)])
    assert freed.crashes == 0
    await again.close()


async def test_after_a_restart_of_the_server_work_goes_on(url: str, store: PostgresStore) -> None:
    """Every connection of the pool is dead, and the first call does not see it."""
    await asyncio.gather(*(insert(store, a_job(number)) for number in range(9)))
    _end_connections(url)
    assert await store.jobs.get("job1") == a_job(1)
    _end_connections(url)
    assert isinstance(await store.jobs.insert(a_job(10), ACCEPTED), Inserted)


async def test_a_server_that_goes_away_and_comes_back_loses_nothing(
    postgres: Server, url: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was refused was not written; the same calls work as soon as the server is there."""
    await insert(store, a_job(1))
    monkeypatch.setattr(store._session._pool, "timeout", 0.1)  # noqa: SLF001 - a short wait
    await asyncio.to_thread(postgres.stop)
    try:
        for refused in (store.jobs.insert(a_job(2), ACCEPTED), store.jobs.get("job1")):
            with pytest.raises(StoreFullError, match="cannot be reached"):
                await refused
    finally:
        await asyncio.to_thread(postgres.start)
    assert ask(url, "SELECT id FROM jobs") == [("job1",)]
    async with asyncio.timeout(20):
        while True:
            try:
                await insert(store, a_job(2))
            except StoreFullError:
                await asyncio.sleep(0.05)
            else:
                break
    assert await store.jobs.get("job1") == a_job(1)
    assert len(await store.jobs.claim(NOW, LEASE, [a_limit(9)])) == 2


def _end_connections(url: str) -> None:
    ask(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'slack-video-bot' AND datname = current_database()",
    )


async def test_a_connection_that_ends_at_a_commit_leaves_the_write_in_doubt(
    url: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same request, delivered again, finds out."""
    execute = AsyncConnection.execute

    async def end_at_commit(
        self: object, query: bytes, *values: object, prepare: bool | None = None
    ) -> object:
        if query == b"COMMIT":
            _end_connections(url)
        return await execute(self, query, *values, prepare=prepare)  # type: ignore[call-overload] # passed on

    with monkeypatch.context() as patch:
        patch.setattr(AsyncConnection, "execute", end_at_commit)
        with pytest.raises(StoreUnsureError, match="may or may not be done"):
            await store.jobs.insert(a_job(), ACCEPTED)
    assert await store.jobs.insert(a_job(), ACCEPTED) == Inserted(job=a_job(), is_new=True)


_ADD_SCOPE = "INSERT INTO budget_scopes VALUES (%(key)s)"


async def test_what_is_postponed_is_written_once_by_the_commit(
    url: str, store: PostgresStore
) -> None:
    async def add(db: Database) -> None:
        db.postpone(_ADD_SCOPE, {"key": "one"})
        db.postpone(_ADD_SCOPE, {"key": "two"})
        assert not await db.rows("SELECT FROM budget_scopes")
        await db.run_postponed()
        assert len(await db.rows("SELECT FROM budget_scopes")) == 2
        db.postpone(_ADD_SCOPE, {"key": "three"})

    await store._session.write(add)  # noqa: SLF001 - what every write runs in
    assert ask(url, "SELECT key FROM budget_scopes ORDER BY key") == [
        ("one",),
        ("three",),
        ("two",),
    ]


async def test_of_a_commit_whose_postponed_statement_fails_nothing_is_written(
    url: str, store: PostgresStore
) -> None:
    """It is told as what it is, and the connection serves the next write."""

    async def add(db: Database) -> None:
        await db.change(_ADD_SCOPE, {"key": "one"})
        db.postpone(_ADD_SCOPE, {"key": "two"})
        db.postpone(_ADD_SCOPE, {"key": "two"})
        db.postpone(_ADD_SCOPE, {"key": "three"})

    with pytest.raises(StoreError, match="duplicate key") as refused:
        await store._session.write(add)  # noqa: SLF001 - what every write runs in
    assert not isinstance(refused.value, StoreUnsureError)
    assert ask(url, "SELECT key FROM budget_scopes") == []
    await insert(store, a_job())


async def test_nothing_is_postponed_where_no_commit_follows(store: PostgresStore) -> None:
    async def read(db: Database) -> None:
        db.postpone(_ADD_SCOPE, {"key": "one"})

    with pytest.raises(ValueError, match="no transaction has begun"):
        await store._session.read(read)  # noqa: SLF001 - what every read runs in


async def test_a_database_that_cannot_be_written_to_is_told(postgres: Server, url: str) -> None:
    """What is there can be read."""
    store = await PostgresStore.open(url, holder="bot")
    await insert(store, a_job())
    await store.ping()
    postgres.run("ALTER DATABASE contract SET default_transaction_read_only = on")
    try:
        _end_connections(url)
        with pytest.raises(StoreFullError, match="cannot be written to"):
            await store.ping()
        with pytest.raises(StoreFullError, match="cannot be written to"):
            await store.jobs.insert(a_job(2), ACCEPTED)
        assert await store.jobs.get("job1") == a_job()
    finally:
        postgres.run("ALTER DATABASE contract RESET default_transaction_read_only")
        await store.close()


async def test_a_lock_of_somebody_else_is_told_in_time(
    url: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And writes go on as soon as it has let go."""
    monkeypatch.setattr(
        "storage.postgres.session.BEGIN", connection.BEGIN.replace("'2s'", "'100ms'")
    )
    await insert(store, a_job())
    with psycopg.connect(url) as operator:
        operator.execute("LOCK TABLE jobs IN EXCLUSIVE MODE")
        with pytest.raises(StoreFullError, match="keeps a row locked"):
            await store.jobs.request_cancel("job1", "U1", NOW)
        assert await store.jobs.get("job1") == a_job()
    assert await store.jobs.request_cancel("job1", "U1", NOW) is not None


_SETTINGS = """
    SELECT current_setting('statement_timeout') AS statement,
        current_setting('lock_timeout') AS lock,
        current_setting('idle_in_transaction_session_timeout') AS idle,
        current_setting('jit') AS jit,
        (SELECT count(*) > 0 FROM pg_prepared_statements) AS is_prepared
"""
_SET = {"statement": "5s", "lock": "2s", "idle": "5s", "jit": "off"}


async def test_a_statement_and_a_pause_within_a_transaction_are_limited(
    store: PostgresStore,
) -> None:
    """What is run often is planned once, and compiled never."""
    session = store._session  # noqa: SLF001 - what every write runs in
    for _ in range(10):
        await insert(store, replace(a_job(), dedup_key="the same"))
    for run in (session.write, session.read, session.read_at_once):
        row = await run(lambda db: db.row(_SETTINGS))
        assert row == {**_SET, "is_prepared": True}


async def test_behind_a_pooler_each_transaction_sets_its_limits_and_prepares_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever another client of the pooler has left on the connection."""
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 1)
    store = await PostgresStore.open(url, holder="bot")
    session = store._session  # noqa: SLF001 - what every write runs in
    for _ in range(10):
        await insert(store, replace(a_job(), dedup_key="the same"))
    for run in (session.write, session.read_at_once):
        await session.read(lambda db: db.change("RESET ALL"))
        row = await run(lambda db: db.row(_SETTINGS))
        assert row == {**_SET, "is_prepared": False}
    await store.close()


async def test_an_operator_may_wait_for_longer_than_a_person(url: str) -> None:
    """Such as for the sum over millions of jobs; and keeps a lock for no longer than others do."""
    visitor = await PostgresStore.open(url, owner=False)
    session = visitor._session  # noqa: SLF001 - what every read and write runs in
    query = """
        SELECT current_setting('statement_timeout') AS statement,
            current_setting('lock_timeout') AS lock
    """
    for run in (session.write, session.read, session.read_at_once):
        assert await run(lambda db: db.row(query)) == {"statement": "10min", "lock": "2s"}
    await visitor.close()


@pytest.mark.parametrize("table", ["jobs", "notifications", "home_views", "budget_use"])
async def test_tables_that_change_often_have_room_and_are_cleaned_early(
    url: str, store: PostgresStore, table: str
) -> None:
    assert await store.jobs.get("none") is None
    [(options,)] = ask(url, f"SELECT reloptions FROM pg_class WHERE relname = '{table}'")  # noqa: S608 - ours
    assert options == ["fillfactor=80", "autovacuum_vacuum_scale_factor=0.02"]


async def test_a_text_with_a_character_that_postgresql_lacks_is_kept_without_it(
    store: PostgresStore,
) -> None:
    """In JSON it stands as an escape, and is kept."""
    job = replace(a_full_job(), surface="but\0ton", problem="no\0 \ud800")
    await insert(store, job)
    row = await store.jobs.get(job.id)
    assert row is not None
    assert (row.surface, row.problem) == ("but?ton", "no? ?")
    assert row.input == job.input


async def test_the_databases_clock_is_that_of_all_processes(url: str, store: PostgresStore) -> None:
    [(now,)] = ask(url, "SELECT extract(epoch FROM clock_timestamp())::double precision")
    assert isinstance(now, float)
    assert abs(await store.now() - now) < 5


async def test_a_restored_database_is_noticed(postgres: Server, url: str) -> None:
    """A copy has another identity; a start of it tells it again, and nothing else."""
    cap = Cap(scope=Scope(kind=ScopeKind.WORKSPACE, team="T1"), window=Window.DAY, limit=Decimal(5))
    store = await PostgresStore.open(url)
    await store.budgets.set_cap(cap, "U9", NOW)
    await insert(store, a_job())
    assert await store.budgets.unchecked_restores() == []
    await store.close()
    copy = copied_database(postgres, "restored")
    for _ in range(2):
        store = await PostgresStore.open(copy)
        expected = [UncheckedRestore(team="T1", since=ACCEPTED.at)]
        assert await store.budgets.unchecked_restores() == expected
        assert await store.restores() == [ACCEPTED.at]
        await store.close()


async def test_a_backup_is_made_by_postgresqls_own_program(store: PostgresStore) -> None:
    with pytest.raises(StoreError) as refused:
        await store.backup("my jobs.dump")
    said = str(refused.value)
    assert """pg_dump --format=custom --file='my jobs.dump' "$DATABASE_URL".""" in said
    assert "the variables of the bot, with its tokens and keys, and the folder MODELS_DIR" in said


async def test_closing_answers_who_waits_and_refuses_who_comes_later(url: str) -> None:
    """Twice is as good as once."""
    store = await PostgresStore.open(url)
    waiting = asyncio.create_task(store.jobs.insert(a_job(), ACCEPTED))
    await asyncio.sleep(0)
    await store.close()
    assert await waiting == Inserted(job=a_job(), is_new=True)
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.jobs.get("job1")
    with pytest.raises(StoreError, match="closed"):
        await store.ping()


@pytest.mark.parametrize("statement", ["DELETE FROM job_events", "UPDATE job_events SET at = 1"])
async def test_a_timeline_can_only_grow(url: str, store: PostgresStore, statement: str) -> None:
    await insert(store, a_job())
    with pytest.raises(psycopg.Error, match="append-only"):
        ask(url, statement)


async def test_stages_are_counted_whoever_writes(url: str, store: PostgresStore) -> None:
    """The changes are added up when they are read."""
    for number in range(3):
        await insert(store, a_job(number))
    ask(url, "UPDATE jobs SET stage = 'parked' WHERE id = 'job2'")
    for _ in range(2):
        counts = await store.jobs.stage_counts()
        assert counts == {**dict.fromkeys(Stage, 0), Stage.ACCEPTED: 2, Stage.PARKED: 1}
    assert len(ask(url, "SELECT FROM stage_changes")) == 2


async def test_of_two_processes_one_answers_a_request(url: str, store: PostgresStore) -> None:
    """Until so much time has passed that the first one may have ended before it did."""
    other = await PostgresStore.open(url, migrates=False)
    both = await asyncio.gather(*(one.may_answer("message:1", NOW) for one in (store, other)))
    assert sorted(both) == [False, True]
    assert await other.may_answer("message:2", NOW)
    assert not await other.may_answer("message:1", NOW + ANSWER_SECONDS - 1)
    assert await other.may_answer("message:1", NOW + ANSWER_SECONDS)
    assert not await store.may_answer("message:1", NOW + ANSWER_SECONDS)
    assert await store.may_answer("message:3", NOW + 2 * KEPT_SECONDS)
    assert ask(url, "SELECT key FROM answers") == [("message:3",)]
    await other.close()


async def test_statements_that_write_are_planned_once_for_all_values(url: str) -> None:
    """A plan takes longer to make than to run: five for each statement made requests late."""
    session = await open_session(url, owner=True)
    store = PostgresStore(session)
    for number in range(7):
        await insert(store, a_job(number))
    plans = await session.write(
        lambda db: db.rows(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE ltrim(statement, E' \n') LIKE 'WITH made AS%'"
        )
    )
    await store.close()
    assert plans == [{"generic_plans": 7, "custom_plans": 0}]


async def test_an_operator_may_write_as_often_as_they_like(url: str) -> None:
    """Several statements of one string cannot be prepared, however often they are run."""
    await (await PostgresStore.open(url)).close()
    store = await PostgresStore.open(url, owner=False)
    for number in range(7):
        await insert(store, a_job(number))
    found = [await store.jobs.get(f"job{number}") for number in range(7)]
    await store.close()
    assert None not in found
