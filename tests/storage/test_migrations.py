"""The tables, and how a file gets from one version of them to the next."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import pysqlite3
import pytest
from sqlite_utils import Database, Migrations

from storage.budget import ALL_TIME, Scope, ScopeKind, Use
from storage.home import HomeView
from storage.job import (
    Decision,
    Delivery,
    Film,
    Forecast,
    Job,
    Price,
    Question,
    Repeat,
    ReplyTo,
    Review,
    Stage,
    UsedStyle,
)
from storage.notification import Notification
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS, Table
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import MIGRATIONS, check_migrated, first_upgrade, migrate
from storage.sqlite.store import SqliteStore
from storage.store import StoreError
from tests.support.inline_store import inline_session
from tests.support.store_samples import ACCEPTED, a_job, insert_job

KILLED_MIDWAY = """
import os, signal, sys
from sqlite_utils import Migrations
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import MIGRATIONS, migrate

db = connect_writer(sys.argv[1], create=True)
migrate(db)

later = Migrations("slack-video-bot")

@later(name="9999_later")
def _later(db):
    db.execute("CREATE TABLE half_made (a TEXT) STRICT")
    db.execute("ALTER TABLE jobs ADD COLUMN half_made TEXT")
    os.kill(os.getpid(), signal.SIGKILL)

migrate(db, later)
"""
"""A version of the program that dies in the middle of its own migration."""


PARTS: dict[
    str,
    type[
        Delivery
        | ReplyTo
        | Question
        | Decision
        | UsedStyle
        | Film
        | Repeat
        | Review
        | Price
        | Forecast
    ],
] = {
    "delivery": Delivery,
    "reply_to": ReplyTo,
    "question": Question,
    "decision": Decision,
    "style": UsedStyle,
    "film": Film,
    "repeat": Repeat,
    "price": Price,
    "forecast": Forecast,
    "review": Review,
}
"""What the fields hold whose parts are columns of their own."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A new file with all tables."""
    db = connect_writer(str(tmp_path / "new.db"), create=True)
    with closing(db):
        migrate(db)
        yield db


@pytest.mark.parametrize("table", [JOBS, NOTIFICATIONS, HOME_VIEWS], ids=lambda one: one.name)
def test_every_field_is_a_column_and_every_part_of_a_nested_one(
    db: Database, table: Table[Job] | Table[Notification] | Table[HomeView]
) -> None:
    """A field without a column could not be written, a column without a field not be read."""
    columns = {column.name for column in db.table(table.name).columns}
    assert columns == {*table.columns, "seq"}
    assert len(table.columns) == sum(
        len(fields(PARTS[field.name])) if field.name in PARTS else 1 for field in fields(table.of)
    )


def test_every_table_is_strict(db: Database) -> None:
    """A lax table would take any type; those of FTS5 are its own."""
    ours = {name for name in db.table_names() if not name.startswith("job_words_fts")}
    for name in ours - {"_sqlite_migrations", "sqlite_sequence"}:
        assert db.table(name).strict, name


def test_migrating_twice_changes_nothing(db: Database) -> None:
    """Every start of the program migrates."""
    before = db.schema
    migrate(db)
    assert db.schema == before
    check_migrated(db)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE job_events SET detail = 'nicer'",
        "UPDATE job_events SET detail = '', name = 'other'",
        "UPDATE job_events SET detail = '', at = 1",
        "UPDATE job_events SET detail = '', job_id = 'other'",
        "UPDATE job_events SET detail = '', seq = seq + 1",
        "DELETE FROM job_events",
    ],
)
def test_the_timeline_can_only_grow(db: Database, statement: str) -> None:
    """A line of the timeline is neither changed nor removed, not even by hand."""
    insert_job(db, a_job())
    with pytest.raises(pysqlite3.IntegrityError, match="append-only"):
        db.execute(statement)


def test_the_detail_of_an_event_may_be_erased(db: Database) -> None:
    """It is not kept for good, but the event is."""
    insert_job(db, a_job())
    db.execute("UPDATE job_events SET detail = ''")
    [event] = db.query("SELECT at, name, detail FROM job_events")
    assert event == {"at": ACCEPTED.at, "name": ACCEPTED.name, "detail": ""}


def test_an_event_needs_its_job(db: Database) -> None:
    """A line that belongs to no job is a fault of the program."""
    with pytest.raises(pysqlite3.IntegrityError, match="FOREIGN KEY"):
        db.execute("INSERT INTO job_events (job_id, at, name, detail) VALUES ('no', 1, 'x', '')")


def test_a_migration_that_fails_leaves_the_file_as_it_was(db: Database) -> None:
    """Its tables and its record go together."""
    before = db.schema
    later = Migrations("slack-video-bot")

    @later(name="9999_later")
    def _later(db: Database) -> None:
        db.execute("CREATE TABLE half_made (a TEXT) STRICT")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        migrate(db, later)
    assert db.schema == before
    assert [migration.name for migration in later.pending(db)] == ["9999_later"]


def test_a_migration_that_is_killed_leaves_the_file_usable(tmp_path: Path) -> None:
    """After SIGKILL in its middle nothing of it is there, and the store opens and works."""
    path = str(tmp_path / "killed.db")
    killed = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", KILLED_MIDWAY, path],
        cwd=Path(__file__).parents[2],
        check=False,
        timeout=30,
    )
    assert killed.returncode == -signal.SIGKILL
    with closing(connect_writer(path, create=True)) as db:
        migrate(db)
        assert insert_job(db, a_job()) == a_job()
        assert "half_made" not in db.table_names()
        assert "half_made" not in {column.name for column in db.table("jobs").columns}


async def test_before_an_upgrade_the_file_is_copied_beside_itself(tmp_path: Path) -> None:
    """The copy has the old tables and every row; it is private, and made once."""
    path = tmp_path / "jobs.db"
    with closing(connect_writer(str(path), create=True)) as db:
        MIGRATIONS.apply(db, stop_before="0018_names")
    await (await SqliteStore.open(str(path))).close()
    copy = tmp_path / "jobs.db.before-0018_names"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(connect_writer(str(copy), create=False)) as db:
        assert first_upgrade(db) == "0018_names"
    copy.unlink()
    await (await SqliteStore.open(str(path))).close()
    assert not copy.exists()


async def test_a_new_file_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    path.touch()
    await (await SqliteStore.open(str(path))).close()
    assert not list(tmp_path.glob("*before*"))


async def test_without_a_copy_there_is_no_upgrade(tmp_path: Path) -> None:
    """A full disk, say: the file stays as it is, for the version that it is of."""
    path = tmp_path / "jobs.db"
    with closing(connect_writer(str(path), create=True)) as db:
        MIGRATIONS.apply(db, stop_before="0018_names")
    (tmp_path / "jobs.db.before-0018_names.partial").mkdir()
    with pytest.raises(StoreError, match="not brought up to date, because it cannot be copied"):
        await SqliteStore.open(str(path))
    with closing(connect_writer(str(path), create=False)) as db:
        assert first_upgrade(db) == "0018_names"


@pytest.mark.parametrize("owner", [True, False])
async def test_a_store_of_a_newer_version_is_refused_by_name(
    tmp_path: Path, *, owner: bool
) -> None:
    """With how to go back to this version; nothing is written."""
    path = tmp_path / "jobs.db"
    await (await SqliteStore.open(str(path))).close()
    later = Migrations("slack-video-bot")
    for name in ("9998_later", "9999_latest"):
        later(name=name)(lambda _: None)
    with closing(connect_writer(str(path), create=False)) as db:
        later.apply(db)
    before = path.read_bytes()
    with pytest.raises(StoreError) as refusal:
        await SqliteStore.open(str(path), owner=owner)
    assert path.read_bytes() == before
    assert "9999_latest" in str(refusal.value)
    assert f"({path}.before-9998_later) in the place of {path}" in str(refusal.value)


async def test_a_visitor_does_not_migrate_but_says_who_does(tmp_path: Path) -> None:
    """An operator's command must not change tables under a service that runs."""
    path = str(tmp_path / "old.db")
    with closing(connect_writer(path, create=True)):
        pass
    with pytest.raises(StoreError, match="start the service once"):
        await SqliteStore.open(path, owner=False)


async def test_jobs_of_before_are_counted_by_the_migration(tmp_path: Path) -> None:
    """On the day of their request, as the sum over the rows says."""
    path = str(tmp_path / "jobs.db")
    jobs = [
        replace(a_job(1), cost_estimate=Decimal("0.1")),
        replace(a_job(2), cost_estimate=Decimal("0.1"), cost_actual=Decimal("0.25")),
        replace(a_job(3), stage=Stage.REJECTED, cost_estimate=Decimal("0.1")),
        replace(a_job(4), channel="D1", cost_actual=Decimal(1)),
        replace(a_job(5), stage=Stage.WAITING),
    ]
    with closing(connect_writer(path, create=True)) as db:
        MIGRATIONS.apply(db, stop_before="0023_budgets")
        there = {column.name for column in db.table("jobs").columns}
        for job in jobs:
            row = JOBS.to_row(job)
            columns = [name for name in row if name in there]
            names = ", ".join(columns)
            places = ", ".join(f":{name}" for name in columns)
            db.execute(f"INSERT INTO jobs ({names}) VALUES ({places})", row)  # noqa: S608 - ours
        migrate(db)
    store = SqliteStore(await inline_session(path))
    assert await store.budgets.mismatches() == []
    person = Scope(kind=ScopeKind.PERSON, team="T1", name="U1")
    channel = Scope(kind=ScopeKind.CHANNEL, team="T1", name="C1")
    held, spent = Decimal("0.1"), Decimal("1.25")
    assert await store.budgets.use(person, ALL_TIME) == Use(held=held, spent=spent)
    assert await store.budgets.use(channel, ALL_TIME) == Use(held=held, spent=spent - 1)
    await store.close()
