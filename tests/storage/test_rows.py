"""A row of each queue becomes a row of SQLite and comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from decimal import Decimal
from pathlib import Path

import pysqlite3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from storage.home import HomeView
from storage.job import Delivery, Job, Json, ReplyTo, Stage, Upload
from storage.notification import Notification, NotificationKind
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS, Table, input_text
from storage.sqlite import queue
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import migrate
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter, Row, StoreError
from tests.support.inline_store import inline_session
from tests.support.store_samples import ACCEPTED, NOW, a_full_job, a_job, insert_job

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def a_full_notification() -> Notification:
    """Return a notification none of whose fields has its default."""
    return Notification(
        id="notice-1",
        team="T1",
        channel="C1",
        kind=NotificationKind.RESENT,
        happened_at=NOW + 0.123456,
        thread_ts="1800000000.000100",
        job_id="full",
        detail="ein Auto 🚗 \x00 \u202e",
        due_at=NOW,
        lease_until=NOW + 60,
        paced_at=NOW + 61,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        fence=3,
        attempts=2,
        crashes=1,
        delivery=Delivery(
            failing_since=NOW + 1.5,
            channel="D1",
            uploads=(Upload(file_id="F1", sent=True), Upload(file_id="F2")),
            link_only=True,
            intent_at=NOW + 1,
            ts="1800000001.000200",
        ),
        problem="Slack said no",
        changed_at=NOW + 2,
    )


def a_full_view() -> HomeView:
    """Return a Home tab none of whose fields has its default."""
    return HomeView(
        id="T1:U1",
        team="T1",
        user="U1",
        opened_at=NOW + 0.123456,
        changed_at=NOW + 1,
        pages=2,
        kept_only=True,
        published_at=NOW + 2,
        due_at=NOW + 3,
        lease_until=NOW + 60,
        fence=3,
        attempts=2,
        crashes=1,
    )


@pytest.fixture
def db() -> Iterator[Database]:
    """The real tables, in memory."""
    with closing(_tables()) as db:
        yield db


def _tables() -> Database:
    db = Database(pysqlite3.connect(":memory:", isolation_level=None))
    migrate(db)
    db.conn.row_factory = pysqlite3.Row
    return db


def _stored(job: Job) -> Job:
    """Write `job` into the real table and read it again."""
    with closing(_tables()) as db:
        insert_job(db, job)
        return _read(db, JOBS)


def _read(db: Database, table: Table[Row]) -> Row:
    """Return the only row of a table."""
    [row] = queue.changed(db, table, f"SELECT * FROM {table.name}", {})  # noqa: S608 - our names
    return row


def _default(field: Field[object]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


@pytest.mark.parametrize(
    "sample", [a_full_job(), a_full_notification(), a_full_view()], ids=lambda one: one.id
)
def test_the_samples_have_no_default_left(sample: Job | Notification | HomeView) -> None:
    """A new field, or part of one, must get a value in its sample, or it would go untested."""
    values = [getattr(sample, field.name) for field in fields(sample)]
    parts = [part for part in values if is_dataclass(part) and not isinstance(part, type)]
    for owner in (sample, *parts):
        for field in fields(owner):
            assert getattr(owner, field.name) != _default(field), field.name


@pytest.mark.parametrize("job", [a_job(), a_full_job()], ids=["fresh", "full"])
def test_a_job_comes_back_exactly(job: Job) -> None:
    """Equal, of equal types, and money with every digit it had."""
    stored = _stored(job)
    assert stored == job
    for field in fields(Job):
        kind = type(getattr(job, field.name))
        assert type(getattr(stored, field.name)) is kind, field.name
    assert str(stored.cost_actual) == str(job.cost_actual)


def test_a_notification_comes_back_exactly(db: Database) -> None:
    """With every part of its delivery."""
    insert_job(db, a_full_job())
    queue.insert(db, NOTIFICATIONS, a_full_notification())
    assert _read(db, NOTIFICATIONS) == a_full_notification()


def test_a_home_tab_comes_back_exactly(db: Database) -> None:
    queue.insert(db, HOME_VIEWS, a_full_view())
    assert _read(db, HOME_VIEWS) == a_full_view()


def test_a_part_of_a_nested_value_is_a_column_of_its_own() -> None:
    """So that it can be looked for, and so that only what changed is written."""
    job, notification = JOBS.to_row(a_full_job()), NOTIFICATIONS.to_row(a_full_notification())
    assert (job["thread_ts"], job["response_url"]) == (
        "1800000000.000100",
        "https://hooks.example/1",
    )
    for row in (job, notification):
        assert row["delivery_channel"] == "D1"
        assert row["link_only"] is True
        assert row["uploads"] == (
            '[{"file_id":"F1","sent":true,"sha256":null},'
            '{"file_id":"F2","sent":false,"sha256":null}]'
        )
    assert not {"delivery", "reply_to"} & (job.keys() | notification.keys())


@settings(deadline=None, max_examples=30)
@given(
    given_input=st.dictionaries(st.text(), JSON, max_size=4),
    memo=st.dictionaries(st.text(), JSON, max_size=4),
    text=st.none() | st.text(),
    moment=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    money=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
    body=st.none() | st.binary(max_size=64),
)
@example(
    given_input={"prompt": "\x00 \u202e \ud800"},
    memo={"n": 2**70, "yes": True},
    text="\x00",
    moment=1e-300,
    money=Decimal("1.50"),
    body=b"",
)
def test_whatever_people_and_services_send_comes_back_exactly(
    *,
    given_input: dict[str, Json],
    memo: dict[str, Json],
    text: str | None,
    moment: float | None,
    money: Decimal | None,
    body: bytes | None,
) -> None:
    """NUL, marks of direction, lone surrogates in the input, large numbers: nothing is lost."""
    job = replace(
        a_job(),
        input=given_input,
        provider_memo=memo,
        problem=text,
        due_at=moment,
        cost_actual=money,
        request_body=body,
    )
    stored = _stored(job)
    assert stored == job
    assert str(stored.cost_actual) == str(job.cost_actual)
    # For Python `True` equals 1; for MindVideo it does not.
    assert input_text(stored.input) == input_text(given_input)
    assert input_text(stored.provider_memo) == input_text(memo)


def test_a_lone_surrogate_outside_the_input_becomes_a_question_mark() -> None:
    """It has no form in UTF-8, and a job must not become impossible to write for it."""
    assert (
        _stored(replace(a_job(), provider_state="odd \ud83d word")).provider_state == "odd ? word"
    )


def test_equal_inputs_have_one_text_whatever_their_order() -> None:
    """A duplicate is recognised by this text; `true` is not `1`."""
    assert input_text({"a": 1, "b": {"c": 2, "d": 3}}) == input_text(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )
    assert input_text({"audio": True}) != input_text({"audio": 1})


def test_only_what_differs_counts_as_changed() -> None:
    """Another object with the same content is no change; another number of digits is one."""
    before = a_full_job()
    after = replace(
        before,
        outputs=tuple(replace(output) for output in before.outputs),
        cost_actual=Decimal("0.0756"),
        stage=Stage.FINISHED,
        parked_from=None,
    )
    assert JOBS.changes(before, after) == {
        "cost_actual": "0.0756",
        "stage": "finished",
        "parked_from": None,
    }
    assert JOBS.changes(before, before) == {}


def test_of_a_nested_value_only_the_part_that_differs_counts_as_changed() -> None:
    """The other parts may have been written by somebody else meanwhile."""
    before = a_full_job()
    after = replace(
        before,
        delivery=replace(before.delivery, ts=None),
        reply_to=ReplyTo(thread_ts="2.0", response_url=before.reply_to.response_url),
    )
    assert JOBS.changes(before, after) == {"delivery_ts": None, "thread_ts": "2.0"}
    notification = a_full_notification()
    posted = replace(notification, delivery=replace(notification.delivery, link_only=False))
    assert NOTIFICATIONS.changes(notification, posted) == {"link_only": False}
    assert JOBS.changes(before, replace(before, delivery=replace(before.delivery))) == {}


@pytest.mark.parametrize("forged", [{"id": "other"}, {"fence": 9}])
def test_identity_and_fence_are_the_stores_own(forged: dict[str, str | int]) -> None:
    """A step that changes either has a fault, which must not reach the file."""
    with pytest.raises(ValueError, match="only the store"):
        JOBS.changes(a_job(), replace(a_job(), **forged))  # type: ignore[arg-type] # the point
    view = a_full_view()
    with pytest.raises(ValueError, match="only the store"):
        HOME_VIEWS.changes(view, replace(view, id="other"))


def test_a_value_without_a_form_is_refused() -> None:
    """A field of a new type needs a form before it can be stored."""
    with pytest.raises(TypeError, match="a row cannot hold a set"):
        JOBS.to_row(replace(a_job(), problem={"not", "text"}))  # type: ignore[arg-type] # the point


SECRET = "secret prompt"

UNREADABLE = [
    ("stage", SECRET, "stage"),
    ("outcome", SECRET, "outcome"),
    ("cost_actual", SECRET, "cost_actual"),
    ("cost_estimate", "Infinity", "cost_estimate"),
    ("input", f'["{SECRET}"]', "input"),
    ("outputs", f'[{{"media": "{SECRET}", "url": "x"}}]', "outputs"),
    ("uploads", f'[{{"{SECRET}": "F1"}}]', "uploads"),
    ("provider_memo", f'"{SECRET}"', "provider_memo"),
]


@pytest.mark.parametrize(("column", "value", "named"), UNREADABLE, ids=lambda one: str(one)[:8])
def test_a_row_that_makes_no_sense_is_refused_without_a_word_of_what_it_holds(
    db: Database, column: str, value: str, named: str
) -> None:
    """The error names the place and may stand in a log, where no prompt belongs."""
    insert_job(db, a_full_job())
    db.execute(f"UPDATE jobs SET {column} = :value", {"value": value})  # noqa: S608 - from above
    row = db.execute("SELECT * FROM jobs").fetchone()
    with pytest.raises(StoreError) as refusal:
        JOBS.from_row(row)
    assert str(refusal.value) == f"a row of jobs cannot be read: {named}"
    assert refusal.value.__suppress_context__
    assert refusal.value.__cause__ is None


def test_every_place_that_makes_no_sense_is_named(db: Database) -> None:
    insert_job(db, a_full_job())
    db.execute("UPDATE jobs SET stage = 'x', outcome = 'y', cost_shown = 'z'")
    row = db.execute("SELECT * FROM jobs").fetchone()
    with pytest.raises(StoreError, match=r"cannot be read: cost_shown, outcome, stage$"):
        JOBS.from_row(row)


@pytest.mark.parametrize("text", [SECRET, f'{{"prompt": "{SECRET}', ""])
def test_a_column_that_is_not_json_is_refused_without_a_word_of_what_it_holds(
    db: Database, text: str
) -> None:
    insert_job(db, a_full_job())
    db.execute("UPDATE jobs SET input = :text", {"text": text})
    row = db.execute("SELECT * FROM jobs").fetchone()
    with pytest.raises(StoreError) as refusal:
        JOBS.from_row(row)
    assert str(refusal.value) == "a row of jobs cannot be read: input"
    assert refusal.value.__suppress_context__


def test_a_notification_of_an_unknown_kind_is_refused(db: Database) -> None:
    """A file from a later version of the program must not be taken for something else."""
    queue.insert(db, NOTIFICATIONS, replace(a_full_notification(), job_id=None))
    db.execute("UPDATE notifications SET kind = 'gossip'")
    row = db.execute("SELECT * FROM notifications").fetchone()
    with pytest.raises(StoreError, match="a row of notifications cannot be read: kind"):
        NOTIFICATIONS.from_row(row)


async def test_a_timeline_leaves_an_event_of_an_unknown_name_out(tmp_path: Path) -> None:
    """It is of a later version of the program, or of another hand."""
    path = str(tmp_path / "jobs.db")
    store = SqliteStore(await inline_session(path))
    await store.jobs.insert(a_job(1), ACCEPTED)
    with closing(connect_writer(path, create=False)) as db:
        db.execute(
            "INSERT INTO job_events (job_id, at, name, detail) VALUES ('job1', 1, 'gossip', '')"
        )
    assert await store.jobs.events("job1") == [ACCEPTED]
    [one] = await store.unreadable()
    assert (one.table, one.id, one.columns) == ("job_events", "job1 2", ("name",))
    await store.close()


async def test_the_store_raises_for_a_row_that_makes_no_sense_and_goes_on(tmp_path: Path) -> None:
    """Whichever way it is asked; the next job is found as ever."""
    path = str(tmp_path / "jobs.db")
    store = SqliteStore(await inline_session(path))
    await store.jobs.insert(a_job(1), ACCEPTED)
    await store.jobs.insert(a_job(2), ACCEPTED)
    with closing(connect_writer(path, create=False)) as db:
        db.execute("UPDATE jobs SET stage = 'unheard-of' WHERE id = 'job1'")
    with pytest.raises(StoreError, match="stage"):
        await store.jobs.get("job1")
    assert await store.jobs.jobs(JobFilter(stages=None)) == [a_job(2)]
    assert await store.jobs.get("job2") == a_job(2)
    await store.close()


@pytest.mark.parametrize("table", [JOBS, NOTIFICATIONS, HOME_VIEWS], ids=lambda one: one.name)
def test_no_two_fields_share_a_column(
    table: Table[Job] | Table[Notification] | Table[HomeView],
) -> None:
    assert len(set(table.columns)) == len(table.columns)
