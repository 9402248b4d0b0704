"""Jobs, events and errors for the tests of the store."""

from __future__ import annotations

from decimal import Decimal

import pysqlite3
from sqlite_utils import Database

from storage.budget import NotAdmitted
from storage.job import (
    Decision,
    DecisionKind,
    Delivery,
    Event,
    EventName,
    Failure,
    Film,
    Forecast,
    ForecastKind,
    Job,
    Media,
    Outcome,
    Output,
    Price,
    Question,
    QuestionKind,
    Repeat,
    RepeatEvery,
    ReplyTo,
    Review,
    ReviewKind,
    Stage,
    Upload,
    UsedStyle,
)
from storage.sqlite.admissions import insert_set
from storage.store import NO_TERMS, ClaimLimit, Inserted, Store

NOW = 1_800_000_000.0

TODAY = "2027-01-15"
"""The day of `NOW`."""

ACCEPTED = Event(at=NOW, name=EventName.ACCEPTED, detail="by command")


def a_job(number: int = 1) -> Job:
    """Return a new job, due at `NOW`; another number is another request of the same user."""
    return Job(
        id=f"job{number}",
        dedup_key=f"command:T1:{number}",
        team="T1",
        channel="C1",
        user="U1",
        surface="command",
        model="kling-v3",
        input={"prompt": f"car number {number}", "duration": 10},
        kind="kling-v3/std",
        created_at=NOW + number,
        due_at=NOW,
        counted_on=TODAY,
    )


def a_full_job() -> Job:
    """Return a job all of whose fields differ from their defaults."""
    return Job(
        id="full",
        dedup_key="button:T1:full",
        team="T1",
        channel="C1",
        user="U1",
        surface="button",
        model="kling-v3",
        input={
            "prompt": "ein Auto 🚗 \x00 \u202e",
            "multi_prompt": [{"duration": 2.5}, None, True],
        },
        kind="kling-v3/pro",
        created_at=NOW + 0.123456,
        names={"U1": "@ann"},
        reply_to=ReplyTo(thread_ts="1800000000.000100", response_url="https://hooks.example/1"),
        channel_defaults=("duration",),
        parent_id="job1",
        take_of="job0",
        set_id="set-1",
        part=2,
        question=Question(
            kind=QuestionKind.APPROVE_PRICE,
            about="5",
            expires_at=NOW + 3600,
            asked_at=NOW + 0.5,
            approvers=("U7", "U8"),
            fallback=("U9",),
            place="C9",
            reminders=2,
        ),
        decision=Decision(kind=DecisionKind.APPROVED, by="U7", at=NOW + 0.75, because="a launch"),
        starts_at=NOW - 5,
        repeat=Repeat(
            id="first", every=RepeatEvery.WEEK, first="2027-01-15T09:00:00", zone="Europe/Berlin"
        ),
        film=Film(width=1280, height=720, seconds=5.25, has_sound=True, poster="F3"),
        style=UsedStyle(name="noir", words="rain, {prompt}", prompt="a lake"),
        project="launch",
        price=Price(key="kling-v3 mode=pro", size=Decimal("2.5")),
        forecast=Forecast(kind=ForecastKind.OBSERVED, amount=Decimal("0.08")),
        reserved=Decimal("0.080"),
        counted_on=TODAY,
        stage=Stage.PARKED,
        due_at=NOW,
        lease_until=NOW + 60,
        paced_at=NOW + 61,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        fence=3,
        attempts=2,
        crashes=1,
        parked_from=Stage.FINISHED,
        problem="MindVideo said no",
        failure=Failure.LIMIT,
        post_intent_at=NOW + 1,
        message_ts="1800000001.000200",
        posted_at=NOW + 1.0002,
        shown="digest",
        shown_at=NOW + 2,
        idempotency_key="slack:T1:C1:1800000001.000200",
        request_body=b'{"model":"kling-v3"}\x00\xff',
        first_sent_at=NOW + 3,
        chargeable_since=NOW + 3,
        confirmed_absent_at=NOW + 3.5,
        request_id="req_1",
        task_id="task_1",
        submitted_at=NOW + 4,
        provider_state="succeeded",
        provider_memo={"look_by": "task", "more": [1, {"deep": None}]},
        started_at=NOW + 5,
        missing_since=NOW + 6,
        missing_at=NOW + 6.5,
        late_notified_at=NOW + 7,
        cost_estimate=Decimal("0.0756"),
        cost_actual=Decimal("0.07560"),
        outputs=(Output(media=Media.VIDEO, url="https://video.example/1.mp4"),),
        outcome=Outcome.SUCCEEDED,
        finished_at=NOW + 90,
        delivery=Delivery(
            channel="D1",
            uploads=(Upload(file_id="F1", sent=True), Upload(file_id="F2")),
            link_only=True,
            failing_since=NOW + 90.5,
            intent_at=NOW + 91,
            ts="1800000092.000300",
        ),
        cost_shown=Decimal("1E+2"),
        delivered_at=NOW + 92,
        cost_checks=4,
        cancel_requested_at=NOW + 8,
        cancel_requested_by="U2",
        given_up_at=NOW + 9,
        given_up_by="U3",
        pressed={"job_again": "U2"},
        kept_by="U7",
        deleted_at=NOW + 92.5,
        deleted_by="U8",
        review=Review(kind=ReviewKind.CHANGES, by="U8", at=NOW + 92.5),
        notes=2,
        erased_at=NOW + 93,
    )


def insert_job(db: Database, job: Job) -> Job:
    """Insert a job into an open file; return its row."""
    made = insert_set(db, [(job, ACCEPTED)], NO_TERMS)
    assert not isinstance(made, NotAdmitted)
    return made[0].job


async def insert(store: Store, job: Job, event: Event = ACCEPTED) -> Job:
    """Insert a job that no rule of budgets refuses; return its row."""
    made = await store.jobs.insert(job, event)
    assert isinstance(made, Inserted)
    return made.job


def a_limit(limit: int) -> ClaimLimit:
    """Return a limit of this many jobs, of any stage."""
    return ClaimLimit(limit, tuple(Stage))


def sqlite_failure(code: int, name: str) -> Exception:
    """Return the error that SQLite raises with this result code."""
    error: Exception = pysqlite3.OperationalError("injected")
    error.sqlite_errorcode = code  # type: ignore[attr-defined] # as pysqlite3 does
    error.sqlite_errorname = name  # type: ignore[attr-defined] # as pysqlite3 does
    return error


class FakeCommit:
    """Replaces the commit: counts commits, and raises an error once, before or after a commit."""

    def __init__(self) -> None:
        self.count = 0
        self.error_before: Exception | None = None
        """Raised once in place of a commit."""
        self.error_after: Exception | None = None
        """Raised once after a commit that worked."""

    def __call__(self, db: Database) -> None:
        """Commit, unless `error_before` is set."""
        before, self.error_before = self.error_before, None
        if before is not None:
            raise before
        db.execute("COMMIT")
        self.count += 1
        after, self.error_after = self.error_after, None
        if after is not None:
            raise after
