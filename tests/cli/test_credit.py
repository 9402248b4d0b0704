"""Tests of the command for the book of credit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from storage.budget import OPERATOR
from storage.sqlite.store import SqliteStore
from tests.support.store_samples import a_job, insert

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command on a store with one job, for which 2 are held."""
    path = tmp_path / "jobs.db"

    async def fill() -> None:
        store = await SqliteStore.open(str(path))
        await insert(store, replace(a_job(), reserved=Decimal(2)))
        await store.close()

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return lambda *arguments: CliRunner().invoke(main, [*arguments])


def test_what_is_booked_less_what_is_held_is_left(run: Run) -> None:
    """And each booking is an entry of the audit, by the operator."""
    assert run("credit", "show", "T1").output == "Nothing is booked for T1.\n"
    assert run("credit", "add", "T1", "200", "--because", "receipt 17").exit_code == 0
    told = run("credit", "take", "T1", "50.5", "--because", "typed twice").output.splitlines()
    assert [line.split()[3:] for line in told[2:4]] == [
        ["200", "receipt", "17"],
        ["-50.5", "typed", "twice"],
    ]
    assert told[5:-1] == ["booked    149.5", "confirmed 0", "held      2", "left      147.5"]
    assert told[-1] == "This is our own reckoning, because MindVideo tells no balance."
    audit = json.loads(run("audit", "--json").output)
    assert [(one["by"], one["action"], one["after"], one["because"]) for one in audit] == [
        (OPERATOR, "credit booked", "200", "receipt 17"),
        (OPERATOR, "credit booked", "-50.5", "typed twice"),
    ]


def test_programs_read_json(run: Run) -> None:
    """Amounts are exact, as text; before the first booking there are none."""
    nothing = json.loads(run("credit", "show", "T1", "--json").output)
    assert (nothing["left"], nothing["bookings"]) == (None, [])
    reply = run("credit", "add", "T1", "0.1", "--because", "receipt", "--json")
    told = json.loads(reply.output)
    assert {name: told[name] for name in ("team", "booked", "held", "left", "days_left")} == {
        "team": "T1",
        "booked": "0.1",
        "held": "2",
        "left": "-1.9",
        "days_left": None,
    }
    (booking,) = told["bookings"]
    assert (booking["by"], booking["amount"], booking["because"]) == (OPERATOR, "0.1", "receipt")
    assert json.loads(run("credit", "show", "T1", "--json").output) == told


BAD: Sequence[tuple[Sequence[str], str]] = [
    (("T1", "-5", "--because", "a"), "No such option"),
    (("T1", "--because", "a", "--", "-5"), "is no amount"),
    (("T1", "NaN", "--because", "a"), "is no amount"),
    (("T1", "1e400", "--because", "a"), "is no amount"),
    (("T1", "5 EUR", "--because", "a"), "is no amount"),
    (("T1", "$5", "--because", "a"), "is no amount"),
    (("T1", "5,50", "--because", "a"), "is no amount"),
    (("T1", "1.500", "--because", "a"), "Write `1500`, or `1.5000`"),
    (("T1", "0.0000000001", "--because", "a"), "is no amount"),
    (("T1", "", "--because", "a"), "is no amount"),
    (("T1", "0.00", "--because", "a"), "An amount of 0 books nothing."),
    (("T1", "5"), "Missing option '--because'"),
    (("T1", "5", "--because", "  "), "--because takes a reason."),
    (("T1", "5", "--because", "x" * 201), "at most 200 characters"),
    (("our-team", "5", "--because", "a"), "TEAM is a workspace's ID"),
    (("", "5", "--because", "a"), "TEAM is a workspace's ID"),
]


@pytest.mark.parametrize("how", ["add", "take"])
def test_what_makes_no_sense_books_nothing(run: Run, how: str) -> None:
    for arguments, problem in BAD:
        refused = run("credit", how, *arguments)
        assert refused.exit_code == 2, arguments
        assert problem in refused.output
    assert run("credit", "show", "T1").output == "Nothing is booked for T1.\n"
