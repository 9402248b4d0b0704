"""References in a job's input to files at Slack, and to frames of the videos among them.

An ID stays valid, while a link would expire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.base.patterns import lazy_compile
from storage.job import Json

_PREFIX = "slack-file:"
_LAST = "last"
_FRAME_TEXT = rf"([A-Za-z0-9]+)@({_LAST}|[0-9]{{1,5}}(?:\.[0-9]{{1,3}})?)~([\w-]+)"
_FRAME = lazy_compile(_FRAME_TEXT)
_FILE = lazy_compile(rf"[A-Za-z0-9]+|{_FRAME_TEXT}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame of the video that a job made."""

    file_id: str
    """Slack's ID of the bot's own file of the video."""
    seconds: float | None
    """The time in the video; `None`: its end."""
    job_id: str

    @property
    def in_words(self) -> str:
        """Its name for people."""
        if self.seconds is None:
            return f"last frame of {self.job_id}"
        if self.seconds == 0:
            return f"first frame of {self.job_id}"
        return f"frame of {self.job_id} at {self.seconds:g} s"

    def __str__(self) -> str:
        """Return what stands for the file's ID in a reference."""
        at = _LAST if self.seconds is None else f"{self.seconds:.3f}".rstrip("0").rstrip(".")
        return f"{self.file_id}@{at}~{self.job_id}"


def as_frame(file_id: str) -> Frame | None:
    """Return the frame for which an ID in a reference stands; `None`: it stands for a file."""
    found = _FRAME.fullmatch(file_id)
    if found is None:
        return None
    seconds = None if found[2] == _LAST else float(found[2])
    return Frame(file_id=found[1], seconds=seconds, job_id=found[3])


def reference(file_id: str) -> str:
    """Return the reference to a file or a frame; a link replaces it when the job is submitted."""
    return f"{_PREFIX}{file_id}"


def file_named(value: Json) -> str | None:
    """Return the ID of the file or frame that a value refers to; `None`: it is no reference."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    file_id = text.removeprefix(_PREFIX)
    return file_id if file_id != text and _FILE.fullmatch(file_id) else None


def files_named(values: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the IDs of all files and frames that values refer to, each once, in order."""
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
