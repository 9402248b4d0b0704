"""Tests of the command for budgets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pysqlite3
import pytest
from click.testing import CliRunner, Result

from bot.app.store_checks import examine_store
from bot.cli.main import main
from storage.budget import Calendar, Policy, UnknownPrice
from storage.sqlite.ownership import lock_path
from storage.sqlite.store import SqliteStore
from tests.support.store_samples import a_job, insert

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command on a store with one job."""
    path = tmp_path / "jobs.db"

    async def fill() -> None:
        store = await SqliteStore.open(str(path))
        await insert(store, replace(a_job(), reserved=Decimal(2)))
        await store.close()

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return lambda *arguments: CliRunner().invoke(main, ["budget", *arguments])


def test_a_restore_is_checked_once(run: Run, tmp_path: Path) -> None:
    """With why, for the audit; without a restore nothing is in doubt."""
    assert run("checked", "T1").output == "Nothing was in doubt.\n"
    lock_path(str(tmp_path / "jobs.db")).unlink()

    async def start() -> None:
        await (await SqliteStore.open(str(tmp_path / "jobs.db"))).close()

    asyncio.run(start())
    assert run("checked", "T1", "--because", "nothing is missing").output == "Noted.\n"
    assert run("checked", "T1").output == "Nothing was in doubt.\n"
    assert run("checked").exit_code == 2
    mistyped = run("checked", "T2")
    assert "No job in the store is of a workspace T2." in mistyped.output
    assert mistyped.exit_code == 2


def test_a_cap_is_set_shown_and_removed(run: Run) -> None:
    done = run("set", "person:T1:U1", "20", "--per", "day", "--soft")
    assert done.output == "person:T1:U1 may spend 20 per day.\n"
    assert run("set", "workspace:T1:", "0.5").exit_code == 0
    rows = [line.split() for line in run("show", "T1").output.splitlines()[2:]]
    assert rows == [
        ["person:T1:U1", "day", "20", "soft"],
        ["workspace:T1:", "month", "0.5", "hard"],
    ]
    assert run("set", "project:T1:Launch", "300", "--per", "once").output == (
        "project:T1:launch may spend 300 in all.\n"
    )
    assert run("remove", "person:T1:U1", "--per", "day").output == "The cap is removed.\n"
    gone = run("remove", "person:T1:U1", "--per", "day")
    assert (gone.exit_code, "There was no such cap" in gone.output) == (1, True)
    assert run("remove", "project:T1:Launch", "--per", "once").output == "The cap is removed.\n"


@pytest.mark.parametrize("command", ["show", "policy", "checked"])
@pytest.mark.parametrize("team", ["t1", "Acme Inc", ""])
def test_a_mistyped_workspace_is_refused(run: Run, command: str, team: str) -> None:
    """Nothing would ever count there."""
    refused = run(command, team)
    assert (refused.exit_code, "TEAM is a workspace's ID at Slack" in refused.output) == (2, True)


@pytest.mark.parametrize(
    ("scope", "amount", "problem"),
    [
        ("person:T1:U1", "-1", "No such option"),
        ("person:T1:U1", "NaN", "is no amount"),
        ("person:T1:U1", "1e400", "is no amount"),
        ("person:T1:U1", "5 EUR", "is no amount"),
        ("person:T1:U1", "٣", "is no amount"),
        ("nobody:T1:U1", "5", "SCOPE is"),
        ("person:T1", "5", "SCOPE is"),
        ("person:T1:", "5", "SCOPE is"),
        ("workspace:T1:U1", "5", "SCOPE is"),
        ("workspace:studio:", "5", "are IDs at Slack"),
        ("person:T1:ana", "5", "are IDs at Slack"),
        ("channel:T1:#general", "5", "are IDs at Slack"),
        ("project:T1:big launch", "5", "is no name of a project"),
        ("person::U1", "5", "SCOPE is"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    run: Run, scope: str, amount: str, problem: str
) -> None:
    """It gets one sentence."""
    refused = run("set", scope, amount)
    assert refused.exit_code == 2
    assert problem in refused.output
    assert run("show", "T1").output.splitlines()[2:] == []


def test_wrong_counters_are_found_by_the_doctor_and_recomputed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    assert run("recompute").output == "Everything was right.\n"
    assert all(finding.ok for finding in examine_store(path))
    with closing(pysqlite3.connect(str(path))) as db, db:
        db.execute("UPDATE budget_use SET held = '7' WHERE scope = 'workspace:T1:'")
    (wrong,) = [finding for finding in examine_store(path) if not finding.ok]
    assert wrong.what == "1 counters of budgets differ from the sum over the jobs."
    assert wrong.advice == "Run: python -m bot budget recompute"
    assert run("recompute").output.splitlines() == [
        "workspace:T1: on 2027-01-15: held 7, spent 0; now held 2, spent 0.",
        "All else was right.",
    ]
    assert all(finding.ok for finding in examine_store(path))


def test_the_policy_of_a_workspace_is_set(run: Run, tmp_path: Path) -> None:
    done = run(
        "policy",
        *("T1", "--confirm-above", "1.5", "--unknown", "hold", "--hold", "3"),
        *("--zone", "Europe/Berlin", "--week-begins", "sunday"),
    )
    assert done.output == "The policy is set.\n"

    async def read() -> Policy:
        store = await SqliteStore.open(str(tmp_path / "jobs.db"))
        rules = await store.budgets.rules("T1", 0.0)
        await store.close()
        return rules.policy

    assert asyncio.run(read()) == Policy(
        confirm_above=Decimal("1.5"),
        unknown_price=UnknownPrice.HOLD,
        unknown_hold=Decimal(3),
        calendar=Calendar(zone="Europe/Berlin", first_weekday=6),
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--unknown", "hold"), "--hold belongs to"),
        (("--hold", "3"), "--hold belongs to"),
        (("--zone", "Mars/Phobos"), "There is no time zone Mars/Phobos"),
        (("--confirm-above", "much"), "is no amount"),
    ],
)
def test_a_policy_that_makes_no_sense_changes_nothing(
    run: Run, arguments: tuple[str, ...], problem: str
) -> None:
    refused = run("policy", "T1", *arguments)
    assert refused.exit_code == 2
    assert problem in refused.output
