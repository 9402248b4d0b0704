"""The address of a database, the pool of connections to it, and the limits of a transaction."""

from __future__ import annotations

from urllib.parse import urlsplit

import psycopg
from psycopg import AsyncConnection, conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from storage.store import StoreUnusableError

POOL_SIZE = 8
"""The most connections of one process. A write takes milliseconds, so that few are enough."""

CONNECT_SECONDS = 5.0
"""How long the first connection may take."""

WAIT_SECONDS = 2.5
"""How long a call waits for a connection: Slack waits three seconds for the answer to a command."""

_LIMITS = (
    # No statement here reads more than a person's or a day's rows.
    ("statement_timeout", "5s"),
    # Slack waits three seconds for the answer to a command.
    ("lock_timeout", "2s"),
    # A process that stops within a transaction must not keep its locks.
    ("idle_in_transaction_session_timeout", "5s"),
)

BEGIN = "BEGIN; " + " ".join(f"SET LOCAL {name} = '{limit}';" for name, limit in _LIMITS)
"""Begins a transaction with its limits, in one round trip.

Each transaction sets them: behind a pooler such as pgbouncer the next one may be on another
connection of the server's. https://www.pgbouncer.org/features.html
"""

BEGIN_READ = BEGIN.replace("BEGIN;", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;")
"""Begins a transaction that writes nothing, and whose queries see one state."""

_SCHEMES = ("postgres", "postgresql")


def check_url(url: str) -> None:
    """Raise `StoreUnusableError` for an address that names no database; no error shows it."""
    try:
        parts = urlsplit(url)
        conninfo.conninfo_to_dict(url)
    except (ValueError, psycopg.Error):
        # Without the cause, which quotes the address and the password in it.
        raise StoreUnusableError("it is no address that PostgreSQL understands") from None
    if parts.scheme not in _SCHEMES:
        raise StoreUnusableError("it does not begin with postgresql://")


def new_pool(url: str) -> AsyncConnectionPool[AsyncConnection[DictRow]]:
    """Return a pool, which connects when it is opened."""
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=WAIT_SECONDS,
        open=False,
        name="store",
        configure=_limit,
        connection_class=AsyncConnection[DictRow],
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            # A prepared statement is not there on the next connection of a pooler's.
            # https://www.psycopg.org/psycopg3/docs/advanced/prepare.html
            "prepare_threshold": None,
            "connect_timeout": round(CONNECT_SECONDS),
            "application_name": "slack-video-bot",
        },
    )


async def _limit(connection: AsyncConnection[DictRow]) -> None:
    """Limit queries outside of transactions as well."""
    for name, limit in _LIMITS:
        await connection.execute(f"SET {name} = '{limit}'".encode())
