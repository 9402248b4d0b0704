"""What `doctor` finds out, check by check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check."""

    ok: bool
    what: str
    """The result as a plain sentence without secrets."""
    advice: str = ""
    """The remedy; empty if there is no problem, or if `what` has it."""
