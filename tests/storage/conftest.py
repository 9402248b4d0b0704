"""Fixtures of the contract: each test that takes them runs on every kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.store import Store
from tests.support.databases import KINDS, Backend, PostgresBackend, SqliteBackend
from tests.support.postgres import emptied_database


@pytest.fixture(params=KINDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """An empty database."""
    if request.param == "sqlite":
        return SqliteBackend(tmp_path)
    return PostgresBackend(emptied_database(request.getfixturevalue("postgres")))


@pytest.fixture
async def other_store(backend: Backend, store: Store) -> AsyncIterator[Store]:
    """The same store, as another process has it open where there can be several, else itself."""
    if isinstance(backend, SqliteBackend):
        yield store
        return
    opened = await backend.open()
    yield opened
    await opened.close()


@pytest.fixture
async def store(backend: Backend) -> AsyncIterator[Store]:
    """An empty store, as a running bot opens it."""
    opened = await backend.open()
    yield opened
    await opened.close()
