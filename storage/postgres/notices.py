"""What processes tell each other through the server: that rows became due, or calls are held.

A notice reaches those that listen at that moment. None is needed: each process looks by itself.
https://www.postgresql.org/docs/current/sql-notify.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from storage.postgres.connection import CONNECT_SECONDS
from storage.postgres.database import Database
from storage.store import Notice, StoreError

_CHANNEL = "slack_video_bot"

_SEND = "SELECT pg_notify(%(channel)s, %(notice)s)"

QUIET_SECONDS = 30.0
"""After so long without a notice the connection is tried: the other end may be gone."""


async def send(db: Database, notice: Notice) -> None:
    """Tell the other processes. Never in the transaction of a request.

    The server lets transactions that send notices commit one after the other.
    """
    await db.row(_SEND, {"channel": _CHANNEL, "notice": notice.value})


async def listen(url: str, hear: Callable[[Notice], Awaitable[None]]) -> None:
    """Call `hear` for each notice that comes. Ends with `StoreError`, when the connection does."""
    try:
        connection = await AsyncConnection.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
            # The kernel finds out as well, while a statement waits for its answer.
            # https://www.postgresql.org/docs/current/libpq-connect.html
            application_name="slack-video-bot listener",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )
        async with connection:
            await connection.execute(f"LISTEN {_CHANNEL}".encode())
            # Those that were sent before were missed.
            for notice in Notice:
                await hear(notice)
            while True:
                async for heard in connection.notifies(timeout=QUIET_SECONDS):
                    if heard.payload in set(Notice):
                        await hear(Notice(heard.payload))
                await connection.execute(b"SELECT 1")
    except psycopg.Error as error:
        # Without its text, which may have the address.
        raise StoreError(f"nothing is heard of other processes ({type(error).__name__})") from None
