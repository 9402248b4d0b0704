"""The register of made files, in each store."""

from __future__ import annotations

import math
from dataclasses import replace

from storage.job import Delivery, Stage, Upload
from storage.made_file import MadeFile
from storage.notification import Notification, NotificationKind, notification_id
from storage.store import Store
from tests.support.store_samples import NOW, a_job, insert

VIDEO = Upload(file_id="F1", sent=True, sha256="aa")
ASKED = MadeFile(
    job_id="job1",
    team="T1",
    user="U1",
    model="kling-v3",
    asked_at=NOW + 1,
    made_at=NOW + 60,
    kind="result",
    file_id="F1",
    sha256="aa",
)


def brought(kind: NotificationKind, *uploads: Upload) -> Notification:
    """Return the row of the outbox that brought files of a job."""
    return Notification(
        id=notification_id(kind, "C1", "job1"),
        team="T1",
        channel="C1",
        kind=kind,
        happened_at=NOW + 90,
        job_id="job1",
        delivery=Delivery(uploads=uploads),
    )


async def fill(store: Store) -> None:
    """Insert two jobs with files; a poster and a resend of the first, and what is no made file."""
    of_jobs = {1: (VIDEO, Upload(file_id="F2")), 2: (Upload(file_id="F3", sent=True),)}
    for number, uploads in of_jobs.items():
        done = replace(
            a_job(number),
            stage=Stage.DELIVERED,
            due_at=None,
            finished_at=NOW + 60,
            delivery=Delivery(uploads=uploads),
        )
        await insert(store, done)
    again = replace(VIDEO, file_id="F4")
    poster = Upload(file_id="F5", sent=True, sha256="bb")
    await store.outbox.add(brought(NotificationKind.RESENT, again))
    await store.outbox.add(brought(NotificationKind.POSTER, poster))
    await store.outbox.add(brought(NotificationKind.STITCHED, replace(poster, file_id="F7")))
    await store.outbox.add(brought(NotificationKind.COST_FILE, replace(poster, file_id="F6")))
    await store.outbox.add(brought(NotificationKind.SHARED))


async def test_each_file_that_slack_has_is_listed_with_its_digest(store: Store) -> None:
    """Not one whose bytes may not have arrived, nor a file that nobody rendered."""
    await fill(store)
    files = await store.jobs.made_files(NOW, math.inf)
    other = replace(ASKED, job_id="job2", asked_at=NOW + 2, file_id="F3", sha256=None)
    assert files == [
        ASKED,
        replace(ASKED, kind="resent", file_id="F4"),
        replace(ASKED, kind="poster", file_id="F5", sha256="bb"),
        replace(ASKED, kind="stitched", file_id="F7", sha256="bb"),
        other,
    ]
    assert await store.jobs.made_files(NOW, NOW + 2) == files[:4]
    assert await store.jobs.made_files(NOW + 3, math.inf) == []


async def test_the_register_outlives_the_words_of_its_jobs(store: Store) -> None:
    """As what a job cost does."""
    await fill(store)
    before = await store.jobs.made_files(NOW, math.inf)
    await store.retention.erase_texts(NOW + 9, 10, now=NOW + 99, without_texts=lambda *_: {})
    job = await store.jobs.get("job1")
    assert job is not None
    assert job.erased_at is not None
    assert await store.jobs.made_files(NOW, math.inf) == before
