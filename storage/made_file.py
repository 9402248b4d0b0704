"""A file that was made: a line of the register."""

from __future__ import annotations

from dataclasses import dataclass

from storage.job import Instant

RESULT = "result"
"""The kind of a file that a job's own row brought; others are those of notifications."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """One file that was made for a job, and that Slack has."""

    job_id: str
    team: str
    user: str
    """The ID of the user who asked for it."""
    model: str
    asked_at: Instant
    made_at: Instant | None
    """When the render ended."""
    kind: str
    """`result`; `followed`, `resent` or `shared`: the same bytes once more; `poster`; `stitched`:
    the film of this job and those before it; or `set`: the pictures of its set side by side."""
    file_id: str
    """Slack's ID of the file."""
    sha256: str | None
    """The digest of its bytes; `None` for files from before it was noted."""
