"""Put something else in the place of a name for a while."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Self

import anyio


@contextmanager
def replaced(owner: ModuleType | type, name: str, stand_in: object) -> Iterator[None]:
    """Let `owner.name` be `stand_in` while the block runs."""
    original = getattr(owner, name)
    setattr(owner, name, stand_in)
    try:
        yield
    finally:
        setattr(owner, name, original)


@contextmanager
def files_without_threads() -> Iterator[None]:
    """Keep temporary files in memory: a thread takes real time, which virtual time runs past."""
    with replaced(anyio, "TemporaryFile", _MemoryFile):
        yield


class _MemoryFile:
    """As much of `anyio.TemporaryFile` as the bot uses."""

    def __init__(self) -> None:
        self._content = io.BytesIO()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._content.close()

    async def write(self, data: bytes) -> int:
        return self._content.write(data)

    async def read(self, size: int = -1) -> bytes:
        return self._content.read(size)

    async def seek(self, offset: int) -> int:
        return self._content.seek(offset)

    async def tell(self) -> int:
        return self._content.tell()
