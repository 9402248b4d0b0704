"""Tests of the command that shows costs."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from storage.job import Stage
from storage.sqlite.store import SqliteStore
from tests.support.store_samples import NOW, a_job, insert

Run = Callable[..., Result]

EVIL = "=cmd|'/c calc'!A0"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command on a store with four jobs of two persons."""
    path = tmp_path / "jobs.db"
    jobs = (
        replace(a_job(1), stage=Stage.DELIVERED, cost_actual=Decimal("0.10"), project="launch"),
        replace(a_job(2), stage=Stage.DELIVERED, reserved=Decimal("0.2")),
        replace(a_job(3), stage=Stage.RENDERING, reserved=Decimal("0.3"), user="U2"),
        replace(a_job(4), cost_actual=Decimal("1E-7"), project=EVIL, created_at=NOW - 14 * 86400),
    )

    async def fill() -> None:
        store = await SqliteStore.open(str(path))
        for job in jobs:
            await insert(store, job)
        await store.close()

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return lambda *arguments: CliRunner().invoke(main, ["cost", *arguments])


def _csv(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0
    text = result.stdout_bytes.decode("utf-8")
    assert text.startswith("\ufeff")
    assert text.count("\r\n") == text.count("\n")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_confirmed_held_and_unconfirmed_are_told_apart(run: Run) -> None:
    one, two = _csv(run("--since", "2027-01-01", "--csv"))
    assert (one["person"], two["person"]) == ("U1", "U2")
    assert (one["confirmed"], one["held"], one["unconfirmed"]) == ("0.1000001", "0", "0.2")
    assert (two["confirmed"], two["held"], two["unconfirmed"]) == ("0", "0.3", "0")
    assert one["renders"] == "3"


def test_costs_are_listed_by_several_things_within_some_days(run: Run) -> None:
    """Both days are within."""
    days = ("--since", "2027-01-02", "--until", "2027-01-15")
    listed = json.loads(run(*days, "--by", "project", "--by", "day", "--json").output)
    assert [(row["project"], row["day"], row["renders"]) for row in listed] == [
        ("(none)", "2027-01-15", "2"),
        ("launch", "2027-01-15", "1"),
    ]
    assert json.loads(run("--since", "2027-01-02", "--until", "2027-01-14", "--json").output) == []
    assert json.loads(run("--since", "2027-01-01", "--team", "T9", "--json").output) == []


def test_no_cell_is_run_by_a_spreadsheet(run: Run) -> None:
    _, evil, _ = _csv(run("--since", "2027-01-01", "--by", "project", "--csv"))
    assert evil["project"] == f"'{EVIL}"
    assert evil["confirmed"] == "0.0000001"


def test_the_table_is_for_people(run: Run) -> None:
    header, _, *rows = run("--since", "2027-01-01", "--until", "9999-12-31").output.splitlines()
    assert header.split()[:3] == ["person", "renders", "confirmed"]
    assert [row.split()[0] for row in rows] == ["U1", "U2"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--since", "yesterday"), "does not match the format"),
        (("--since", "2027-02-29"), "does not match the format"),
        (("--since", "2027-02-02", "--until", "2027-02-01"), "--until is before"),
        (("--by", "shoe size"), "is not one of"),
        (("--csv", "--json"), "--csv or --json"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, arguments: tuple[str, ...], problem: str) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert problem in refused.output


def test_this_month_is_the_workspaces(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --team; of several workspaces at once it is that of UTC."""
    at = datetime(2027, 1, 31, 12, tzinfo=UTC).timestamp()
    monkeypatch.setattr(time, "time", lambda: at)
    assert len(json.loads(run("--team", "T1", "--json").output)) == 2
    zone = ("--zone", "Pacific/Kiritimati")
    assert CliRunner().invoke(main, ["budget", "policy", "T1", *zone]).exit_code == 0
    assert json.loads(run("--team", "T1", "--json").output) == []
    assert len(json.loads(run("--json").output)) == 2
