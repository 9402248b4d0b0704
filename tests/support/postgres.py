"""A PostgreSQL server of the tests' own, and an empty database in it for each test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import psycopg
import pytest

from sandbox import postgres
from sandbox.postgres import PostgresMissingError, Server
from storage.postgres.upgrade import upgrade

__all__ = ["Server", "copied_database", "emptied_database", "running_server"]

_CONTRACT = "contract"
"""The database of the contract's tests."""

_EMPTYING: WeakKeyDictionary[Server, psycopg.Connection] = WeakKeyDictionary()
"""The connections that empty it, of the servers in which it was made."""


@contextmanager
def running_server(*, survives_crash: bool = False) -> Iterator[Server]:
    """Start a server, and stop it at the end; without one the test fails, and says what to do."""
    try:
        with postgres.running_server(survives_crash=survives_crash) as server:
            try:
                yield server
            finally:
                _release(server)
    except PostgresMissingError as error:
        pytest.fail(str(error))


def emptied_database(server: Server) -> str:
    """Return the address of a database with all tables and no row: the same one for each test.

    A new database takes a tenth of a second. To remove the few rows of a test takes two
    milliseconds on a connection that has done so before, and ten times that on a new one, which
    reads the catalogue and plans each statement first.
    """
    url = server.url(_CONTRACT)
    kept = _EMPTYING.get(server)
    if kept is None:
        server.run(f"CREATE DATABASE {_CONTRACT}")
        # In a thread, because a loop may run in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, upgrade(url)).result()
    else:
        try:
            kept.execute(_EMPTY)
        except psycopg.OperationalError:
            # A test has ended it: with the server, or with all connections.
            kept.close()
        else:
            return url
    _EMPTYING[server] = psycopg.connect(url, autocommit=True)
    _EMPTYING[server].execute(_EMPTY)
    return url


def copied_database(server: Server, name: str) -> str:
    """Return the address of a copy of the same database, to which a test has no connection."""
    # PostgreSQL copies none to which there is one.
    _release(server)
    server.run(f"CREATE DATABASE {name} TEMPLATE {_CONTRACT}")
    return server.url(name)


def _release(server: Server) -> None:
    if server in _EMPTYING:
        _EMPTYING[server].close()


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
