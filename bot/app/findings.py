"""What `doctor` finds out, check by check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from storage.budget import UncheckedRestore


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check."""

    ok: bool
    what: str
    """The result as a plain sentence without secrets."""
    advice: str = ""
    """The remedy; empty if there is no problem, or if `what` has it."""


def wrong_counters(count: int) -> Finding:
    """Return the finding of counters of budgets that are not the sum over the jobs."""
    return Finding(
        ok=False,
        what=f"{count} counters of budgets differ from the sum over the jobs.",
        advice="Run: python -m bot budget recompute",
    )


def unchecked_restore(restore: UncheckedRestore) -> Finding:
    """Return the finding of budgets that may count too little."""
    since = datetime.fromtimestamp(restore.since, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Finding(
        ok=False,
        what=f"A backup was restored: the budgets of {restore.team} do not count what was asked"
        f" after {since}.",
        advice="Compare with MindVideo's own page, lower a budget if need be, then confirm it:"
        f" python -m bot budget checked {restore.team}",
    )
