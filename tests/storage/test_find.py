"""Finding jobs, on every kind of store, beside a model of a few lines."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from random import Random

import psycopg
import pysqlite3
import pytest

from bot.options.catalog import Catalog
from storage.find import (
    LONGEST_WORD,
    MOST_WORDS,
    FoundJob,
    Page,
    Viewer,
    Wanted,
    words_of,
    words_of_job,
)
from storage.home import PUBLISH
from storage.job import REQUESTED, Job, Json, Stage, UsedStyle, is_direct
from storage.store import ClaimLimit, Store
from tests.support.databases import Backend, PostgresBackend, SqliteBackend
from tests.support.store_samples import NOW, a_job, a_limit, insert

ME = Viewer(team="T1", user="U1", channels=frozenset({"C1", "C2"}))
ALL = Page(limit=1000)
WORDS = ("car", "cars", "Müll", "mull", "beach", "be", "日本", "🎉", "NEAR", "or", "4k")
ODD = (
    '"beach"',
    "bea*",
    "AND beach",
    "NEAR(beach lake)",
    "beach OR NOT",
    "words:beach",
    "-beach",
    "^beach",
    "(beach",
    "beach & ! | <-> ':*",
    "\\ ' \" ` ; --",
    "%s %(words)s :words ?",
    "\x00\ud800",
    "🎉🎉",
    "",
    "   ",
    "it's",
    "x" * 5000,
    "a " * 500,
)


def matches(job: Job, wanted: Wanted) -> bool:
    """Return whether a job has all that is wanted: the model."""
    has = words_of_job(job).split()
    *whole, last = wanted.words or [""]
    return (
        job.stage in REQUESTED
        and all(word in has for word in whole)
        and (not last or any(word.startswith(last) for word in has))
        and wanted.by in {None, job.user}
        and wanted.channel in {None, job.channel}
        and (wanted.since is None or job.created_at >= wanted.since)
        and (wanted.style is None or (job.style is not None and job.style.name == wanted.style))
        and (not wanted.kept or job.kept_by is not None)
    )


def may_see(viewer: Viewer, job: Job) -> bool:
    """Return whether a job is the viewer's to see: the model."""
    in_channel = job.channel in viewer.channels and not is_direct(job.channel)
    return job.team == viewer.team and (job.user == viewer.user or in_channel)


def some_job(number: int, chance: Random) -> Job:
    """Return a random job of a few people, places and words."""
    prompt = " ".join(chance.choices(WORDS, k=chance.randint(0, 4)))
    style = UsedStyle(name=chance.choice(["noir", "toon"]), words="rain", prompt=prompt)
    return replace(
        a_job(number),
        team=chance.choice(["T1", "T1", "T1", "T2"]),
        channel=chance.choice(["C1", "C2", "C3", "D1", "D2"]),
        user=chance.choice(["U1", "U2", "U3"]),
        input={"prompt": f"{prompt} rain" if chance.random() < 0.3 else prompt, "mode": "beach"},
        style=style if chance.random() < 0.3 else None,
        stage=chance.choice([*Stage]),
        due_at=None,
        kept_by=chance.choice([None, None, "U2"]),
        question=None,
    )


def some_question(chance: Random) -> tuple[Viewer, Wanted]:
    """Return a random viewer and what they look for."""
    viewer = Viewer(
        team=chance.choice(["T1", "T1", "T2"]),
        user=chance.choice(["U1", "U2", "U9"]),
        channels=frozenset(chance.sample(["C1", "C2", "C3", "D1", "D2"], k=chance.randint(0, 4))),
    )
    typed = " ".join(chance.choices(WORDS, k=chance.randint(0, 2)))
    wanted = Wanted(
        words=words_of(typed[: chance.randint(0, len(typed))]),
        by=chance.choice([None, None, "U1", "U2"]),
        channel=chance.choice([None, None, "C1", "D1"]),
        since=chance.choice([None, None, NOW + 30]),
        style=chance.choice([None, None, "noir"]),
        kept=chance.random() < 0.2,
    )
    return viewer, wanted


def of(found: Sequence[FoundJob]) -> list[Job]:
    """Return the jobs alone."""
    return [one.job for one in found]


async def put(store: Store, job: Job) -> Job:
    """Insert a job as it is; no limit and no question applies to it."""
    made = await insert(store, replace(job, stage=Stage.ACCEPTED, kept_by=None))
    if job.kept_by is not None:
        made = await store.jobs.keep(job.id, job.kept_by, NOW) or made
    return made


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_everybody_finds_exactly_what_is_theirs_to_see(
    backend: Backend, store: Store, seed: int
) -> None:
    """Of every stage, workspace and kind of channel, in pages that hide and repeat nothing."""
    chance = Random(seed)
    jobs = [some_job(number, chance) for number in range(1, 61)]
    for job in jobs:
        await put(store, job)
    for job in jobs:
        await backend.query(f"UPDATE jobs SET stage = '{job.stage}' WHERE id = '{job.id}'")  # noqa: S608 - ours
    for _ in range(60):
        viewer, wanted = some_question(chance)
        expected = [job for job in jobs[::-1] if may_see(viewer, job) and matches(job, wanted)]
        found = await store.finder.find(viewer, wanted, ALL)
        assert [one.id for one in of(found)] == [job.id for job in expected]
        limit = chance.randint(1, 5)
        older = [*found[:limit]]
        while older and len(older) < len(found):
            page = Page(limit=limit, before=older[-1].position)
            older += await store.finder.find(viewer, wanted, page)
        assert older == found
        newer = [*found[-1:]]
        while newer and len(newer) < len(found):
            page = Page(limit=limit, after=newer[0].position)
            newer = [*await store.finder.find(viewer, wanted, page), *newer]
        assert newer == found


async def test_whatever_is_typed_is_words(store: Store) -> None:
    """No text is an error, and none finds what it does not name."""
    dry = await put(store, replace(a_job(0), input={"prompt": "quite dry"}))
    for number, typed in enumerate(ODD, start=1):
        job = await put(store, replace(a_job(number), input={"prompt": typed}))
        wanted = Wanted(words=words_of(typed)[:MOST_WORDS])
        found = of(await store.finder.find(ME, wanted, ALL))
        assert job in found, typed
        assert (dry in found) is not bool(wanted.words), typed


async def test_accents_case_and_beginnings_do_not_matter(store: Store) -> None:
    """Symbols are words, and so are the characters of languages without spaces."""
    text = "Ein Müllwagen, GROSS wie ein Haus: 日本の海 🎉 in 4K"
    job = await put(store, replace(a_job(), input={"prompt": text, "negative_prompt": "rain"}))
    for typed in ("mullw", "MÜLLWAGEN gross", "haus wi", "海", "日本", "🎉", "4k"):
        assert of(await store.finder.find(ME, Wanted(words=words_of(typed)), ALL)) == [job]
    for typed in ("wagen", "mull wagen", "rain", "hau wie x", "🎈"):
        assert not await store.finder.find(ME, Wanted(words=words_of(typed)), ALL)


async def test_a_job_is_found_by_its_shots_and_not_by_its_style(
    backend: Backend, store: Store
) -> None:
    """Also one of an earlier version, which is indexed by its row."""
    shot: Json = {"prompt": "a bear wakes", "duration": 3}
    bear = await put(store, replace(a_job(), input={"prompt": "", "multi_prompt": [shot]}))
    style = UsedStyle(name="noir", words="rain, {prompt}", prompt="a lake")
    lake = await put(store, replace(a_job(2), input={"prompt": "rain, a lake"}, style=style))
    styled: dict[str, Json] = {"prompt": "rain", "multi_prompt": [{"prompt": "rain, a hill"}]}
    without = replace(style, prompt="")
    hill = await put(store, replace(a_job(3), input=styled, style=without))
    expected = {"bear": [bear], "lake": [lake], "hill": [hill], "rain": []}
    for word, jobs in expected.items():
        assert of(await store.finder.find(ME, Wanted(words=(word,)), ALL)) == jobs
    await backend.query("UPDATE job_words SET words = NULL")
    assert await store.finder.index_earlier(9) == len(expected) - 1
    for word, jobs in expected.items():
        assert of(await store.finder.find(ME, Wanted(words=(word,)), ALL)) == jobs


async def test_a_job_is_found_by_the_names_that_slack_tells_later(store: Store) -> None:
    """Not by the IDs in their place."""
    await put(store, replace(a_job(), input={"prompt": "a cake for <@U7>"}))
    assert not await store.finder.find(ME, Wanted(words=("tom",)), ALL)
    [claimed] = await store.jobs.claim(NOW, 60.0, [a_limit(1)])
    written = await store.jobs.apply(claimed, replace(claimed, names={"U7": "@Tom"}), None)
    for word, expected in (("tom", [written]), ("cake", [written]), ("u7", [])):
        assert of(await store.finder.find(ME, Wanted(words=(word,)), ALL)) == expected


async def test_erased_words_leave_the_index_in_the_same_write(
    backend: Backend, store: Store
) -> None:
    """The job itself is still found by who asked for it, and where."""
    job = await put(store, replace(a_job(), input={"prompt": "a secret lake", "mode": "pro"}))
    await backend.query("UPDATE jobs SET stage = 'delivered', due_at = NULL")
    erased = await store.retention.erase_texts(
        NOW + 99, 10, now=NOW + 99, without_texts=Catalog.load().without_texts
    )
    assert erased == 1
    assert not await store.finder.find(ME, Wanted(words=("secret",)), ALL)
    assert [one.id for one in of(await store.finder.find(ME, Wanted(), ALL))] == [job.id]
    assert not _indexed(backend, "secret")
    assert await store.finder.is_complete()


def _indexed(backend: Backend, word: str) -> bool:
    """Return whether a word stands anywhere in the index."""
    match backend:
        case SqliteBackend():
            with closing(pysqlite3.connect(backend.path)) as db:
                pages = db.execute("SELECT block FROM job_words_fts_data").fetchall()
                texts = db.execute("SELECT words FROM job_words").fetchall()
            return word in str(texts) or any(word.encode() in page for (page,) in pages)
        case PostgresBackend():
            with psycopg.connect(backend.url) as reader:
                return word in str(reader.execute("SELECT words FROM job_words").fetchall())
        case _:
            raise AssertionError(backend)


async def test_jobs_of_an_earlier_version_are_indexed_the_newest_first(
    backend: Backend, store: Store
) -> None:
    """In small writes, while others insert; one that cannot be read stops no other."""
    jobs = [await put(store, a_job(number)) for number in range(1, 6)]
    assert await store.finder.is_complete()
    await backend.query("UPDATE job_words SET words = NULL WHERE seq < 5")
    await backend.query("UPDATE jobs SET input = '{' WHERE id = 'job2'")
    assert not await store.finder.is_complete()
    cars = Wanted(words=("car",))
    assert of(await store.finder.find(ME, cars, ALL)) == jobs[4:]
    assert await store.finder.index_earlier(2) == 2
    assert of(await store.finder.find(ME, cars, ALL)) == [jobs[4], jobs[3], jobs[2]]
    assert await store.finder.index_earlier(9) == 2
    assert await store.finder.index_earlier(9) == 0
    assert await store.finder.is_complete()
    assert of(await store.finder.find(ME, cars, ALL)) == [jobs[4], jobs[3], jobs[2], jobs[0]]


# A file has one process.
@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
async def test_what_a_version_without_the_index_writes_is_indexed_later(
    backend: Backend, store: Store
) -> None:
    """One may run beside this one; what it erases leaves the index at once."""
    job = await put(store, a_job())
    await backend.query("""
        CREATE TEMPORARY TABLE old AS SELECT * FROM jobs;
        UPDATE old SET seq = 7, id = 'old', dedup_key = 'old';
        INSERT INTO jobs OVERRIDING SYSTEM VALUE SELECT * FROM old
    """)
    assert not await store.finder.is_complete()
    assert await store.finder.index_earlier(9) == 1
    cars = Wanted(words=("car",))
    assert [one.id for one in of(await store.finder.find(ME, cars, ALL))] == ["old", job.id]
    await backend.query("UPDATE jobs SET erased_at = 1 WHERE id = 'old'")
    assert of(await store.finder.find(ME, cars, ALL)) == [job]


async def test_a_result_is_kept_by_the_first_who_keeps_it(store: Store) -> None:
    """And by nobody once somebody has let it go."""
    job = await put(store, a_job())
    assert await store.jobs.keep("none", "U2", NOW) is None
    for by, expected in (("U2", "U2"), ("U3", "U2"), (None, None), (None, None), ("U3", "U3")):
        row = await store.jobs.keep(job.id, by, NOW)
        assert row == replace(job, kept_by=expected)
        kept = of(await store.finder.find(ME, Wanted(kept=True), ALL))
        assert kept == ([row] if expected else [])


async def test_keeping_redraws_the_home_tab_of_the_asker(store: Store) -> None:
    job = await put(store, a_job())
    await store.homes.open("T1", "U1", NOW)
    limits = [ClaimLimit(1, (PUBLISH,))]
    [view] = await store.homes.claim(NOW, 60.0, limits)
    drawn = replace(view, published_at=NOW, due_at=None, lease_until=None)
    assert (await store.homes.apply(view, drawn, None)).due_at is None
    await store.jobs.keep(job.id, "U2", NOW + 10)
    assert await store.homes.claim(NOW + 10, 60.0, limits)


async def test_a_step_that_holds_the_row_meanwhile_keeps_what_is_kept(store: Store) -> None:
    await put(store, a_job())
    [claimed] = await store.jobs.claim(NOW, 60.0, [a_limit(1)])
    await store.jobs.keep("job1", "U2", NOW)
    written = await store.jobs.apply(claimed, replace(claimed, attempts=1), None)
    assert (written.kept_by, written.attempts) == ("U2", 1)


async def test_jobs_that_come_at_once_are_all_found(store: Store, other_store: Store) -> None:
    jobs = [a_job(number) for number in range(1, 21)]
    stores = [store, other_store]
    await asyncio.gather(*(put(stores[n % 2], job) for n, job in enumerate(jobs)))
    found = await other_store.finder.find(ME, Wanted(words=("car",)), ALL)
    assert {one.id for one in of(found)} == {job.id for job in jobs}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A red car, a RED car!", ("a", "red", "car")),
        ("dog's 16:9", ("dog", "s", "16", "9")),
        ("Straße ÀÉ ﬁn", ("strasse", "ae", "fin")),
        ("👩\u200d🚀 ☔️", ("👩", "🚀", "☔")),
        ("हिन्दी", ("हिनदी",)),
        ("日本 2024年", ("日", "本", "2024", "年")),
        ("x" * 50, ("x" * LONGEST_WORD,)),
        ("\ud800\x00\u202e", ()),
    ],
)
def test_the_words_of_a_text(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words
