"""What the parts of the SQLite store share: how one writes, and two ways to ask."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from sqlite_utils import Database

T = TypeVar("T")


class Session(ABC):
    """Connections to one file. Each method raises `StoreError`."""

    @abstractmethod
    async def _write(self, work: Callable[[Database], T]) -> T:
        """Run `work` in a transaction and return once its commit is on disk."""

    @abstractmethod
    async def _read(self, question: Callable[[Database], T]) -> T:
        """Ask in the reader's thread, however long the answer takes."""

    @abstractmethod
    def _peek(self, question: Callable[[Database], T]) -> T:
        """Ask right here what an index answers at once."""
