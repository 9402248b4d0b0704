"""SQLite compiles a statement once for each connection: to do so anew takes longer than to run it.

At 200 commands a second, 20 statements were once compiled anew for each command.
"""

from __future__ import annotations

import pysqlite3
import pytest
from sqlite_utils import Database

from sandbox.slack.entities import ANA, BEN
from storage.sqlite import connection
from tests.support.running_bot import running_bot

SEARCH_INDEX = "job_words_fts"
"""The tables beneath the index of words: SQLite compiles statements of its own for them, each when
it is first needed."""


class Compilations:
    """Records which connection compiles which statement.

    SQLite asks the authorizer of a connection about the tables of a statement while it compiles it,
    and never while it runs it. https://sqlite.org/c3ref/set_authorizer.html
    """

    def __init__(self) -> None:
        self.recorded: list[tuple[int, str]] = []
        """The number of the connection and the statement, in order."""
        self._connections = 0

    def database(self, connected: pysqlite3.Connection, *, execute_plugins: bool) -> Database:
        """Return the database of a connection whose compilations are recorded."""
        number = self._connections
        self._connections += 1
        executed = ""
        is_recorded = False

        def trace(statement: str, _values: object) -> None:
            nonlocal executed, is_recorded
            executed, is_recorded = statement, False

        def authorize(_action: int, table: str | None, *_: object) -> int:
            nonlocal is_recorded
            if not is_recorded and table is not None and not table.startswith(SEARCH_INDEX):
                self.recorded.append((number, executed))
                is_recorded = True
            return 0

        connected.set_authorizer(authorize)
        return Database(connected, tracer=trace, execute_plugins=execute_plugins)


async def test_no_statement_is_compiled_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many jobs there are, and whatever values a statement is run with."""
    compilations = Compilations()
    monkeypatch.setattr(connection, "Database", compilations.database)
    async with running_bot() as bot:
        await bot.type("a lake", user=ANA)
        await bot.until_delivered()
        first = set(compilations.recorded)
        compilations.recorded.clear()
        for number in range(1, 3):
            for user in (ANA, BEN):
                await bot.type(f"a lake, take {number} --duration {3 + number}", user=user)
            await bot.until_delivered(2 * number + 1)
        anew = first.intersection(compilations.recorded)
    assert len(first) > 50
    assert not {" ".join(statement.split()) for _, statement in anew}
