"""Settings and the outbox, in a real file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.job import Event, Json
from storage.notification import Notice, NoticeKind, channel_scope, channels_of, notice_id
from storage.sqlite.store import SqliteStore
from storage.store import StaleFenceError
from tests.store_samples import ACCEPTED, NOW, a_job


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An empty store."""
    opened = await SqliteStore.open(str(tmp_path / "jobs.db"))
    yield opened
    await opened.close()


def a_notice(about: str = "1", channel: str = "C1", *, due_at: float = NOW) -> Notice:
    """Return a notice that is due."""
    return Notice(
        id=notice_id(NoticeKind.DIGEST, channel, about),
        team="T1",
        channel=channel,
        kind=NoticeKind.DIGEST,
        happened_at=NOW,
        detail="…",
        due_at=due_at,
    )


@pytest.mark.parametrize("value", ["all", 0, False, ["U1"], {"mode": "pro", "duration": 10}])
async def test_a_setting_is_kept_as_it_was_given(store: SqliteStore, value: Json) -> None:
    await store.set("channel:T1:C1", "some", value)
    assert await store.setting("channel:T1:C1", "some") == value
    await store.set("channel:T1:C1", "some", None)
    assert await store.setting("channel:T1:C1", "some") is None


async def test_settings_of_one_workspace_are_not_anothers(store: SqliteStore) -> None:
    """Also where one ID begins with the other."""
    for team, channel in (("T1", "C1"), ("T1", "C2"), ("T12", "C1"), ("T0", "C1")):
        await store.set(channel_scope(team, channel), "notify", f"{team} {channel}")
        await store.set(channel_scope(team, channel), "digest", "other")
    assert await store.settings(channels_of("T1"), "notify") == {
        "channel:T1:C1": "T1 C1",
        "channel:T1:C2": "T1 C2",
    }


async def test_the_same_notice_is_put_in_once(store: SqliteStore) -> None:
    assert await store.add_notice(a_notice())
    assert not await store.add_notice(replace(a_notice(), detail="again"))


async def test_one_notice_of_a_channel_is_out_at_a_time(store: SqliteStore) -> None:
    """The oldest first; the next when that one is done or its lease has run out."""
    for channel, about in (("C1", "1"), ("C1", "2"), ("C2", "1")):
        await store.add_notice(a_notice(about, channel))
    first, other = await store.claim_notices(NOW, 60, 10)
    assert (first.channel, other.channel) == ("C1", "C2")
    assert await store.claim_notices(NOW + 59, 60, 10) == []
    done = replace(first, due_at=None, lease_until=None, posted_ts="1.0")
    await store.apply_notice(first, done)
    (second,) = await store.claim_notices(NOW + 59, 60, 10)
    assert (second.channel, second.id) == ("C1", a_notice("2").id)
    again = await store.claim_notices(NOW + 60, 60, 10)
    assert [(one.channel, one.fence) for one in again] == [("C2", 2)]


async def test_the_longest_due_notice_comes_first(store: SqliteStore) -> None:
    """A moment of 0 is a moment; of those due at the same one, the older row comes first."""
    due = {"C1": NOW - 1, "C2": NOW, "C3": 0.0, "C4": NOW - 1}
    for channel, at in due.items():
        await store.add_notice(a_notice("1", channel, due_at=at))
    claimed = [one.channel for one in await store.claim_notices(NOW, 60, 10)]
    assert claimed == ["C3", "C1", "C4", "C2"]


async def test_what_waits_holds_back_what_came_after_it(store: SqliteStore) -> None:
    """So a channel reads things in their order."""
    await store.add_notice(a_notice("1", due_at=NOW + 30))
    await store.add_notice(a_notice("2"))
    assert await store.claim_notices(NOW, 60, 10) == []
    (first,) = await store.claim_notices(NOW + 30, 60, 10)
    assert first.id == a_notice("1").id


async def test_a_stale_holder_writes_nothing(store: SqliteStore) -> None:
    await store.add_notice(a_notice())
    (old,) = await store.claim_notices(NOW, 60, 1)
    (new,) = await store.claim_notices(NOW + 61, 60, 1)
    with pytest.raises(StaleFenceError):
        await store.apply_notice(old, replace(old, posted_ts="1.0"))
    kept = await store.apply_notice(new, replace(new, attempts=3, plain=True, file_id="F1"))
    assert (kept.attempts, kept.plain, kept.file_id, kept.posted_ts) == (3, True, "F1", None)
    with pytest.raises(ValueError, match="fence"):
        await store.apply_notice(new, replace(new, fence=9))


async def test_a_new_owner_frees_what_a_dead_one_had_claimed(tmp_path: Path) -> None:
    path = str(tmp_path / "jobs.db")
    store = await SqliteStore.open(path)
    await store.add_notice(a_notice())
    assert await store.claim_notices(NOW, 60, 1)
    await store.close()
    store = await SqliteStore.open(path)
    assert len(await store.claim_notices(NOW, 60, 1)) == 1
    await store.close()


async def test_changes_tell_whose_jobs_moved(store: SqliteStore) -> None:
    """From a line on, or only which line is the newest."""
    start = await store.changes(None)
    assert (start.seq, start.users) == (0, frozenset())
    job, _ = await store.insert(a_job(), ACCEPTED)
    changed = await store.changes(start.seq)
    assert changed.users == {job.user}
    assert (await store.changes(changed.seq)) == replace(changed, users=frozenset())
    await store.apply(job, job, Event(at=NOW, name="state"))
    assert (await store.changes(changed.seq)).seq == changed.seq + 1
    assert (await store.changes(None)).seq == changed.seq + 1


async def test_renders_are_those_of_the_time_without_repeated_deliveries(
    store: SqliteStore,
) -> None:
    for number in range(4):
        job = replace(a_job(number), surface="resend" if number == 2 else "command")
        await store.insert(job, ACCEPTED)
    found = await store.renders("T1", NOW + 1, NOW + 3)
    assert [one.created_at for one in found] == [NOW + 1]
    assert await store.renders("T2", NOW, NOW + 9) == []
