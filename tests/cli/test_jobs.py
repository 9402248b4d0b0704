"""Tests of the commands that read and change jobs, and of `backup`."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pysqlite3
import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from storage.budget import OPERATOR
from storage.job import Event, EventName, Price, ReplyTo, Stage
from storage.notification import Notification, NotificationKind
from storage.sqlite.store import SqliteStore
from storage.store import ClaimLimit
from tests.support import job_samples

Run = Callable[..., Result]

REQUESTED = replace(
    job_samples.REQUESTED, reply_to=ReplyTo(response_url="https://hooks.slack.com/commands/secret")
)
DONE = replace(job_samples.DONE, id="done000000", dedup_key="command:T1:2")
PARKED = replace(
    REQUESTED,
    id="park000000",
    dedup_key="command:T1:3",
    stage=Stage.PARKED,
    parked_from=Stage.RENDERING,
    submitted_at=1000.0,
    price=Price(key="kling-v3", size=Decimal("4.50")),
    problem="MindVideo is silent.",
)


STUCK = replace(
    REQUESTED,
    id="stuck00000",
    dedup_key="command:T1:4",
    stage=Stage.PARKED,
    parked_from=Stage.ANNOUNCED,
    message_ts="2.1",
    problem="Its key is too old.",
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command on a store with four jobs."""
    path = tmp_path / "jobs.db"

    async def fill() -> None:
        store = await SqliteStore.open(str(path))
        for job in (REQUESTED, DONE, PARKED, STUCK):
            await store.jobs.insert(
                job, Event(at=1000.0, name=EventName.ACCEPTED, detail="command")
            )
        await store.close()

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return lambda *arguments: CliRunner().invoke(main, arguments)


def deliveries(path: Path, now: float = 0.0) -> Sequence[Notification]:
    """Claim and finish the deliveries that are due, and return them."""

    async def claim() -> Sequence[Notification]:
        store = await SqliteStore.open(str(path))
        limit = ClaimLimit(1, (NotificationKind.RESENT,))
        found: list[Notification] = []
        try:
            while claimed := await store.outbox.claim(now, 60.0, [limit]):
                (row,) = claimed
                await store.outbox.apply(row, replace(row, due_at=None, lease_until=None), None)
                found.append(row)
        finally:
            await store.close()
        return found

    return asyncio.run(claim())


def test_a_job_with_a_price_is_printed_as_json(run: Run) -> None:
    """Amounts keep their digits, also within what is nested."""
    row = json.loads(run("jobs", "show", PARKED.id, "--json").output)
    assert row["price"] == {"key": PARKED.kind, "size": "4.50"}
    assert "4.50" in run("jobs", "show", PARKED.id).output


def test_list_shows_every_job(run: Run) -> None:
    result = run("jobs", "list")
    assert result.exit_code == 0
    for job in (REQUESTED, DONE, PARKED):
        assert job.id in result.output
    assert "a red sports car" in result.output


def test_list_filters_by_stage_and_prints_json(run: Run) -> None:
    """The JSON holds no `response_url`."""
    result = run("jobs", "list", "--stage", "parked", "--json")
    listed = {job["id"]: job["problem"] for job in json.loads(result.output)}
    assert listed == {job.id: job.problem for job in (PARKED, STUCK)}
    assert "hooks.slack.com" not in result.output


@pytest.mark.parametrize("damage", ["names = '{'", "stage = 'x'", "user = CAST(x'ff' AS TEXT)"])
def test_list_shows_what_cannot_be_read_beside_the_others(
    run: Run, tmp_path: Path, damage: str
) -> None:
    with closing(pysqlite3.connect(str(tmp_path / "jobs.db"))) as db, db:
        db.execute(f"UPDATE jobs SET {damage} WHERE id = '{DONE.id}'")  # noqa: S608 - ours
    result = run("jobs", "list")
    assert result.exit_code == 0
    [line] = [line for line in result.stdout.splitlines() if DONE.id in line]
    assert line.split() == ["jobs", DONE.id, damage.split(maxsplit=1)[0]]
    assert REQUESTED.id in result.output
    first, *others = json.loads(run("jobs", "list", "--json").output)
    assert first == {"table": "jobs", "id": DONE.id, "unreadable": [damage.split(maxsplit=1)[0]]}
    assert len(others) == 3
    shown = run("jobs", "show", DONE.id)
    assert (shown.exit_code, "cannot be read" in shown.output) == (1, True)


def test_show_prints_the_timeline(run: Run) -> None:
    """The output holds the job's fields and its events."""
    result = run("jobs", "show", PARKED.id)
    assert "MindVideo is silent." in result.output
    assert "accepted" in result.output
    assert f"input {json.dumps(dict(PARKED.input))}" in " ".join(result.output.split())
    assert "submitted_at 1970-01-01 00:16:40 UTC" in " ".join(result.output.split())
    assert "outputs" not in result.output
    timeline = json.loads(run("jobs", "show", PARKED.id, "--json").output)["events"]
    assert timeline == [{"at": 1000.0, "name": "accepted", "detail": "command"}]


def test_resume_returns_a_parked_job_to_its_step_once(run: Run) -> None:
    """A second resume is refused."""
    assert "goes on from rendering" in run("jobs", "resume", PARKED.id).output
    again = run("jobs", "resume", PARKED.id)
    assert again.exit_code == 1
    assert "not parked" in again.output


def test_resume_can_set_the_task_of_a_job(run: Run) -> None:
    """The job's idempotency key is too old to be sent again."""
    assert "follows task t9" in run("jobs", "resume", STUCK.id, "--task", "t9").output
    row = json.loads(run("jobs", "show", STUCK.id, "--json").output)
    assert (row["stage"], row["task_id"]) == ("rendering", "t9")


def test_resume_does_not_replace_the_task_of_a_job(run: Run) -> None:
    """It would deliver another video than its message announced."""
    result = run("jobs", "resume", PARKED.id, "--task", "t9")
    assert result.exit_code == 1
    assert "cannot take up task t9" in result.output


@pytest.mark.parametrize("task_id", ["", " t9", "t 9", "t\n9", "t" * 201, "t\ud800"])
def test_an_invalid_task_id_is_wrong_usage(run: Run, task_id: str) -> None:
    """A pasted blank, for example, would make every poll fail."""
    assert run("jobs", "resume", STUCK.id, "--task", task_id).exit_code == 2
    assert run("jobs", "resume", STUCK.id, "--task", "t9", "--send-again").exit_code == 2


def test_resume_can_permit_another_submit(run: Run) -> None:
    """Its idempotency key may then be sent once more, although it is old."""
    assert "goes on from announced" in run("jobs", "resume", STUCK.id, "--send-again").output
    row = json.loads(run("jobs", "show", STUCK.id, "--json").output)
    assert row["confirmed_absent_at"] is not None


def test_resume_and_resend_can_print_json(run: Run) -> None:
    """`resume` prints the row, `resend` the IDs of job and delivery."""
    resumed = json.loads(run("jobs", "resume", PARKED.id, "--json").output)
    assert (resumed["id"], resumed["stage"]) == (PARKED.id, "rendering")
    resent = json.loads(run("jobs", "resend", DONE.id, "--json").output)
    assert resent["job"] == DONE.id
    assert resent["delivery"]


def test_resend_inserts_a_delivery_and_no_job(run: Run, tmp_path: Path) -> None:
    """The delivery goes to the job's thread; no job is inserted, so nothing can be charged."""
    before = run("jobs", "list", "--json").output
    output = run("jobs", "resend", DONE.id).output
    assert run("jobs", "list", "--json").output == before
    (row,) = deliveries(tmp_path / "jobs.db")
    assert (row.kind, row.job_id, row.channel) == (NotificationKind.RESENT, DONE.id, "C1")
    assert (row.thread_ts, row.detail) == ("1.1", OPERATOR)
    assert row.id in output


def test_each_resend_is_a_new_delivery_of_the_job(run: Run, tmp_path: Path) -> None:
    """`show` takes the ID of a delivery and prints its job."""
    for _ in range(2):
        assert run("jobs", "resend", DONE.id).exit_code == 0
    first, second = deliveries(tmp_path / "jobs.db")
    assert first.id != second.id
    for row in (first, second):
        assert json.loads(run("jobs", "show", row.id, "--json").output)["id"] == DONE.id


def test_a_resend_is_due_whatever_the_bots_clock(run: Run, tmp_path: Path) -> None:
    """The bot's clock is monotonic: it may be behind this machine's, if that was set forward."""
    before = time.time()
    assert run("jobs", "resend", DONE.id).exit_code == 0

    (row,) = deliveries(tmp_path / "jobs.db", now=before - 3600.0)
    assert row.job_id == DONE.id
    assert row.happened_at >= before


def test_resend_refuses_a_job_without_files(run: Run) -> None:
    result = run("jobs", "resend", REQUESTED.id)
    assert result.exit_code == 1
    assert "no finished files" in result.output


@pytest.mark.parametrize("command", ["show", "resume", "resend"])
def test_an_unknown_job_is_reported_without_a_traceback(run: Run, command: str) -> None:
    result = run("jobs", command, "nope")
    assert result.exit_code == 1
    assert "There is no job nope" in result.output


def test_an_id_that_is_not_utf_8_is_an_unknown_job(run: Run) -> None:
    """The shell passes such bytes as lone surrogates, which cannot be printed."""
    result = run("jobs", "show", "\udcff")
    assert result.exit_code == 1
    assert "There is no job" in result.output


def test_a_backup_is_a_complete_store(run: Run, tmp_path: Path) -> None:
    """The copy is a complete store; an existing file is not overwritten."""
    copy = tmp_path / "copy.db"
    assert run("backup", str(copy)).exit_code == 0
    assert run("backup", str(copy)).exit_code == 1

    async def count() -> int:
        store = await SqliteStore.open(str(copy))
        counts = await store.jobs.stage_counts()
        await store.close()
        return sum(counts.values())

    assert asyncio.run(count()) == 4


@pytest.mark.parametrize(
    ("command", "url", "message"),
    [
        (["jobs", "list"], "sqlite:///no/such/jobs.db", "no/such/jobs.db: there is no folder /"),
        (["jobs", "show", "x"], "sqlite:///missing.db", "missing.db: there is no such file"),
        (["jobs", "resume", "x"], "sqlite:///folder", "folder: it is not a file"),
        (["backup", "x.db"], "sqlite:///prose.db", "not an SQLite database"),
        (["jobs", "list"], "postgres://me:secret@h:x/jobs", "is no address of a PostgreSQL"),
    ],
)
def test_an_unusable_store_is_reported_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str], url: str, message: str
) -> None:
    """The message names the variable, and no file is created."""
    Path("folder").mkdir()
    Path("prose.db").write_text("this is not a database, and long enough to be told from one")
    there = sorted(Path.cwd().iterdir())
    monkeypatch.setenv("DATABASE_URL", url)
    result = run(*command)
    assert result.exit_code == 2
    assert result.output.startswith("DATABASE_URL ")
    assert message in result.output
    assert len(result.output.splitlines()) == 1
    assert "secret" not in result.output
    assert sorted(Path.cwd().iterdir()) == there


def test_a_cost_that_never_came_is_settled_with_its_reason(run: Run, tmp_path: Path) -> None:
    """The audit has who decided, and why."""
    assert run("jobs", "settle", DONE.id, "0.5", "--because", "invoice 7").output == (
        f"Job {DONE.id} cost 0.5. Until now it was {DONE.cost_actual}.\n"
    )
    assert json.loads(run("jobs", "show", DONE.id, "--json").output)["cost_actual"] == "0.5"
    with closing(pysqlite3.connect(str(tmp_path / "jobs.db"))) as db:
        told = db.execute("SELECT by, action, subject, after, because FROM audit").fetchall()
    assert told == [(OPERATOR, "settled", DONE.id, "0.5", "invoice 7")]


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        ((DONE.id, "NaN", "--because", "x"), 2, "`NaN` is no amount."),
        ((DONE.id, "1e400", "--because", "x"), 2, "`1e400` is no amount."),
        ((DONE.id, "--because", "x", "--", "-1"), 2, "`-1` is no amount."),
        ((DONE.id, "5 EUR", "--because", "x"), 2, "`5 EUR` is no amount."),
        ((DONE.id, "5"), 2, "Missing option '--because'"),
        ((DONE.id, "5", "--because", " "), 2, "--because takes a reason."),
        ((REQUESTED.id, "5", "--because", "x"), 1, "so there is nothing to settle."),
        (("nothing000", "5", "--because", "x"), 1, "There is no job nothing000."),
    ],
)
def test_what_cannot_be_settled_stays_as_it_is(
    run: Run, tmp_path: Path, arguments: Sequence[str], code: int, problem: str
) -> None:
    """It is told in a sentence."""
    done = run("jobs", "settle", *arguments)
    assert done.exit_code == code
    assert problem in done.output
    with closing(pysqlite3.connect(str(tmp_path / "jobs.db"))) as db:
        assert db.execute("SELECT count(*) FROM audit").fetchone() == (0,)
