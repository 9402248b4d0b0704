"""Tests of the command that lists decisions about money."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from storage.budget import Cap, Scope, ScopeKind, Stop, Window
from storage.sqlite.store import SqliteStore

Run = Callable[..., Result]

HERE = Scope(kind=ScopeKind.CHANNEL, team="T1", name="C1")
LONG_AGO = 1_700_000_000.0


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command on a store with three decisions."""
    path = tmp_path / "jobs.db"

    async def fill() -> None:
        store = await SqliteStore.open(str(path))
        cap = Cap(scope=HERE, window=Window.DAY, limit=Decimal(5))
        await store.budgets.set_cap(cap, "U1", LONG_AGO)
        now = time.time()
        await store.budgets.remove_cap(HERE, Window.DAY, "U2", now - 60)
        because = '=HYPERLINK("https://evil.example"), "a"'
        await store.budgets.stop(Stop(scope=HERE, by="U1", because=because, at=now))
        await store.close()

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return lambda *arguments: CliRunner().invoke(main, ["audit", *arguments])


def test_decisions_are_listed_with_what_they_changed(run: Run) -> None:
    """Of the last thirty days, or from a day on."""
    lines = run().output.splitlines()
    assert [line.split()[4:7] for line in lines[2:]] == [
        ["cap", "removed", "channel:T1:C1"],
        ["stopped", "channel:T1:C1", '=HYPERLINK("https://evil.example"),'],
    ]
    first = run("--since", "2023-11-14").output.splitlines()[2]
    assert first.startswith("2023-11-14 22:13:20  T1")
    assert "5 per day, hard" in first
    assert len(run("--since", "2099-01-01T10:30").output.splitlines()) == 2


def test_programs_read_json(run: Run) -> None:
    entries = json.loads(run("--since", "2023-11-14", "--json").output)
    assert [entry["action"] for entry in entries] == ["cap set", "cap removed", "stopped"]
    assert entries[0] == {
        "at": LONG_AGO,
        "team": "T1",
        "by": "U1",
        "action": "cap set",
        "subject": "channel:T1:C1",
        "before": "",
        "after": "5 per day, hard",
        "because": "",
    }


def test_a_spreadsheet_runs_nothing_of_it(run: Run) -> None:
    """RFC 4180 in UTF-8 with its mark, in which a reason that is a formula is text."""
    output = run("--csv").stdout_bytes.decode()
    assert output.startswith('\ufeff"at (UTC)","workspace"')
    assert output.count("\r\n") == 3
    rows = list(csv.reader(io.StringIO(output.removeprefix("\ufeff"), newline="")))
    assert rows[2][-1] == '\'=HYPERLINK("https://evil.example"), "a"'


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--since", "yesterday"), "does not match the formats"),
        (("--csv", "--json"), "Choose one of --csv and --json."),
    ],
)
def test_what_makes_no_sense_is_told(run: Run, arguments: tuple[str, ...], problem: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert problem in done.output
