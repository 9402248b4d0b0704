"""Fixtures of the contract: each test that takes them runs on every kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.store import Store
from tests.support.databases import Backend, SqliteBackend


@pytest.fixture(params=["sqlite"])
async def backend(tmp_path: Path) -> Backend:
    """An empty database."""
    return SqliteBackend(tmp_path)


@pytest.fixture
async def store(backend: Backend) -> AsyncIterator[Store]:
    """An empty store, as a running bot opens it."""
    opened = await backend.open()
    yield opened
    await opened.close()
