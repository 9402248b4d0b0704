"""A file of the version before: nothing that it holds is lost, and a resend is no job any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pysqlite3
import pytest
from sqlite_utils import Database

from bot.money.cost_report import Sum, sum_of
from storage.costs import CostFilter
from storage.home import PUBLISH
from storage.job import Delivery, Event, EventName, Job, ReplyTo, Stage, Upload
from storage.notification import Notification, NotificationKind
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS, Value
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import MIGRATIONS, migrate
from storage.sqlite.store import SqliteStore
from storage.store import ClaimLimit, JobFilter
from tests.support.inline_store import inline_session
from tests.support.store_samples import ACCEPTED, NOW, TODAY, a_full_job, a_job

LIMIT = ClaimLimit(10, tuple(NotificationKind))

RENAMED = {
    "dedup_key": "ask_key",
    "delivery_channel": "result_channel",
    "delivery_intent_at": "result_intent_at",
    "delivery_ts": "result_ts",
    "given_up_at": "unfollowed_at",
    "given_up_by": "unfollowed_by",
    "confirmed_absent_at": "vouched_at",
    "late_notified_at": "late_told_at",
    "cost_shown": "cost_told",
    "cost_checks": "settle_tries",
}
"""Columns of jobs that had another name."""


class OldFile:
    """A file as the version before has left it, and what it writes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.db = connect_writer(path, create=True)
        MIGRATIONS.apply(self.db, stop_before="0009_outbox")

    def job(self, job: Job, **changed: Value) -> None:
        """Write a job under the names of then, without later columns, with its first event."""
        of_then = {column.name for column in self.db["jobs"].columns}
        named = {RENAMED.get(name, name): value for name, value in JOBS.to_row(job).items()}
        row = {name: value for name, value in named.items() if name in of_then}
        self._add("jobs", {**row, "look_by": "events", **changed})
        self.event(job.id)

    def resend(self, job_id: str, parent_id: str, **changed: Value) -> None:
        """Write a resend: a job that began where the render of its parent had ended."""
        job = replace(
            a_job(),
            id=job_id,
            dedup_key=f"resend:{job_id}",
            surface="resend",
            parent_id=parent_id,
            created_at=NOW + 100,
            reply_to=ReplyTo(thread_ts="1.0"),
            stage=Stage.FINISHED,
            due_at=0.0,
            submitted_at=NOW + 1,
            finished_at=NOW + 61,
            outcome=a_full_job().outcome,
            outputs=a_full_job().outputs,
            cost_actual=a_full_job().cost_actual,
        )
        self.job(job, **changed)

    def event(self, job_id: str, name: str = "accepted", detail: str = "by command") -> None:
        """Write a line of a timeline."""
        self._add("job_events", {"job_id": job_id, "at": NOW, "name": name, "detail": detail})

    def notice(self, notice_id: str, **changed: Value) -> None:
        """Write a notice that is due."""
        row: dict[str, Value] = {
            "id": notice_id,
            "team": "T1",
            "channel": "C1",
            "kind": "parked",
            "happened_at": NOW,
            "detail": "task 17",
            "due_at": NOW,
            "fence": 0,
            "attempts": 0,
            "plain": 0,
        }
        self._add("notices", row | changed)

    async def opened(self) -> SqliteStore:
        """Let go of the file and open it as this version's owner does."""
        self.db.close()
        return SqliteStore(await inline_session(self.path))

    def _add(self, table: str, row: dict[str, Value]) -> None:
        names = ", ".join(row)
        places = ", ".join(f":{name}" for name in row)
        self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", row)  # noqa: S608 - ours


@pytest.fixture
def old(tmp_path: Path) -> Iterator[OldFile]:
    """An empty file of the version before."""
    file = OldFile(str(tmp_path / "old.db"))
    with closing(file.db):
        yield file


def test_an_old_file_gets_the_tables_of_a_new_one(old: OldFile) -> None:
    """Whatever way a file has come, the same statements fit it."""
    migrate(old.db)
    for table in (JOBS, NOTIFICATIONS, HOME_VIEWS):
        columns = {column.name for column in old.db.table(table.name).columns}
        assert columns == {*table.columns, "seq"}
    assert "notices" not in old.db.table_names()


async def test_a_job_keeps_every_field(old: OldFile) -> None:
    """The moment of its message is what Slack's ID of the message says."""
    full = a_full_job()
    old.job(full, look_by="task")
    store = await old.opened()
    assert await store.jobs.get("full") == replace(
        full,
        style=None,
        take_of=None,
        set_id=None,
        part=None,
        project=None,
        price=None,
        forecast=None,
        reserved=None,
        counted_on=TODAY,
        names={},
        lease_until=None,
        # It was in flight when the process died.
        crashes=1,
        posted_at=1800000001.0002,
        provider_memo={"look_by": "task"},
        question=None,
        decision=None,
        chargeable_since=full.first_sent_at,
        failure=None,
        channel_defaults=(),
        paced_at=None,
        traceparent=None,
        delivery=replace(full.delivery, failing_since=None),
        pressed={},
        film=None,
        starts_at=None,
        repeat=None,
        kept_by=None,
        deleted_at=None,
        deleted_by=None,
        review=None,
        notes=0,
        erased_at=None,
    )
    assert await store.jobs.events("full") == [ACCEPTED]
    await store.close()


async def test_the_jobs_of_an_old_file_are_counted(old: OldFile) -> None:
    for number in (1, 2):
        old.job(a_job(number))
    old.job(replace(a_job(3), stage=Stage.PARKED))
    store = await old.opened()
    counts = await store.jobs.stage_counts()
    assert (counts[Stage.ACCEPTED], counts[Stage.PARKED]) == (2, 1)
    await store.close()


async def test_a_job_without_a_message_has_no_moment_of_it(old: OldFile) -> None:
    old.job(a_job())
    store = await old.opened()
    assert await store.jobs.get("job1") == replace(a_job(), provider_memo={"look_by": "events"})
    assert await store.jobs.find_by_dedup_key(a_job().dedup_key) is not None
    await store.close()


async def test_a_job_that_waits_goes_on(old: OldFile) -> None:
    """It is claimed, written and found as ever."""
    old.job(replace(a_job(), message_ts="1.5", stage=Stage.ANNOUNCED))
    store = await old.opened()
    [claimed] = await store.jobs.claim(NOW, 60, [ClaimLimit(1, (Stage.ANNOUNCED,))])
    assert claimed.posted_at == 1.5
    rendering = replace(claimed, stage=Stage.RENDERING, task_id="task1")
    assert await store.jobs.apply(claimed, rendering, None) == rendering
    found = await store.jobs.find_by_message("T1", "C1", "1.5")
    assert found == rendering
    await store.close()


async def test_a_notice_keeps_every_field(old: OldFile) -> None:
    """Its chart had been written down once its bytes had gone."""
    old.job(a_job())
    old.notice(
        "notice-full",
        kind="digest",
        job_id="job1",
        fence=3,
        attempts=2,
        file_id="F1",
        plain=1,
        intent_at=NOW + 1,
        posted_ts="2.0",
        problem="Slack said no",
    )
    old.notice("notice-fresh")
    store = await old.opened()
    fresh = Notification(
        id="notice-fresh",
        team="T1",
        channel="C1",
        kind=NotificationKind.PARKED,
        happened_at=NOW,
        detail="task 17",
        due_at=NOW,
    )
    assert await store.outbox.find("notice-fresh") == fresh
    assert await store.outbox.find("notice-full") == replace(
        fresh,
        id="notice-full",
        kind=NotificationKind.DIGEST,
        job_id="job1",
        fence=3,
        attempts=2,
        delivery=Delivery(
            uploads=(Upload(file_id="F1", sent=True),),
            link_only=True,
            intent_at=NOW + 1,
            ts="2.0",
        ),
        problem="Slack said no",
    )
    await store.close()


async def test_a_resend_that_waits_becomes_a_delivery_that_is_due(old: OldFile) -> None:
    """With what it had done so far, so that it neither uploads nor posts twice."""
    old.job(a_full_job())
    old.resend(
        "again1",
        "full",
        fence=4,
        attempts=2,
        lease_until=NOW + 60,
        user="U7",
        result_channel="D7",
        uploads='[{"file_id":"F7","sent":true},{"file_id":"F8","sent":false}]',
        link_only=1,
        result_intent_at=NOW + 101,
    )
    store = await old.opened()
    resent = Notification(
        id="again1",
        team="T1",
        channel="C1",
        kind=NotificationKind.RESENT,
        happened_at=NOW + 100,
        thread_ts="1.0",
        job_id="full",
        detail="U7",
        due_at=0.0,
        fence=4,
        attempts=2,
        delivery=Delivery(
            channel="D7",
            uploads=(Upload(file_id="F7", sent=True), Upload(file_id="F8")),
            link_only=True,
            intent_at=NOW + 101,
        ),
    )
    assert await store.outbox.find("again1") == resent
    assert await store.outbox.claim(NOW, 60, [LIMIT]) == [
        replace(resent, fence=5, lease_until=NOW + 60)
    ]
    await store.close()


@pytest.mark.parametrize(
    ("changed", "given_up"),
    [
        ({"stage": "delivered", "due_at": None, "result_ts": "3.0"}, False),
        # Its cost was still to be settled, which is its parent's business.
        ({"stage": "delivered", "due_at": NOW, "result_ts": "3.0"}, False),
        ({"stage": "parked", "parked_from": "finished", "problem": "no", "due_at": NOW}, True),
    ],
    ids=["delivered", "settling", "parked"],
)
async def test_a_resend_that_is_over_stays_over(
    old: OldFile, changed: dict[str, Value], *, given_up: bool
) -> None:
    """Brought or given up, it is not tried again."""
    old.job(a_full_job())
    old.resend("again1", "full", **changed)
    store = await old.opened()
    resent = await store.outbox.find("again1")
    assert resent is not None
    assert resent.due_at is None
    assert resent.delivery.ts == changed.get("result_ts")
    assert resent.is_given_up is given_up
    assert await store.outbox.claim(NOW + 9999, 60, [LIMIT]) == []
    await store.close()


async def test_a_resend_is_no_job_any_more_and_its_id_names_its_job(old: OldFile) -> None:
    """It stands behind the buttons of a message that may be years old."""
    old.job(a_full_job())
    old.event("full", "delivered", "2.0")
    old.resend("again1", "full")
    old.event("again1", "uploading", "F7")
    store = await old.opened()
    [job] = await store.jobs.jobs(JobFilter())
    assert job.id == "full"
    assert await store.jobs.get("again1") == job
    assert await store.jobs.events("again1") == []
    delivered = Event(at=NOW, name=EventName.DELIVERED, detail="2.0")
    assert await store.jobs.events("full") == [ACCEPTED, delivered]
    await store.close()


async def test_what_was_made_of_a_resend_is_made_of_the_job_behind_it(old: OldFile) -> None:
    """However often it was resent in between."""
    old.job(a_full_job())
    old.resend("again1", "full")
    old.resend("again2", "again1")
    old.resend("again3", "again2")
    old.job(replace(a_job(1), parent_id="again1"))
    old.job(replace(a_job(2), parent_id="again3"))
    old.job(replace(a_job(3), parent_id="job2"))
    old.job(a_job(4))
    store = await old.opened()
    parents = {job.id: job.parent_id for job in await store.jobs.jobs(JobFilter())}
    assert parents == {
        "full": a_full_job().parent_id,
        "job1": "full",
        "job2": "full",
        "job3": "job2",
        "job4": None,
    }
    for name in ("again1", "again2", "again3"):
        resent = await store.outbox.find(name)
        assert resent is not None
        assert resent.job_id == "full"
    await store.close()


async def test_what_was_to_be_told_of_a_resend_is_told_of_its_job(old: OldFile) -> None:
    """Somebody may have asked a moment ago for its result to be shared."""
    old.job(a_full_job())
    old.resend("again1", "full")
    old.notice("notice-resend", job_id="again1")
    old.notice("notice-job", job_id="full")
    old.notice("notice-digest", kind="digest")
    store = await old.opened()
    moved = await store.outbox.find("notice-resend")
    assert moved is not None
    assert moved.job_id == "full"
    assert await store.outbox.find("notice-job") is not None
    assert await store.outbox.find("notice-digest") is not None
    await store.close()


async def test_a_resend_counts_in_no_report(old: OldFile) -> None:
    """As before: it repeats the amounts and the times of its parent."""
    old.job(a_full_job(), stage="delivered", submitted_at=NOW, finished_at=NOW + 90)
    old.resend("again1", "full", kind=a_full_job().kind)
    store = await old.opened()
    amount = a_full_job().cost_actual
    assert amount is not None
    wanted = CostFilter(first="", until="9999-12-31", team="T1")
    costs = sum_of(await store.jobs.cost_sums(wanted))
    assert (costs.confirmed, costs.renders) == (Sum(amount=amount, renders=1), 1)
    assert len(await store.jobs.renders("T1", NOW, NOW + 999)) == 1
    assert await store.jobs.render_seconds(a_full_job().kind, 9) == [90]
    await store.close()


def test_the_timeline_can_still_only_grow(old: OldFile) -> None:
    """The lines of resends were taken out of it, and no other ever."""
    old.job(a_full_job())
    old.resend("again1", "full")
    migrate(old.db)
    for statement in ("DELETE FROM job_events", "UPDATE job_events SET detail = 'nicer'"):
        with pytest.raises(pysqlite3.IntegrityError, match="append-only"):
            old.db.execute(statement)


def test_a_migration_of_resends_that_fails_leaves_the_file_as_it_was(old: OldFile) -> None:
    """Without its job a resend has no place: then no step of the upgrade is done."""
    old.resend("again1", "nobody")
    pending = [migration.name for migration in MIGRATIONS.pending(old.db)]
    with pytest.raises(pysqlite3.IntegrityError):
        migrate(old.db)
    assert _count(old.db, "jobs") == _count(old.db, "job_events") == 1
    assert [migration.name for migration in MIGRATIONS.pending(old.db)] == pending
    with pytest.raises(pysqlite3.IntegrityError, match="append-only"):
        old.db.execute("DELETE FROM job_events")


async def test_an_old_file_has_home_tabs_once_they_are_opened(old: OldFile) -> None:
    store = await old.opened()
    assert await store.homes.claim(NOW, 60, [ClaimLimit(9, (PUBLISH,))]) == []
    opened = await store.homes.open("T1", "U1", NOW)
    [claimed] = await store.homes.claim(NOW, 60, [ClaimLimit(9, (PUBLISH,))])
    assert claimed.id == opened.id
    await store.close()


def _count(db: Database, table: str) -> int:
    return int(db.execute(f"SELECT count(*) AS rows FROM {table}").fetchone()["rows"])  # noqa: S608 - ours
