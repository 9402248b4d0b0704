"""Tests of `copy`: every row arrives as it was, in one transaction, and work goes on there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path

import psycopg
import pysqlite3
import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from storage.approval import ApprovalRule
from storage.budget import (
    Booking,
    Cap,
    NotAdmitted,
    Policy,
    Raise,
    Scope,
    ScopeKind,
    Stop,
    Window,
)
from storage.copied_tables import TABLES, CopiedTable
from storage.job import Event, EventName, Stage
from storage.postgres.store import PostgresStore
from storage.price_drift import PriceCheck
from storage.rows import Value
from storage.saved import Editor, SavedKey, SavedKind
from storage.sqlite import dump
from storage.sqlite.ownership import ownership
from storage.sqlite.store import SqliteStore
from storage.store import Inserted, JobFilter, Store
from tests.support.postgres import Server
from tests.support.store_samples import ACCEPTED, NOW, a_full_job, a_job, a_limit, insert

ALL = Scope(kind=ScopeKind.WORKSPACE, team="T1")
EVERYONE = Scope(kind=ScopeKind.EVERYONE, team="T1")
ADMIN = "U9"


async def fill(store: Store) -> None:
    """Put rows into every table, some of which look as no row should."""
    budgets = store.budgets
    await budgets.set_cap(Cap(scope=ALL, window=Window.MONTH, limit=Decimal("5.10")), ADMIN, NOW)
    await budgets.set_cap(Cap(scope=EVERYONE, window=Window.DAY, limit=Decimal(5)), ADMIN, NOW)
    await insert(store, replace(a_full_job(), stage=Stage.DELIVERED, due_at=None))
    odd = {"prompt": "café 🚗 \ud800"}
    await insert(store, replace(a_job(2), input=odd, reserved=Decimal("0.02")))
    await insert(store, replace(a_job(3), user="U\0x", reserved=Decimal("0.03")))
    await insert(store, replace(a_job(4), reserved=Decimal("4.90"), due_at=NOW + 50))
    for held in await store.jobs.claim(NOW, 3600, [a_limit(2)]):
        parked = replace(held, stage=Stage.PARKED, parked_from=held.stage, due_at=None)
        await store.jobs.apply(held, parked, Event(at=NOW + 9, name=EventName.PARKED, detail="?"))
    await budgets.add_raise(
        Raise(scope=ALL, amount=Decimal(1), until=NOW + 99, by=ADMIN, because="launch", at=NOW)
    )
    here = Scope(kind=ScopeKind.CHANNEL, team="T1", name="C9")
    await budgets.stop(Stop(scope=here, by=ADMIN, because="lunch", at=NOW))
    await budgets.set_policy("T1", Policy(confirm_above=Decimal("50.0")), ADMIN, NOW)
    rule = ApprovalRule(team="T1", above=Decimal(30), approvers=("U2",), allows_own=False)
    await budgets.set_approval_rule(rule, ADMIN, NOW)
    booking = Booking(amount=Decimal(200), by=ADMIN, because="receipt 17", at=NOW)
    await budgets.book_credit("T1", booking)
    check = PriceCheck(price_key="kling-v3/std", forecast=Decimal(1), actual=Decimal(2))
    await budgets.note_drift("T1", check, (), NOW)
    await store.settings.set("channel:T1:C1", "notify", ["parked"])
    style = SavedKey(kind=SavedKind.STYLE, scope="channel:T1:C1", name="noir")
    maker = Editor(user="U1", is_admin=False)
    await store.saved.save(style, {"words": "rain ☔ \0", "options": {"mode": "pro"}}, maker, NOW)
    await store.homes.open("T1", "U1", NOW, pages=2)
    # Not ended: the bot is killed in it.
    assert await store.jobs.claim(NOW + 100, 3600, [a_limit(1)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file whose bot was killed."""
    path = tmp_path / "jobs.db"

    async def make() -> None:
        store = await SqliteStore.open(str(path))
        await fill(store)
        await store.close()

    asyncio.run(make())
    with closing(pysqlite3.connect(str(path))) as other_hand, other_hand:
        other_hand.execute("UPDATE jobs SET names = 'no JSON' WHERE seq = 2")
        other_hand.execute("INSERT INTO unreadable_rows VALUES (NULL, 'jobs', 'job2', 'names')")
        other_hand.execute("INSERT INTO restores VALUES (7, 1000.5)")
        other_hand.execute("INSERT INTO notes VALUES ('a', 0, 'job1', 'U1', 1.5, 3.0, '☔', NULL)")
        other_hand.execute("INSERT INTO feedback VALUES ('job1', 'U1', 1, 1.5)")
        other_hand.execute("INSERT INTO restore_checks VALUES ('T1', 7)")
    return path


@pytest.fixture
def target(postgres: Server) -> Iterator[str]:
    """The address of a database without tables."""
    postgres.run("CREATE DATABASE copied")
    yield postgres.url("copied")
    postgres.run("DROP DATABASE copied WITH (FORCE)")


def copy(*arguments: str, **env: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["copy", *arguments], env=env)


def rows_of_file(path: Path, table: str) -> list[dict[str, object]]:
    with closing(pysqlite3.connect(str(path))) as db:
        db.row_factory = pysqlite3.Row
        db.text_factory = lambda raw: raw.decode(errors="surrogateescape")
        return [dict(row) for row in db.execute(f"SELECT * FROM {table}")]  # noqa: S608 - ours


def rows_of_database(url: str, table: str) -> list[dict[str, object]]:
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as db:
        return list(db.execute(f"SELECT * FROM {table}".encode()))  # noqa: S608 - ours


def first(row: dict[str, object]) -> str:
    """Return the first two columns, by which rows of both are brought into one order."""
    return str(list(row.values())[:2]).replace("\\x00", "?")


def alike(value: object, stored: object) -> bool:
    """Tell whether a value of the file is the same in the database."""
    match stored:
        case Decimal():
            return Decimal(str(value)) == stored
        case str() if isinstance(value, str):
            return value.replace("\0", "?") == stored
        case _:
            return value == stored


def test_every_row_arrives_as_it_was(source: Path, target: str) -> None:
    result = copy(f"sqlite:///{source}", target)
    assert result.exit_code == 0, result.output
    for table in TABLES:
        expected, found = rows_of_file(source, table.name), rows_of_database(target, table.name)
        assert expected, table.name
        assert len(found) == len(expected)
        for before, after in zip(
            sorted(expected, key=first), sorted(found, key=first), strict=True
        ):
            if table.is_queue and before["lease_until"] is not None:
                # The process that held it was killed.
                crashes = Decimal(str(before["crashes"])) + int(before["due_at"] is not None)
                before |= {"lease_until": None, "crashes": crashes}
            differing = {name for name in before if not alike(before[name], after[name])}
            assert differing == set(), table.name
    assert "jobs" in result.output
    assert "cost_actual 0.07560, highest fence 3" in result.output
    assert "Counts, sums and fences agree." in result.output
    assert "texts had characters that PostgreSQL lacks" in result.output


def test_work_goes_on_where_it_was(source: Path, target: str) -> None:
    """Numbers go on, budgets count what they counted, and what was in flight is free again."""
    assert copy(f"sqlite:///{source}", DATABASE_URL=target).exit_code == 0

    async def work() -> None:
        store = await PostgresStore.open(target, holder="worker")
        assert await store.budgets.mismatches() == []
        assert await store.restores() == [1000.5]
        assert (await store.jobs.stage_counts())[Stage.PARKED] == 2
        [freed] = await store.jobs.claim(NOW + 100, 60, [a_limit(9)])
        assert (freed.id, freed.fence, freed.crashes) == ("job4", 2, 1)
        # 4.95 of 5 are held for this person, and all of what the workspace has.
        refused = await store.jobs.insert(replace(a_job(5), reserved=Decimal("0.50")), ACCEPTED)
        assert isinstance(refused, NotAdmitted)
        other = replace(a_job(6), user="U7", reserved=Decimal("0.50"))
        made = await store.jobs.insert(other, ACCEPTED)
        assert isinstance(made, Inserted)
        assert made.job.stage is Stage.ACCEPTED
        assert await store.budgets.mismatches() == []
        assert (await store.jobs.jobs(JobFilter(limit=1)))[0].id == "job6"
        await store.close()

    asyncio.run(work())


def test_a_file_on_which_a_bot_runs_is_not_copied(source: Path, target: str) -> None:
    with ownership(str(source)):
        result = copy(f"sqlite:///{source}", target)
    assert result.exit_code == 1
    assert "is in use by another process: stop that one first" in result.stderr


def test_a_database_with_rows_is_left_as_it_is(source: Path, target: str) -> None:
    assert copy(f"sqlite:///{source}", target).exit_code == 0
    before = {table.name: rows_of_database(target, table.name) for table in TABLES}
    again = copy(f"sqlite:///{source}", target)
    assert again.exit_code == 1
    assert "nothing was copied: the database is not empty, it has rows in jobs, " in again.stderr
    assert {table.name: rows_of_database(target, table.name) for table in TABLES} == before


def test_what_does_not_agree_in_the_end_is_not_kept(
    source: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a row too few arrives in the last table of all."""
    monkeypatch.setattr(dump.Dump, "rows", lose_an_audit_entry(dump.Dump.rows))
    result = copy(f"sqlite:///{source}", target)
    assert result.exit_code == 1
    assert "nothing was copied: audit would have " in result.stderr
    assert rows_of_database(target, "jobs") == []
    with psycopg.connect(target) as db:
        counting = "SELECT tgenabled FROM pg_trigger WHERE tgname = 'jobs_counted'"
        assert db.execute(counting).fetchall() == [("O",)]


Rows = Callable[[dump.Dump, CopiedTable], Iterator[dict[str, Value]]]


def lose_an_audit_entry(rows: Rows) -> Rows:
    def fewer(self: dump.Dump, table: CopiedTable) -> Iterator[dict[str, Value]]:
        return islice(rows(self, table), 1 if table.name == "audit" else 0, None)

    return fewer


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (("sqlite:////nowhere/jobs.db", "postgres://bot:secret@127.0.0.1/jobs"), 2, "no folder"),
        (("postgres://bot:secret@127.0.0.1/jobs", "sqlite:///jobs.db"), 2, "A store is copied"),
        (("sqlite:///jobs.db",), 2, "A store is copied from sqlite:///PATH"),
        (("jobs.db", "postgres://bot:secret@127.0.0.1/jobs"), 2, "it names no SQLite file"),
    ],
)
def test_wrong_addresses_are_told_without_a_password(
    arguments: tuple[str, ...], code: int, what: str
) -> None:
    result = copy(*arguments)
    assert (result.exit_code, what in result.stderr) == (code, True), result.stderr
    assert "secret" not in result.output


def test_a_server_that_cannot_be_reached_is_told(source: Path) -> None:
    result = copy(f"sqlite:///{source}", "postgres://bot:secret@127.0.0.1:1/jobs")
    assert result.exit_code == 1
    assert "the database cannot be reached" in result.stderr
    assert "secret" not in result.output
