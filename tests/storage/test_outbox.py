"""Settings and the outbox, in a real file."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace

import pytest

from storage.job import Delivery, Event, EventName, Json, Outcome, Stage, Upload
from storage.notification import (
    IN_ANY_ORDER,
    NOTIFY,
    OPERATORS,
    WITH_RESULT_FILES,
    Level,
    Notification,
    NotificationKind,
    channel_scope,
    channels_of,
    notification_id,
    team_scope,
)
from storage.store import Added, ClaimLimit, StaleFenceError, Store
from tests.support.databases import Backend
from tests.support.store_samples import ACCEPTED, NOW, a_full_job, a_job, insert

WORDS = ClaimLimit(10, tuple(set(NotificationKind) - IN_ANY_ORDER))
FILES = ClaimLimit(10, (NotificationKind.RESENT,))
ROOMS = (WORDS, FILES)
HELD = Event(at=NOW, name=EventName.HELD, detail="OperatorMustActError: The credit is used up.")


def a_notice(
    about: str = "1",
    channel: str = "C1",
    *,
    due_at: float = NOW,
    kind: NotificationKind = NotificationKind.DIGEST,
) -> Notification:
    """Return a notification that is due."""
    return Notification(
        id=notification_id(kind, channel, about),
        team="T1",
        channel=channel,
        kind=kind,
        happened_at=NOW,
        detail="…",
        due_at=due_at,
    )


@pytest.mark.parametrize("value", ["all", 0, False, ["U1"], {"mode": "pro", "duration": 10}])
async def test_a_setting_is_kept_as_it_was_given(store: Store, value: Json) -> None:
    await store.settings.set("channel:T1:C1", "some", value)
    assert await store.settings.get("channel:T1:C1", "some") == value
    await store.settings.set("channel:T1:C1", "some", None)
    assert await store.settings.get("channel:T1:C1", "some") is None


async def test_settings_of_several_scopes_are_read_at_once(store: Store) -> None:
    await store.settings.set("channel:T1:C1", "some", 1)
    await store.settings.set("channel:T1:C1", "other", [2])
    await store.settings.set("person:T1:U1", "some", {"three": 3})
    await store.settings.set("person:T1:U2", "some", 4)
    await store.settings.set("person:T1:U1", "third", 5)
    found = await store.settings.some(
        ("channel:T1:C1", "person:T1:U1", "team:T1"), ("some", "other")
    )
    assert found == {
        ("channel:T1:C1", "some"): 1,
        ("channel:T1:C1", "other"): [2],
        ("person:T1:U1", "some"): {"three": 3},
    }


async def test_settings_of_one_workspace_are_not_anothers(store: Store) -> None:
    """Also where one ID begins with the other."""
    for team, channel in (("T1", "C1"), ("T1", "C2"), ("T12", "C1"), ("T0", "C1")):
        await store.settings.set(channel_scope(team, channel), "notify", f"{team} {channel}")
        await store.settings.set(channel_scope(team, channel), "digest", "other")
    assert await store.settings.within(channels_of("T1"), "notify") == {
        "channel:T1:C1": "T1 C1",
        "channel:T1:C2": "T1 C2",
    }


async def test_the_same_notice_is_put_in_once(store: Store) -> None:
    """The first one stands, and is found by its ID."""
    assert await store.outbox.add(a_notice())
    assert not await store.outbox.add(replace(a_notice(), detail="again"))
    assert await store.outbox.find(a_notice().id) == a_notice()
    assert await store.outbox.find("notice-none") is None


async def test_notices_about_one_job_are_put_in_within_a_limit(store: Store) -> None:
    """Of one kind and since a time, however many arrive at once; a known one is no further one."""
    for number in (1, 2):
        await store.jobs.insert(a_job(number), ACCEPTED)

    def resent(about: str, job_id: str = "job1") -> Notification:
        return replace(a_notice(about, kind=NotificationKind.RESENT), job_id=job_id)

    def add(about: str, *, since: float = NOW - 1) -> Coroutine[object, object, Added]:
        return store.outbox.add_within(resent(about), most=2, since=since)

    assert await add("1") is Added.NEW
    added = await asyncio.gather(*(add(about) for about in ("2", "3", "4", "1")))
    assert Counter(added) == {Added.NEW: 1, Added.TOO_MANY: 2, Added.KNOWN: 1}
    other = resent("5", job_id="job2")
    assert await store.outbox.add_within(other, most=2, since=NOW - 1) is Added.NEW
    assert await add("6", since=NOW) is Added.NEW


async def test_one_notice_of_a_channel_is_out_at_a_time(store: Store) -> None:
    """The oldest first; the next when that one is done or its lease has run out."""
    for channel, about in (("C1", "1"), ("C1", "2"), ("C2", "1")):
        await store.outbox.add(a_notice(about, channel))
    first, other = await store.outbox.claim(NOW, 60, ROOMS)
    assert (first.channel, other.channel) == ("C1", "C2")
    assert await store.outbox.claim(NOW + 59, 60, ROOMS) == []
    done = replace(first, due_at=None, lease_until=None, delivery=Delivery(ts="1.0"))
    await store.outbox.apply(first, done, None)
    (second,) = await store.outbox.claim(NOW + 59, 60, ROOMS)
    assert (second.channel, second.id) == ("C1", a_notice("2").id)
    again = await store.outbox.claim(NOW + 60, 60, ROOMS)
    assert [(one.channel, one.fence) for one in again] == [("C2", 2)]


async def test_files_and_words_of_a_channel_do_not_wait_for_each_other(store: Store) -> None:
    """One of a channel and a limit is out at a time; files come in any order."""
    for kind in (NotificationKind.FINISHED, NotificationKind.RESENT):
        for about in "12":
            await store.outbox.add(a_notice(about, kind=kind))
    (words,) = await store.outbox.claim(NOW, 60, [WORDS])
    assert words.id == a_notice("1", kind=NotificationKind.FINISHED).id
    assert await store.outbox.claim(NOW, 60, [WORDS]) == []
    files = await store.outbox.claim(NOW, 60, ROOMS)
    assert [row.id for row in files] == [
        a_notice(about, kind=NotificationKind.RESENT).id for about in "12"
    ]
    assert await store.outbox.claim(NOW, 60, ROOMS) == []
    await store.outbox.apply(words, replace(words, due_at=None, lease_until=None), None)
    (second,) = await store.outbox.claim(NOW, 60, ROOMS)
    assert second.id == a_notice("2", kind=NotificationKind.FINISHED).id


async def test_kinds_of_one_room_wait_for_each_other(store: Store) -> None:
    """What happened first in a channel is told first, whatever kind it is of."""
    kinds = NotificationKind.PARKED, NotificationKind.FINISHED
    for kind in kinds:
        await store.outbox.add(a_notice(kind=kind))
    for kind in kinds:
        (claimed,) = await store.outbox.claim(NOW, 60, ROOMS)
        assert claimed.kind is kind
        assert claimed.step is kind
        await store.outbox.apply(claimed, replace(claimed, due_at=None), None)


async def test_a_claim_takes_no_more_than_there_is_room_for(store: Store) -> None:
    """Within each limit by itself."""
    for channel in ("C1", "C2", "C3"):
        await store.outbox.add(a_notice("1", channel))
        await store.outbox.add(a_notice("1", channel, kind=NotificationKind.RESENT))
    limits = replace(WORDS, rows=2), replace(FILES, rows=1)
    claimed = await store.outbox.claim(NOW, 60, limits)
    assert [(one.channel, one.kind) for one in claimed] == [
        ("C1", NotificationKind.DIGEST),
        ("C1", NotificationKind.RESENT),
        ("C2", NotificationKind.DIGEST),
    ]
    for limit in (0, -1):
        assert await store.outbox.claim(NOW, 60, [replace(FILES, rows=limit)]) == []


async def test_the_longest_due_notice_comes_first(store: Store) -> None:
    """A moment of 0 is a moment; of those due at the same one, the older row comes first."""
    due = {"C1": NOW - 1, "C2": NOW, "C3": 0.0, "C4": NOW - 1}
    for channel, at in due.items():
        await store.outbox.add(a_notice("1", channel, due_at=at))
    claimed = [one.channel for one in await store.outbox.claim(NOW, 60, ROOMS)]
    assert claimed == ["C3", "C1", "C4", "C2"]


async def test_what_waits_holds_back_what_came_after_it(store: Store) -> None:
    """So a channel reads things in their order."""
    await store.outbox.add(a_notice("1", due_at=NOW + 30))
    await store.outbox.add(a_notice("2"))
    assert await store.outbox.claim(NOW, 60, ROOMS) == []
    (first,) = await store.outbox.claim(NOW + 30, 60, ROOMS)
    assert first.id == a_notice("1").id


async def test_a_stale_holder_writes_nothing(store: Store) -> None:
    await store.outbox.add(a_notice())
    (old,) = await store.outbox.claim(NOW, 60, ROOMS)
    (new,) = await store.outbox.claim(NOW + 61, 60, ROOMS)
    with pytest.raises(StaleFenceError):
        await store.outbox.apply(old, replace(old, delivery=Delivery(ts="1.0")), None)
    chart = Delivery(link_only=True, uploads=(Upload(file_id="F1"),))
    kept = await store.outbox.apply(new, replace(new, attempts=3, delivery=chart), None)
    assert (kept.attempts, kept.delivery) == (3, chart)
    assert await store.outbox.find(new.id) == kept
    with pytest.raises(ValueError, match="fence"):
        await store.outbox.apply(new, replace(new, fence=9), None)


async def test_a_notice_has_no_timeline(store: Store) -> None:
    """A caller that hands an event over has a fault."""
    await store.outbox.add(a_notice())
    (claimed,) = await store.outbox.claim(NOW, 60, ROOMS)
    with pytest.raises(ValueError, match="timeline"):
        await store.outbox.apply(claimed, claimed, ACCEPTED)


async def test_a_lease_is_renewed_only_while_it_is_held(store: Store) -> None:
    """An upload may take minutes; a heartbeat that comes late holds nothing."""
    await store.outbox.add(a_notice("1", "C1"))
    await store.outbox.add(a_notice("1", "C2"))
    held, done = await store.outbox.claim(NOW, 60, ROOMS)
    await store.outbox.apply(done, replace(done, due_at=None, lease_until=None), None)
    assert await store.outbox.renew([held, done], NOW + 120) == {held.id}
    assert await store.outbox.claim(NOW + 119, 60, ROOMS) == []
    (again,) = await store.outbox.claim(NOW + 120, 60, ROOMS)
    assert again.id == held.id
    assert await store.outbox.renew([held], NOW + 500) == frozenset()


async def test_a_new_owner_frees_what_a_dead_one_had_claimed(backend: Backend) -> None:
    store = await backend.open()
    await store.outbox.add(a_notice())
    assert await store.outbox.claim(NOW, 60, ROOMS)
    await store.close()
    store = await backend.open()
    assert len(await store.outbox.claim(NOW, 60, ROOMS)) == 1
    await store.close()


async def test_what_happens_is_put_in_for_each_subscribed_channel_of_the_workspace(
    store: Store,
) -> None:
    """In the commit of the event, due at once; other workspaces and settings do not count."""
    await store.settings.set(channel_scope("T1", "C1"), NOTIFY, Level.ALL)
    await store.settings.set(channel_scope("T1", "C2"), NOTIFY, Level.FAILURES)
    await store.settings.set(channel_scope("T1", "C3"), "digest", Level.ALL)
    await store.settings.set(channel_scope("T12", "C4"), NOTIFY, Level.ALL)
    parked = replace(ACCEPTED, name=EventName.PARKED, detail="!")
    job = await insert(store, a_job(), parked)
    claimed = await store.outbox.claim(NOW, 60, ROOMS)
    assert [(one.channel, one.kind, one.job_id, one.detail) for one in claimed] == [
        (channel, NotificationKind.PARKED, job.id, "!") for channel in ("C1", "C2")
    ]


async def test_a_claim_that_was_lost_puts_nothing_in(store: Store) -> None:
    """What was not written did not happen."""
    await store.settings.set(channel_scope("T1", "C1"), NOTIFY, Level.ALL)
    job = await insert(store, replace(a_job(), stage=Stage.FINISHED))
    delivered = replace(job, stage=Stage.DELIVERED, outcome=Outcome.SUCCEEDED)
    event = Event(at=NOW, name=EventName.DELIVERED)
    await store.jobs.apply(job, delivered, event)
    with pytest.raises(StaleFenceError):
        await store.jobs.apply(job, delivered, replace(event, at=NOW + 1))
    (notice,) = await store.outbox.claim(NOW + 9, 60, ROOMS)
    assert notice.kind is NotificationKind.FINISHED


@pytest.mark.parametrize(
    ("operators", "told"), [(["U8", "U9"], ["U8", "U9"]), ([], []), ("U8", []), (None, [])]
)
async def test_operators_are_told_where_no_channel_is_subscribed(
    store: Store, operators: Json, told: list[str]
) -> None:
    """A setting of another form names nobody."""
    await store.settings.set(team_scope("T1"), OPERATORS, operators)
    await store.jobs.insert(a_job(), HELD)
    assert [one.channel for one in await store.outbox.claim(NOW, 60, ROOMS)] == told


async def test_the_same_need_of_an_operator_is_put_in_once_an_hour(store: Store) -> None:
    """Every waiting job meets it; what another workspace was told does not count."""
    for team in ("T1", "T2"):
        await store.settings.set(channel_scope(team, "C1"), NOTIFY, Level.ALL)
    await store.jobs.insert(replace(a_job(9), team="T2"), HELD)
    ends = []
    for number, seconds in enumerate((0, 600, 3599, 3600, 3601)):
        at = NOW + seconds
        await store.jobs.insert(a_job(number), replace(HELD, at=at))
        # The next of a channel is given out once the one before is done.
        for claimed in await store.outbox.claim(at, 1, ROOMS):
            ends.append((claimed.team, claimed.job_id))
            done = replace(claimed, due_at=None, lease_until=None)
            await store.outbox.apply(claimed, done, None)
    assert ends == [("T2", "job9"), ("T1", "job0"), ("T1", "job3")]


async def test_text_that_utf_8_lacks_does_not_make_a_notice_impossible(store: Store) -> None:
    await store.settings.set(channel_scope("T1", "C1"), NOTIFY, Level.ALL)
    parked = Event(at=NOW, name=EventName.PARKED, detail="odd \ud83d word")
    await store.jobs.insert(a_job(), parked)
    (notice,) = await store.outbox.claim(NOW, 60, ROOMS)
    assert notice.detail == "odd ? word"


async def test_a_need_whose_words_utf_8_lacks_is_put_in_once_an_hour_too(
    store: Store,
) -> None:
    """What was put in before is read with `?` in their place."""
    await store.settings.set(channel_scope("T1", "C1"), NOTIFY, Level.ALL)
    odd = replace(HELD, detail="odd \ud83d word")
    for number in range(2):
        await store.jobs.insert(a_job(number), odd)
    (first,) = await store.outbox.claim(NOW, 60, ROOMS)
    await store.outbox.apply(first, replace(first, due_at=None, lease_until=None), None)
    assert await store.outbox.claim(NOW, 60, ROOMS) == []


@pytest.mark.parametrize("kind", sorted(WITH_RESULT_FILES))
async def test_a_job_is_found_by_each_message_that_has_its_files(
    store: Store, kind: NotificationKind
) -> None:
    """A reply to it names that message alone, where it came directly."""
    await store.jobs.insert(a_full_job(), ACCEPTED)
    resent = a_notice(kind=kind, channel="C1")
    there, direct = Delivery(ts="7.1"), Delivery(ts="7.2", channel="D1")
    for number, delivery in enumerate((there, direct)):
        row = replace(resent, id=f"resent{number}", job_id="full", delivery=delivery)
        await store.outbox.add(row)
    places = [("C1", "7.1"), ("D1", "7.2"), ("C1", "7.2"), ("D1", "7.1")]
    found = [await store.jobs.find_by_message("T1", channel, ts) for channel, ts in places]
    assert [one and one.id for one in found] == ["full", "full", None, None]


async def test_a_job_is_found_by_the_id_of_its_resent_delivery(store: Store) -> None:
    """That ID stands in the delivery's message and behind its buttons."""
    await store.jobs.insert(a_full_job(), ACCEPTED)
    resent = replace(a_notice(kind=NotificationKind.RESENT), id="abc123", job_id="full")
    await store.outbox.add(resent)
    found = await store.jobs.get("abc123")
    assert found is not None
    assert found == await store.jobs.get("full")
    assert await store.jobs.get("abc124") is None


async def test_no_other_notice_names_a_job(store: Store) -> None:
    await store.jobs.insert(a_full_job(), ACCEPTED)
    for kind in sorted(set(NotificationKind) - {NotificationKind.RESENT}):
        notice = replace(a_notice(kind=kind), id=f"notice {kind}", job_id="full")
        await store.outbox.add(notice)
        assert await store.jobs.get(notice.id) is None, kind


async def test_an_id_of_a_job_means_that_job_before_any_delivery(store: Store) -> None:
    await store.jobs.insert(a_job(1), ACCEPTED)
    await store.jobs.insert(a_job(2), ACCEPTED)
    resent = replace(a_notice(kind=NotificationKind.RESENT), id="job1", job_id="job2")
    await store.outbox.add(resent)
    assert await store.jobs.get("job1") == a_job(1)


async def test_renders_are_those_of_the_time_and_a_resend_is_none(store: Store) -> None:
    for number in range(4):
        await store.jobs.insert(a_job(number), ACCEPTED)
    resent = replace(a_notice(kind=NotificationKind.RESENT), happened_at=NOW + 1, job_id="job1")
    await store.outbox.add(resent)
    found = await store.jobs.renders("T1", NOW + 1, NOW + 3)
    assert [one.created_at for one in found] == [NOW + 1, NOW + 2]
    assert await store.jobs.renders("T2", NOW, NOW + 9) == []
