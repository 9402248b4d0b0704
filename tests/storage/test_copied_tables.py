"""The list of what a copy brings along has every table and column of both stores."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from storage.copied_tables import NEW_COLUMNS, ONLY_IN_POSTGRES, ONLY_IN_SQLITE, TABLES
from storage.postgres.upgrade import upgrade
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import MIGRATIONS, migrate
from tests.support.postgres import Server, emptied_database

Tables = dict[str, set[str]]
"""The columns of each table."""


@pytest.fixture
def of_sqlite(tmp_path: Path) -> Tables:
    """The tables of a file."""
    with closing(connect_writer(str(tmp_path / "jobs.db"), create=True)) as db:
        migrate(db)
        return {
            table.name: {column.name for column in table.columns}
            for table in db.tables
            if table.name not in {MIGRATIONS.migrations_table, "sqlite_sequence"}
            # The tables of FTS5 belong to the one that they index.
            and not table.name.startswith("job_words_fts")
        }


@pytest.fixture
async def of_postgres(postgres: Server) -> Tables:
    """The tables of a database."""
    url = emptied_database(postgres)
    await upgrade(url)
    found: Tables = {}
    query = (
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public'"
    )
    with psycopg.connect(url) as reader:
        for table, column in reader.execute(query):
            found.setdefault(table, set()).add(column)
    return found


async def test_each_table_is_copied_or_has_a_reason_not_to_be(
    of_sqlite: Tables, of_postgres: Tables
) -> None:
    names = {table.name for table in TABLES}
    assert len(names) == len(TABLES)
    assert names | ONLY_IN_SQLITE.keys() == of_sqlite.keys()
    assert names | ONLY_IN_POSTGRES.keys() == of_postgres.keys()
    assert not names & (ONLY_IN_SQLITE.keys() | ONLY_IN_POSTGRES.keys())


async def test_each_column_of_a_copied_table_is_in_both(
    of_sqlite: Tables, of_postgres: Tables
) -> None:
    for table in TABLES:
        added = of_postgres[table.name] - of_sqlite[table.name]
        assert of_sqlite[table.name] <= of_postgres[table.name]
        assert added == NEW_COLUMNS.get(table.name, frozenset())
        assert set(table.amounts) <= of_sqlite[table.name]
        assert table.is_queue == ({"fence", "lease_until", "crashes"} <= of_sqlite[table.name])
