"""What is erased, and what is not: addresses, bodies, details and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pysqlite3
import pytest

from bot.options.catalog import Catalog
from storage.job import (
    Event,
    EventName,
    Job,
    Json,
    Question,
    QuestionKind,
    ReplyTo,
    Stage,
    UsedStyle,
)
from storage.notification import Notification, NotificationKind
from storage.saved import Editor, SavedKey, SavedKind
from storage.sqlite.store import SqliteStore
from storage.store import Store
from tests.support.databases import Backend, SqliteBackend
from tests.support.inline_store import inline_session
from tests.support.store_samples import ACCEPTED, NOW, FakeCommit, a_job, a_limit, insert

BODY = b'{"prompt":"a lake"}'
URL = ReplyTo(thread_ts="1.0", response_url="https://hooks.example/1")
DAY = 86_400.0
KEPT_FOR_A_REPEAT = [
    {"stage": Stage.ANNOUNCED},
    {"stage": Stage.PARKED, "parked_from": Stage.ANNOUNCED},
    {"stage": Stage.ACCEPTED},
]
BEHIND_THE_ANSWER = [
    {"stage": Stage.RENDERING},
    {"stage": Stage.FINISHED},
    {"stage": Stage.DELIVERED},
    {"stage": Stage.REJECTED},
    {"stage": Stage.PARKED, "parked_from": Stage.RENDERING},
    {"stage": Stage.PARKED, "parked_from": Stage.FINISHED},
]


async def _put(store: Store, **fields: object) -> Job:
    return await _put_number(store, 1, fields)


async def _put_number(store: Store, number: int, fields: Mapping[str, object]) -> Job:
    return await insert(store, replace(a_job(number), **fields))  # type: ignore[arg-type] # each test names fields of a job


async def _put_over(store: Store, number: int = 1, **fields: object) -> Job:
    usual: dict[str, object] = {"stage": Stage.DELIVERED, "due_at": None}
    return await _put_number(store, number, usual | fields)


async def _get(store: Store, job: Job) -> Job:
    row = await store.jobs.get(job.id)
    assert row is not None
    return row


async def _erase_texts(store: Store, before: float, limit: int = 10) -> int:
    return await store.retention.erase_texts(
        before, limit, now=NOW + 9, without_texts=Catalog.load().without_texts
    )


async def test_a_response_url_is_erased_by_the_age_of_its_request(store: Store) -> None:
    """The thread of the request stays."""
    old, young = [await _put_number(store, number, {"reply_to": URL}) for number in (1, 2)]
    assert await store.retention.erase_response_urls(young.created_at, 10) == 1
    assert await _get(store, old) == replace(old, reply_to=replace(URL, response_url=None))
    assert await _get(store, young) == young
    assert await store.retention.erase_response_urls(young.created_at, 10) == 0


async def test_a_step_that_holds_the_row_meanwhile_does_not_bring_it_back(
    store: Store,
) -> None:
    """Only what differs is written, so the claim stays good as well."""
    await _put(store, reply_to=URL)
    [claimed] = await store.jobs.claim(NOW, 60.0, [a_limit(1)])
    assert await store.retention.erase_response_urls(NOW + DAY, 10) == 1
    written = await store.jobs.apply(claimed, replace(claimed, attempts=1), None)
    assert (written.reply_to.response_url, written.attempts) == (None, 1)


@pytest.mark.parametrize("fields", KEPT_FOR_A_REPEAT)
async def test_a_body_that_may_be_sent_again_stays(
    store: Store, fields: Mapping[str, object]
) -> None:
    """Also that of a job on hold, whose request an operator may have sent again."""
    job = await _put(store, request_body=BODY, **fields)
    assert await store.retention.erase_request_bodies(10) == 0
    assert await _get(store, job) == job


@pytest.mark.parametrize("fields", BEHIND_THE_ANSWER)
async def test_a_body_behind_its_answer_is_erased(
    store: Store, fields: Mapping[str, object]
) -> None:
    """Rows of earlier versions have one."""
    job = await _put(store, request_body=BODY, **fields)
    assert await store.retention.erase_request_bodies(10) == 1
    assert await _get(store, job) == replace(job, request_body=None)


async def test_the_detail_of_an_event_is_erased_by_its_age(store: Store) -> None:
    """The event itself stays, and so does what happened later."""
    job = await _put(store)
    later = Event(at=NOW + DAY, name=EventName.STATE, detail="rendering")
    await store.jobs.apply(job, replace(job, attempts=1), later)
    for expected in (1, 0):
        assert await store.retention.erase_details(later.at, 10) == expected
        assert await store.jobs.events(job.id) == [replace(ACCEPTED, detail=""), later]


async def test_what_users_wrote_is_erased_wherever_it_stands(
    store: Store, backend: Backend
) -> None:
    """In the input, its names, the request, a question, and what services quoted of it."""
    secret = "Quokka"
    job = await _put_over(
        store,
        input={
            "prompt": f"a {secret} of <@U2>",
            "negative_prompt": secret,
            "multi_prompt": [{"prompt": secret}],
            "image_urls": [f"https://example.com/{secret}.png"],
            "duration": 10,
            "generate_audio": True,
            "mode": "pro",
        },
        names={"U2": f"@{secret}"},
        request_body=secret.encode() * 2_000,
        question=Question(kind=QuestionKind.UNKNOWN_OPTION, about=secret, expires_at=NOW),
        problem=f"MindVideo says: {secret} is not allowed.",
        style=UsedStyle(name="noir", words=f"rain, {secret}", prompt=secret),
    )
    key = SavedKey(kind=SavedKind.STYLE, scope="person:T1:U1", name="noir")
    await store.saved.save(key, {"words": "rain"}, Editor(user="U1", is_admin=False), NOW)
    noted = Event(at=NOW, name=EventName.RETRY, detail=secret)
    await store.jobs.apply(job, replace(job, attempts=1), noted)
    told = Notification(
        id="notice-1",
        team="T1",
        channel="C2",
        kind=NotificationKind.FAILED,
        happened_at=NOW,
        job_id=job.id,
        detail=secret,
        problem=secret,
    )
    await store.outbox.add(told)
    assert await _erase_texts(store, NOW + DAY) == 1
    assert await _erase_texts(store, NOW + DAY) == 0

    row = await _get(store, job)
    assert row.input == {"duration": 10, "generate_audio": True, "mode": "pro"}
    assert row.question is not None
    assert (row.question.kind, row.question.about) == (QuestionKind.UNKNOWN_OPTION, "")
    assert (row.names, row.request_body, row.problem, row.erased_at) == ({}, None, "", NOW + 9)
    assert row.style == UsedStyle(name="noir", words="", prompt="")
    [saved] = await store.saved.within({SavedKind.STYLE}, ["person:T1:U1"])
    assert saved.value == {"words": "rain"}
    assert [event.detail for event in await store.jobs.events(job.id)] == ["", ""]
    assert await store.outbox.find("notice-1") == replace(told, detail="", problem="")
    if isinstance(backend, SqliteBackend):
        assert secret.encode() not in _file_after_checkpoint(Path(backend.path))


def _file_after_checkpoint(path: Path) -> bytes:
    connection = pysqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": Stage.RENDERING},
        {"stage": Stage.PARKED, "parked_from": Stage.ANNOUNCED, "due_at": None},
        {"stage": Stage.DELIVERED, "due_at": NOW},
    ],
    ids=["under way", "on hold", "its cost is still looked for"],
)
async def test_texts_of_a_job_that_goes_on_stay(store: Store, fields: Mapping[str, object]) -> None:
    """A repeat sends the same words."""
    job = await _put(store, request_body=BODY, **fields)
    assert await _erase_texts(store, NOW + DAY) == 0
    assert await _get(store, job) == job


async def test_other_deliveries_keep_who_asked_for_them(store: Store) -> None:
    """It is a person's ID and no text, and the step needs it."""
    job = await _put_over(store)
    asked = Notification(
        id="again",
        team="T1",
        channel="C1",
        kind=NotificationKind.RESENT,
        happened_at=NOW,
        job_id=job.id,
        detail="U7",
        due_at=NOW,
    )
    await store.outbox.add(asked)
    assert await _erase_texts(store, NOW + DAY) == 1
    assert await store.outbox.find("again") == asked


async def test_an_input_that_cannot_be_read_is_erased_whole(store: Store, backend: Backend) -> None:
    """It may hold a prompt like any other."""
    job = await _put_over(store)
    await backend.query("""UPDATE jobs SET input = '{"prompt": "cut off'""")
    assert await _erase_texts(store, NOW + DAY) == 1
    assert (await _get(store, job)).input == {}


async def test_each_batch_is_bounded_and_the_oldest_come_first(store: Store) -> None:
    """A long history is erased step by step."""
    jobs = [await _put_over(store, number, reply_to=URL, request_body=BODY) for number in (3, 1, 2)]
    kept = store.retention
    assert [await kept.erase_response_urls(NOW + DAY, 2) for _ in range(3)] == [2, 1, 0]
    assert [await kept.erase_request_bodies(2) for _ in range(3)] == [2, 1, 0]
    assert [await kept.erase_details(NOW + DAY, 2) for _ in range(3)] == [2, 1, 0]
    assert [await _erase_texts(store, NOW + DAY, 1) for _ in range(2)] == [1, 1]
    rows: Sequence[Job] = [await _get(store, job) for job in jobs]
    assert [row.erased_at is None for row in rows] == [True, False, False]


async def test_nothing_to_erase_costs_no_write(tmp_path: Path) -> None:
    """It is looked for once a minute."""
    commits = FakeCommit()
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db"), commit=commits))
    await _put(store)
    before = commits.count
    assert await store.retention.erase_response_urls(NOW + DAY, 10) == 0
    assert await store.retention.erase_request_bodies(10) == 0
    assert await store.retention.erase_details(NOW, 10) == 0
    assert await _erase_texts(store, NOW) == 0
    assert commits.count == before
    await store.close()


def test_only_numbers_switches_and_choices_hold_no_words() -> None:
    """Of a model that is not there any more, choices cannot be told from words."""
    catalog = Catalog.load()
    values: dict[str, Json] = {"mode": "pro", "duration": 5, "prompt": "a lake", "x": None}
    assert catalog.without_texts("kling-v3", values) == {"mode": "pro", "duration": 5}
    assert catalog.without_texts("gone", values) == {"duration": 5}
    assert catalog.without_texts("kling-v3", {"mode": "a lake", "shot_type": ["a"]}) == {}
