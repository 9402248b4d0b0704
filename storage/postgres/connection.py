"""The address of a database, the pool of connections to it, and the limits of a transaction."""

from __future__ import annotations

import asyncio

import psycopg
from psycopg import AsyncClientCursor, AsyncConnection, conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from storage.store import StoreError, StoreUnusableError

POOL_SIZE = 8
"""The most connections of one process. A write takes milliseconds, so that few are enough."""

CONNECT_SECONDS = 5
"""How long a connection may take to be made."""

WAIT_SECONDS = 2.5
"""How long a call waits for a connection: Slack waits three seconds for the answer to a command."""

RECONNECT_SECONDS = 10.0
"""How long the pool tries, with growing pauses, before it begins with short ones again."""

_NAME_TRIES = 4
_NAME_PAUSE_SECONDS = 0.05
_MOST_OF_ONE_NAME = 64

_SETTINGS = (
    # No statement of a running bot reads more than a person's or a day's rows.
    ("statement_timeout", "5s"),
    # Slack waits three seconds for the answer to a command.
    ("lock_timeout", "2s"),
    # A process that stops within a transaction must not keep its locks.
    ("idle_in_transaction_session_timeout", "5s"),
    # The cost of a plan that serves all values is a guess: beside five million jobs it would have
    # the server compile a statement of 0.1 ms anew each time, which takes 20 ms.
    # https://www.postgresql.org/docs/current/jit-decision.html
    ("jit", "off"),
    # Such a plan may be made while a table is empty, and would go on to read all of it.
    # https://www.postgresql.org/docs/current/runtime-config-query.html
    ("enable_seqscan", "off"),
)

BEGIN = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan;"
"""The beginning of a transaction that writes. The statements of the transaction find rows by keys
and by what is due, so that one plan of each serves all values:
https://www.postgresql.org/docs/current/sql-prepare.html"""

BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
"""The beginning of a transaction that writes nothing, and whose queries see one state."""

SETTINGS = " ".join(("", *(f"SET LOCAL {name} = '{value}';" for name, value in _SETTINGS)))
"""What follows one of them, in the same round trip, on a connection that is not `is_direct`."""

NO_HURRY = " SET LOCAL statement_timeout = '10min';"
"""What follows them for an operator, who may have millions of rows added up."""

PREPARE_AFTER = 0
"""How often a statement runs on a connection before it is prepared, so that the server plans it no
more. A plan takes longer to make than to run, and every connection of every process needs its own.
"""

SCHEMES = ("postgres://", "postgresql://")
"""The beginnings of an address."""

_NO_ADDRESS = "it is no address of a PostgreSQL database: postgresql://USER:PASSWORD@HOST/DATABASE"


_UNESCAPED = "its password has an @, which an address has as %40"


def check_url(url: str) -> None:
    """Raise `StoreUnusableError` for an address that names no database; no error shows it."""
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # Without the cause, which quotes the address and the password in it.
        raise StoreUnusableError(_NO_ADDRESS) from None
    # Several servers have several ports.
    ports = str(parts.get("port") or "").replace(",", "")
    if not url.startswith(SCHEMES) or not (ports.isdecimal() or not ports):
        raise StoreUnusableError(_NO_ADDRESS)
    # The end of a password with an @ in it would be a part of the host's name, which errors show.
    if "@" in str(parts.get("host") or ""):
        raise StoreUnusableError(_UNESCAPED)


async def check_server(url: str) -> None:
    """Raise `StoreError`, which names the reason, unless the server lets the bot in."""
    try:
        await (await AsyncConnection.connect(url, connect_timeout=CONNECT_SECONDS)).close()
    except psycopg.Error as error:
        reason = str(error).partition("\n")[0].strip()
        password = conninfo.conninfo_to_dict(url).get("password")
        # libpq names the host and the user. It does not quote a password, but a server might.
        told = reason.replace(str(password), "…") if password else reason
        raise StoreError(f"the database cannot be reached: {told}") from None


async def lock_name(url: str, name: str) -> tuple[str, AsyncConnection[DictRow]] | None:
    """Return the name of a process, and a connection that holds it while the process lives.

    Where another process has the name, it is the first free one of `name 2`, `name 3` …: of several
    on one machine, each finds a name again that one of them had before. `None`: there is none left.

    The lock is one of a transaction without a snapshot, which holds up no vacuum: a pooler keeps to
    it, whereas it would give the locks of a session to whoever is next on that connection. The name
    is free when the connection ends, however the process ends.
    """
    connection = await AsyncConnection.connect(
        url,
        autocommit=True,
        row_factory=dict_row,
        connect_timeout=CONNECT_SECONDS,
        application_name="slack-video-bot name",
        # In the simple protocol nothing keeps the snapshot of a statement that has ended.
        cursor_factory=AsyncClientCursor[DictRow],
    )
    try:
        await connection.execute(b"BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
        for tries in range(_NAME_TRIES):
            # The server may not have noticed yet that a process with this name has ended.
            await asyncio.sleep(_NAME_PAUSE_SECONDS if tries else 0.0)
            if await _lock(connection, name):
                return name, connection
        for number in range(2, _MOST_OF_ONE_NAME + 1):
            if await _lock(connection, f"{name} {number}"):
                return f"{name} {number}", connection
    except BaseException:
        await connection.close()
        raise
    await connection.close()
    return None


async def _lock(connection: AsyncConnection[DictRow], name: str) -> bool:
    statement = b"SELECT pg_try_advisory_xact_lock(hashtextextended(%(name)s, 4)) AS is_free"
    row = await (await connection.execute(statement, {"name": name})).fetchone()
    return row is not None and bool(row["is_free"])


class StoreConnection(AsyncConnection[DictRow]):
    """A connection of the pool."""

    is_direct = False
    """Whether no pooler such as pgbouncer is between, with which the next transaction may be on
    another connection of the server's: https://www.pgbouncer.org/features.html"""


def new_pool(url: str) -> AsyncConnectionPool[StoreConnection]:
    """Return a pool, which connects when it is opened."""
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=WAIT_SECONDS,
        open=False,
        name="store",
        # After an outage the next try comes within these seconds.
        reconnect_timeout=RECONNECT_SECONDS,
        configure=_configure,
        connection_class=StoreConnection,
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "prepare_threshold": None,
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "slack-video-bot",
        },
    )


async def _configure(connection: StoreConnection) -> None:
    """Limit queries outside of transactions as well; prepare statements if no pooler is between.

    The server says in two ways which of its processes serves a connection. A pooler answers the
    first itself, with a number of its own.
    https://www.postgresql.org/docs/current/protocol-message-formats.html (BackendKeyData)
    """
    settings = "; ".join(f"SET {name} = '{value}'" for name, value in _SETTINGS)
    await connection.execute(settings.encode())
    found = await (await connection.execute("SELECT pg_backend_pid() AS pid")).fetchone()
    connection.is_direct = found is not None and found["pid"] == connection.info.backend_pid
    if connection.is_direct:
        # It is not there on the next connection of a pooler's.
        # https://www.psycopg.org/psycopg3/docs/advanced/prepare.html
        connection.prepare_threshold = PREPARE_AFTER
