"""Tests of `migrate` on both kinds of store: what it says, and what it leaves alone."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlite_utils import Database, Migrations

from bot.cli.main import main
from storage.postgres.migrations import MIGRATIONS as OF_POSTGRES
from storage.sqlite.migrations import MIGRATIONS
from storage.sqlite.ownership import ownership
from storage.sqlite.store import SqliteStore
from tests.support.postgres import Server
from tests.support.store_samples import ACCEPTED, NOW, a_job, a_limit

UP_TO_DATE = "The tables are up to date.\n"


def run_migrate(url: object) -> Result:
    """Run the command, without any other variable."""
    return CliRunner().invoke(main, ["migrate"], env={"DATABASE_URL": str(url)})


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the version before, with a job in which its bot was killed."""
    path = tmp_path / "jobs.db"

    async def fill() -> None:
        store = await SqliteStore.open(str(path))
        await store.jobs.insert(a_job(), ACCEPTED)
        await store.jobs.claim(NOW, 3600, [a_limit(1)])
        await store.close()

    asyncio.run(fill())
    later = Migrations._Migration("9999_later", _add_table)  # noqa: SLF001 - a later version's
    monkeypatch.setattr(MIGRATIONS, "_migrations", [*MIGRATIONS._migrations, later])  # noqa: SLF001
    return path


def _add_table(db: Database) -> None:
    db.execute("CREATE TABLE later (id INTEGER PRIMARY KEY)")


def test_a_new_file_is_made_and_an_old_one_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    url = f"sqlite:///{path}"
    first, last = run_migrate(url).output.splitlines()
    assert first.startswith("The tables are up to date now: 0001_jobs, ")
    assert last == f"The store at {path} is new, and empty."
    assert run_migrate(url).output == UP_TO_DATE


def test_a_file_is_copied_before_and_the_next_start_finds_out_all_that_it_must(old: Path) -> None:
    copy = Path(f"{old}.before-9999_later")
    assert run_migrate(f"sqlite:///{old}").output == (
        f"The tables are up to date now: 9999_later.\nThe store was copied to {copy} before.\n"
    )
    assert copy.exists()

    async def start() -> tuple[int, int]:
        store = await SqliteStore.open(str(old))
        [freed] = await store.jobs.claim(NOW, 60, [a_limit(1)])
        restores = len(await store.restores())
        await store.close()
        return freed.crashes, restores

    assert asyncio.run(start()) == (1, 0)


def test_a_file_on_which_a_bot_runs_is_left_alone(old: Path) -> None:
    """If there is nothing to do, that is said all the same."""
    with ownership(str(old)):
        refused = run_migrate(f"sqlite:///{old}")
        assert refused.exit_code == 1
        assert "is in use by another process: stop that one first" in refused.stderr
    assert run_migrate(f"sqlite:///{old}").exit_code == 0
    with ownership(str(old)):
        assert run_migrate(f"sqlite:///{old}").output == UP_TO_DATE


def test_a_file_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(Database(str(path))) as other:
        other.execute("CREATE TABLE guests (name TEXT)")
    before = path.read_bytes()
    refused = run_migrate(f"sqlite:///{path}")
    assert refused.exit_code == 1
    assert "holds the tables of another program" in refused.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "code", "what"),
    [
        ("sqlite:////nowhere/jobs.db", 2, "there is no folder /nowhere"),
        ("postgres://bot:secret@127.0.0.1:1/jobs", 1, "the database cannot be reached"),
        ("postgres://bot:secret@127.0.0.1:x/jobs", 2, "it is no address of a PostgreSQL database"),
    ],
)
def test_where_there_is_no_store_the_exit_code_says_whether_to_try_again(
    url: str, code: int, what: str
) -> None:
    result = run_migrate(url)
    assert result.exit_code == code
    assert what in result.stderr
    assert "secret" not in result.output
    assert "Traceback" not in result.output


def test_a_database_gets_its_tables_once(postgres: Server) -> None:
    postgres.run("CREATE DATABASE to_migrate")
    try:
        names = ", ".join(migration.name for migration in OF_POSTGRES)
        url = postgres.url("to_migrate")
        assert run_migrate(url).output == f"The tables are up to date now: {names}.\n"
        assert run_migrate(url).output == UP_TO_DATE
    finally:
        postgres.run("DROP DATABASE to_migrate WITH (FORCE)")


def test_the_address_without_a_pooler_is_taken_where_there_is_one(postgres: Server) -> None:
    postgres.run("CREATE DATABASE behind_pooler")
    try:
        through = "postgresql://postgres@127.0.0.1:1/behind_pooler"
        env = {"DATABASE_URL": through, "DATABASE_DIRECT_URL": postgres.url("behind_pooler")}
        result = CliRunner().invoke(main, ["migrate"], env=env)
        assert result.output.startswith("The tables are up to date now: ")
    finally:
        postgres.run("DROP DATABASE behind_pooler WITH (FORCE)")
