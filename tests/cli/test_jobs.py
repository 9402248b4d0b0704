"""What an operator does to jobs from a shell."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.jobs import OPERATOR
from bot.cli.main import main
from storage.job import Event, EventName, ReplyTo, Stage
from storage.notification import Notification, NotificationKind
from storage.sqlite.store import SqliteStore
from storage.store import Room
from tests.support import job_samples

Run = Callable[..., Result]

ASKED = replace(
    job_samples.ASKED, reply_to=ReplyTo(response_url="https://hooks.slack.com/commands/secret")
)
DONE = replace(job_samples.DONE, id="done000000", dedup_key="command:T1:2")
PARKED = replace(
    ASKED,
    id="park000000",
    dedup_key="command:T1:3",
    stage=Stage.PARKED,
    parked_from=Stage.RENDERING,
    submitted_at=1000.0,
    problem="MindVideo is silent.",
)


STUCK = replace(
    ASKED,
    id="stuck00000",
    dedup_key="command:T1:4",
    stage=Stage.PARKED,
    parked_from=Stage.ANNOUNCED,
    message_ts="2.1",
    problem="Its key is too old.",
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command beside a store with four jobs, with no other variable than the store's."""
    path = tmp_path / "jobs.db"

    async def fill() -> None:
        store = await SqliteStore.open(str(path))
        for job in (ASKED, DONE, PARKED, STUCK):
            await store.jobs.insert(
                job, Event(at=1000.0, name=EventName.ACCEPTED, detail="command")
            )
        await store.close()

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return lambda *words: CliRunner().invoke(main, words)


def deliveries(path: Path, now: float = 0.0) -> Sequence[Notification]:
    """Return the deliveries that are due at a moment, one after the other."""

    async def claim() -> Sequence[Notification]:
        store = await SqliteStore.open(str(path))
        room = Room(1, (NotificationKind.RESENT,))
        found: list[Notification] = []
        try:
            while claimed := await store.outbox.claim(now, 60.0, [room]):
                (row,) = claimed
                await store.outbox.apply(row, replace(row, due_at=None, lease_until=None), None)
                found.append(row)
        finally:
            await store.close()
        return found

    return asyncio.run(claim())


def test_list_shows_every_job(run: Run) -> None:
    """A table with the newest first."""
    result = run("jobs", "list")
    assert result.exit_code == 0
    for job in (ASKED, DONE, PARKED):
        assert job.id in result.output
    assert "a red sports car" in result.output


def test_list_narrows_by_stage_and_prints_json(run: Run) -> None:
    """What waits for the operator, for programs; the answer URL stays inside."""
    result = run("jobs", "list", "--stage", "parked", "--json")
    listed = {job["id"]: job["problem"] for job in json.loads(result.output)}
    assert listed == {job.id: job.problem for job in (PARKED, STUCK)}
    assert "hooks.slack.com" not in result.output


def test_show_prints_the_timeline(run: Run) -> None:
    """Everything known about a job, and what happened to it."""
    result = run("jobs", "show", PARKED.id)
    assert "MindVideo is silent." in result.output
    assert "accepted" in result.output
    assert f"input {json.dumps(dict(PARKED.input))}" in " ".join(result.output.split())
    assert "submitted_at 1970-01-01 00:16:40 UTC" in " ".join(result.output.split())
    assert "outputs" not in result.output
    timeline = json.loads(run("jobs", "show", PARKED.id, "--json").output)["events"]
    assert timeline == [{"at": 1000.0, "name": "accepted", "detail": "command"}]


def test_resume_sends_a_parked_job_back(run: Run) -> None:
    """It goes on where it stopped, once."""
    assert "goes on from rendering" in run("jobs", "resume", PARKED.id).output
    again = run("jobs", "resume", PARKED.id)
    assert again.exit_code == 1
    assert "not parked" in again.output


def test_resume_takes_up_a_task_that_was_found_at_mindvideo(run: Run) -> None:
    """The key of such a job is too old to be sent again."""
    assert "follows task t9" in run("jobs", "resume", STUCK.id, "--task", "t9").output
    row = json.loads(run("jobs", "show", STUCK.id, "--json").output)
    assert (row["stage"], row["task_id"]) == ("rendering", "t9")


def test_resume_does_not_give_a_task_to_a_job_that_has_one(run: Run) -> None:
    """It would deliver another video than the one that its message tells of."""
    result = run("jobs", "resume", PARKED.id, "--task", "t9")
    assert result.exit_code == 1
    assert "cannot take up task t9" in result.output


@pytest.mark.parametrize("task_id", ["", " t9", "t 9", "t\n9", "t" * 201, "t\ud800"])
def test_what_can_be_no_task_is_wrong_usage(run: Run, task_id: str) -> None:
    """Pasted with a blank, it would be looked for in vain."""
    assert run("jobs", "resume", STUCK.id, "--task", task_id).exit_code == 2
    assert run("jobs", "resume", STUCK.id, "--task", "t9", "--send-again").exit_code == 2


def test_resume_can_vouch_that_mindvideo_has_no_render(run: Run) -> None:
    """Then the key may go once more, although it is old."""
    assert "goes on from announced" in run("jobs", "resume", STUCK.id, "--send-again").output
    row = json.loads(run("jobs", "show", STUCK.id, "--json").output)
    assert row["vouched_at"] is not None


def test_each_command_can_answer_in_json(run: Run) -> None:
    """What it did is then the row as it is, or the names of job and delivery."""
    resumed = json.loads(run("jobs", "resume", PARKED.id, "--json").output)
    assert (resumed["id"], resumed["stage"]) == (PARKED.id, "rendering")
    resent = json.loads(run("jobs", "resend", DONE.id, "--json").output)
    assert resent["job"] == DONE.id
    assert resent["delivery"]


def test_resend_puts_a_delivery_in_and_makes_no_job(run: Run, tmp_path: Path) -> None:
    """It goes into the job's thread, and there is nothing that could be rendered or charged."""
    before = run("jobs", "list", "--json").output
    said = run("jobs", "resend", DONE.id).output
    assert run("jobs", "list", "--json").output == before
    (row,) = deliveries(tmp_path / "jobs.db")
    assert (row.kind, row.job_id, row.channel) == (NotificationKind.RESENT, DONE.id, "C1")
    assert (row.thread_ts, row.detail) == ("1.1", OPERATOR)
    assert row.id in said


def test_each_resend_is_a_delivery_of_its_own_that_names_its_job(run: Run, tmp_path: Path) -> None:
    """An operator who calls twice means it; the delivery's ID leads to the job."""
    for _ in range(2):
        assert run("jobs", "resend", DONE.id).exit_code == 0
    first, second = deliveries(tmp_path / "jobs.db")
    assert first.id != second.id
    for row in (first, second):
        assert json.loads(run("jobs", "show", row.id, "--json").output)["id"] == DONE.id


def test_a_resend_does_not_wait_for_the_clock_of_the_bot_that_runs(
    run: Run, tmp_path: Path
) -> None:
    """That clock never jumps: where this machine's was set forward, it stands behind it."""
    before = time.time()
    assert run("jobs", "resend", DONE.id).exit_code == 0

    (row,) = deliveries(tmp_path / "jobs.db", now=before - 3600.0)
    assert row.job_id == DONE.id
    assert row.happened_at >= before


def test_resend_needs_files(run: Run) -> None:
    """A job without a result is refused in a sentence."""
    result = run("jobs", "resend", ASKED.id)
    assert result.exit_code == 1
    assert "no finished files" in result.output


@pytest.mark.parametrize("command", ["show", "resume", "resend"])
def test_an_unknown_job_is_a_sentence(run: Run, command: str) -> None:
    """No traceback for a wrong ID."""
    result = run("jobs", command, "nope")
    assert result.exit_code == 1
    assert "There is no job nope" in result.output


@pytest.mark.parametrize("command", ["show", "resume", "resend"])
def test_an_id_of_stray_bytes_is_a_sentence(run: Run, command: str) -> None:
    """A shell hands them over as halves of surrogate pairs, which no terminal takes back."""
    result = run("jobs", command, "\udcff")
    assert result.exit_code == 1
    assert "There is no job" in result.output


def test_a_backup_can_be_opened(run: Run, tmp_path: Path) -> None:
    """The copy is a whole store; a file that exists is not overwritten."""
    copy = tmp_path / "copy.db"
    assert run("backup", str(copy)).exit_code == 0
    assert run("backup", str(copy)).exit_code == 1

    async def count() -> int:
        store = await SqliteStore.open(str(copy))
        counts = await store.jobs.stage_counts()
        await store.close()
        return sum(counts.values())

    assert asyncio.run(count()) == 4


@pytest.mark.parametrize("command", [["jobs", "list"], ["jobs", "show", "x"], ["backup", "x.db"]])
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///no/such/jobs.db", "there is no folder no/such"),
        ("sqlite:///missing.db", "missing.db: there is no such file"),
        ("sqlite:///folder", "folder: it is not a file"),
        ("sqlite:///prose.db", "not an SQLite database"),
        ("postgresql://localhost/bot", "PostgreSQL is not supported"),
    ],
)
def test_a_store_that_cannot_be_used_is_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str], url: str, words: str
) -> None:
    """It names the variable, and nothing is made beside the wrong path."""
    Path("folder").mkdir()
    Path("prose.db").write_text("this is not a database, and long enough to be told from one")
    there = sorted(Path.cwd().iterdir())
    monkeypatch.setenv("DATABASE_URL", url)
    result = run(*command)
    assert result.exit_code == 2
    assert result.output.startswith("DATABASE_URL ")
    assert words in result.output
    assert len(result.output.splitlines()) == 1
    assert sorted(Path.cwd().iterdir()) == there
