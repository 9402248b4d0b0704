"""Ports of a bot whose people attach no files and follow no links."""

from __future__ import annotations

from collections.abc import Mapping

from storage.job import Json


class NoPictures:
    """The port `Pictures` where nobody can attach a file: every input goes as it is."""

    async def resolve(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the same input."""
        return values


class NoLinks:
    """The port `Links` where nobody can ask for one."""

    async def permalink(self, _channel: str, _ts: str, /) -> str | None:
        """Return nothing."""
        return None
