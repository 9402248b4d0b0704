"""References to Slack files in a job's input: an ID stays valid, while a link would expire."""

from __future__ import annotations

import re
from collections.abc import Mapping

from storage.job import Json

_REFERENCE = re.compile(r"slack-file:([A-Za-z0-9]+)")


def reference(file_id: str) -> str:
    """Return the reference to a file; a link replaces it when the job is submitted."""
    return f"slack-file:{file_id}"


def file_named(value: Json) -> str | None:
    """Return the ID of the file that a value refers to; `None`: it is no reference."""
    found = _REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1] if found else None


def files_named(values: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the IDs of all files that the values of an input refer to, each once, in order."""
    named = (file_named(item) for value in values.values() for item in _items(value))
    return tuple(dict.fromkeys(file_id for file_id in named if file_id is not None))


def replaced(value: Json, links: Mapping[str, str]) -> Json:
    """Return a value with links in place of references; `links` is by file ID."""
    if isinstance(value, list | tuple):
        return [replaced(item, links) for item in value]
    file_id = file_named(value)
    return value if file_id is None else links[file_id]


def _items(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else [value]
