"""Each command of the operator's says the same of a file and of a database with the same rows."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from storage.budget import Cap, Scope, ScopeKind, Window
from storage.job import Delivery, Event, EventName, Stage, Upload
from storage.postgres.store import PostgresStore
from storage.sqlite.store import SqliteStore
from storage.store import Store
from tests.support.postgres import Server, emptied_database
from tests.support.store_samples import NOW, a_job, insert

TEAM = "T0123ABCD"
COMMANDS = (
    "jobs list",
    "jobs list --json",
    "jobs list --stage parked --limit 1",
    "jobs show job1",
    "jobs show job1 --json",
    "jobs show none",
    "jobs resume job2",
    "jobs resume job2",
    "jobs resume none",
    "jobs resend job1",
    "jobs resend none",
    "jobs settle job3 0.40 --because receipt",
    "jobs settle job1 0.40 --because receipt",
    "jobs settle none 0.40 --because receipt",
    "cost --since 2027-01-01",
    "cost --since 2027-01-01 --by day --by model --json",
    "cost --since 2027-01-01 --until 2027-01-31 --by channel --csv",
    f"cost --team {TEAM}",
    f"credit show {TEAM}",
    f"credit add {TEAM} 200 --because receipt",
    f"credit take {TEAM} 0.50 --because twice",
    f"credit show {TEAM} --json",
    f"budget set person:{TEAM}:U0123ABCD 5 --per day",
    f"budget set workspace:{TEAM}: 100.50 --soft",
    f"budget show {TEAM}",
    f"budget remove workspace:{TEAM}:",
    f"budget remove workspace:{TEAM}:",
    f"budget policy {TEAM} --confirm-above 1 --zone Europe/Berlin",
    "budget recompute",
    f"budget checked {TEAM}",
    "budget checked T0000NONE",
    "audit --since 2027-01-01",
    "audit --since 2027-01-01 --json",
    "audit --since 2027-01-01 --csv",
    "register --since 2027-01-01",
    "register --since 2027-01-01 --until 2028-01-01 --json",
    "register --since 2027-01-01 --csv",
    "register --csv --json",
    "migrate",
)


async def fill(store: Store) -> None:
    """Put the same rows into a store of either kind."""
    cap = Cap(
        scope=Scope(kind=ScopeKind.WORKSPACE, team=TEAM), window=Window.DAY, limit=Decimal(50)
    )
    await store.budgets.set_cap(cap, "U9", NOW)
    done = replace(a_job(1), stage=Stage.DELIVERED, due_at=None, reserved=Decimal(1))
    made = Upload(file_id="F1", sent=True, sha256="ab" * 32)
    done = replace(done, cost_actual=Decimal("0.10"), delivery=Delivery(uploads=(made,)))
    parked = replace(
        a_job(2), stage=Stage.PARKED, parked_from=Stage.RENDERING, due_at=None, problem="?"
    )
    unknown = replace(a_job(3), stage=Stage.UNCONFIRMED, due_at=None, reserved=Decimal("0.20"))
    for job in (done, parked, unknown):
        event = Event(at=NOW, name=EventName.ACCEPTED, detail="by command")
        await insert(store, replace(job, team=TEAM, chargeable_since=NOW), event)
    await store.close()


def run(line: str, url: str) -> Result:
    """Run a command on a store."""
    return CliRunner().invoke(main, line.split(), env={"DATABASE_URL": url})


def test_every_command_says_the_same_of_both(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW + 60)
    path, database = tmp_path / "jobs.db", emptied_database(postgres)

    async def make() -> None:
        await fill(await SqliteStore.open(str(path)))
        await fill(await PostgresStore.open(database))

    asyncio.run(make())
    for line in COMMANDS:
        of_file, of_database = run(line, f"sqlite:///{path}"), run(line, database)
        assert of_database.exception is None or isinstance(of_database.exception, SystemExit), line
        said = [without_new_ids(one.output) for one in (of_file, of_database)]
        assert said[0] == said[1], line
        assert of_file.exit_code == of_database.exit_code
        assert said[0] or line.startswith("audit"), line


def without_new_ids(output: str) -> str:
    """Leave out the ID that a new delivery gets."""
    return re.sub(r"delivered again, as \w+", "delivered again", output)
