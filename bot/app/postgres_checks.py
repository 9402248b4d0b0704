"""Opens, migrates and examines a PostgreSQL database; what reads one may not be installed."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.app.findings import Finding, unchecked_restore, wrong_counters
from bot.app.roles import Role
from bot.base.clock import MOST_OFFSET_SECONDS
from bot.base.extras import needing_packages
from bot.base.settings import complaint
from bot.messages.formatting import count, sentence
from storage.store import AroundWrite, Store, StoreError, StoreUnusableError, Unreadable

EXTRA = "slack-video-bot[postgres]"
NOT_INSTALLED = (
    "DATABASE_URL names a PostgreSQL database, and the packages that reach one are not installed."
    f" Run: pip install '{EXTRA}'"
)

_WAITING_SECONDS = 60.0
_MOST_DEAD_ROWS = 100_000
_OLDEST_SECONDS = 600.0


async def open_postgres(
    url: str,
    role: Role | None,
    *,
    name: str,
    on_unreadable: Callable[[Unreadable], None],
    around_write: AroundWrite | None = None,
) -> Store:
    """Open the store at `url`; a process that works has this name.

    Raises `ConfigurationError` if the extra is not installed, and `StoreError`.
    """
    with needing_packages(NOT_INSTALLED):
        # Most bots keep their jobs in a file, and have no package for it.
        from storage.postgres.store import PostgresStore  # noqa: PLC0415 - see above
    works, migrates = (role.works, role.migrates) if role else (False, False)
    return await PostgresStore.open(
        url,
        owner=role is not None,
        migrates=migrates,
        holder=name if works else None,
        on_unreadable=on_unreadable,
        around_write=around_write,
    )


async def migrate_postgres(url: str) -> tuple[str, ...]:
    """Apply the pending migrations, and return their names; raises as `open_postgres`."""
    with needing_packages(NOT_INSTALLED):
        from storage.postgres.upgrade import upgrade  # noqa: PLC0415 - as above
    return await upgrade(url)


async def examine_postgres(url: str) -> list[Finding]:
    """Check the database beside a bot that may run. Changes nothing."""
    try:
        from storage.postgres.examination import examine  # noqa: PLC0415 - as above
    except ImportError:
        return [Finding(ok=False, what=NOT_INSTALLED)]
    try:
        found = await examine(url)
    except StoreUnusableError as error:
        problem = f"leads to no store ({error})"
        return [Finding(ok=False, what=complaint("database_url", problem))]
    except StoreError as error:
        problem = str(error)
        return [Finding(ok=False, what=sentence(f"{problem[:1].upper()}{problem[1:]}"))]
    if found is None:
        what = (
            "The database can be reached. Its tables are brought up to date by `python -m bot"
            " migrate`, or when `run` starts."
        )
        return [Finding(ok=True, what=what)]
    findings = [Finding(ok=True, what="The database can be reached and written.")]
    offset = time.time() - found.now
    if abs(offset) > MOST_OFFSET_SECONDS:
        what = f"The clock of this machine differs from the database's by {offset:+.0f} s."
        advice = "Keep both in step with a time service (NTP)."
        findings.append(Finding(ok=False, what=what, advice=advice))
    if found.wrong_counters:
        findings.append(wrong_counters(found.wrong_counters))
    findings += map(unchecked_restore, found.restores)
    if found.due_since is not None and found.now - found.due_since > _WAITING_SECONDS:
        what = (
            f"A job has been due for {found.now - found.due_since:.0f} s, and nobody works on it."
        )
        advice = "Start a process that works: python -m bot worker (or run)."
        findings.append(Finding(ok=False, what=what, advice=advice))
    is_much = found.oldest_seconds > _OLDEST_SECONDS or found.dead_rows > _MOST_DEAD_ROWS
    what = (
        f"The database keeps {count(found.dead_rows, 'old version')} of rows, and its oldest"
        f" snapshot is {found.oldest_seconds:.0f} s old."
    )
    advice = "End transactions that are left open, and see that autovacuum runs."
    findings.append(Finding(ok=not is_much, what=what, advice=advice if is_much else ""))
    return findings
