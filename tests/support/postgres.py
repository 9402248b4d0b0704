"""A PostgreSQL server of the tests' own, and a new database in it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

import psycopg
import pytest

from sandbox import postgres
from sandbox.postgres import PostgresMissingError, Server

__all__ = ["Server", "emptied_database", "running_server"]

_WITH_CONTRACT: WeakSet[Server] = WeakSet()
"""The servers in which the database of the contract's tests was made."""


@contextmanager
def running_server(*, survives_crash: bool = False) -> Iterator[Server]:
    """Start a server, and stop it at the end; without one the test fails, and says what to do."""
    try:
        with postgres.running_server(survives_crash=survives_crash) as server:
            yield server
    except PostgresMissingError as error:
        pytest.fail(str(error))


def emptied_database(server: Server) -> str:
    """Return the address of a database with all tables and no row: the same one for each test.

    A new database takes a tenth of a second, and to remove the few rows of a test a twentieth of
    that.
    """
    url = server.url("contract")
    if server not in _WITH_CONTRACT:
        server.run("CREATE DATABASE contract")
        _WITH_CONTRACT.add(server)
        return url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_EMPTY)
    return url


# As the owner may do, without the triggers that keep history.
_EMPTY = b"""
    DO $$
    DECLARE name TEXT;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR name IN
            SELECT tablename FROM pg_tables
            WHERE schemaname = 'public' AND tablename <> 'schema_migrations'
        LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
        PERFORM setval(sequencename::regclass, 1, false) FROM pg_sequences;
    END $$
"""
