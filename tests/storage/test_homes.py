"""The queue of Home tabs: who is to see a new drawing, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.home import OPEN_SECONDS, PUBLISH, REDRAW_SECONDS, HomeView, home_id
from storage.job import Event, EventName, Stage
from storage.store import ClaimLimit, StaleFenceError, Store
from tests.support.databases import Backend
from tests.support.store_samples import ACCEPTED, NOW, a_job, insert

LEASE = 60.0
LIMIT = ClaimLimit(10, (PUBLISH,))


async def _claim(store: Store, now: float) -> list[HomeView]:
    return list(await store.homes.claim(now, LEASE, [LIMIT]))


async def _draw(store: Store, now: float) -> HomeView:
    """Draw the one tab that is due, as its step does."""
    [claimed] = await _claim(store, now)
    drawn = replace(claimed, published_at=now, due_at=None, lease_until=None)
    return await store.homes.apply(claimed, drawn, None)


async def test_a_tab_that_is_opened_is_due_at_once(store: Store) -> None:
    opened = await store.homes.open("T1", "U1", NOW)
    assert opened == HomeView(
        id=home_id("T1", "U1"),
        team="T1",
        user="U1",
        opened_at=NOW,
        changed_at=NOW,
        due_at=NOW,
    )
    assert await _claim(store, NOW) == [replace(opened, lease_until=NOW + LEASE, fence=1)]
    assert await _claim(store, NOW) == []


async def test_a_tab_that_was_drawn_is_not_due_until_something_happens(store: Store) -> None:
    await store.homes.open("T1", "U1", NOW)
    drawn = await _draw(store, NOW)
    assert (drawn.due_at, drawn.published_at) == (None, NOW)
    assert await _claim(store, NOW + OPEN_SECONDS) == []


async def test_a_tab_that_is_opened_again_is_due_after_the_pause(store: Store) -> None:
    """At once, if it was not drawn for a while. What was known of it stays."""
    await store.homes.open("T1", "U1", NOW)
    drawn = await _draw(store, NOW)
    again = await store.homes.open("T1", "U1", NOW + 1)
    assert again == replace(drawn, opened_at=NOW + 1, due_at=NOW + REDRAW_SECONDS)
    assert await _claim(store, NOW + 1) == []
    assert await _claim(store, NOW + REDRAW_SECONDS)
    late = await store.homes.open("T1", "U1", NOW + 99)
    assert late.due_at == NOW + 99


async def test_opening_it_again_does_not_shorten_the_pause_after_a_failure(store: Store) -> None:
    """Slack said when to come back; nobody who opens the tab five times changes that."""
    await store.homes.open("T1", "U1", NOW)
    [claimed] = await _claim(store, NOW)
    failed = replace(claimed, attempts=1, due_at=NOW + 30, lease_until=None)
    await store.homes.apply(claimed, failed, None)
    again = await store.homes.open("T1", "U1", NOW + 9)
    assert again.due_at == NOW + 30
    assert (await store.homes.open("T1", "U1", NOW + 40)).due_at == NOW + 40


async def test_opening_twice_is_one_row(store: Store) -> None:
    """Slack may tell of it twice."""
    first = await store.homes.open("T1", "U1", NOW)
    assert await store.homes.open("T1", "U1", NOW) == first
    assert len(await _claim(store, NOW)) == 1


async def test_an_event_of_a_persons_job_makes_their_open_tab_due(store: Store) -> None:
    """At once, if it was not drawn for a while."""
    job = await insert(store, a_job())
    await store.homes.open("T1", "U1", NOW)
    await _draw(store, NOW)
    await store.jobs.apply(
        job,
        replace(job, stage=Stage.ANNOUNCED),
        Event(at=NOW + 60, name=EventName.ANNOUNCED),
    )
    assert await _claim(store, NOW + 59.9) == []
    [due] = await _claim(store, NOW + 60)
    assert (due.due_at, due.changed_at) == (NOW + 60, NOW + 60)


async def test_a_new_job_makes_its_askers_open_tab_due(store: Store) -> None:
    await store.homes.open("T1", "U1", NOW)
    await _draw(store, NOW)
    await store.jobs.insert(a_job(), replace(ACCEPTED, at=NOW + 60))
    [due] = await _claim(store, NOW + 60)
    assert due.user == "U1"


async def test_a_tab_is_drawn_again_three_seconds_after_it_was_drawn_at_the_earliest(
    store: Store,
) -> None:
    """However much happens: Slack takes only so many views a minute."""
    await store.homes.open("T1", "U1", NOW)
    await _draw(store, NOW)
    for number, after in enumerate((0.5, 1.0, 2.9)):
        await store.jobs.insert(a_job(number), replace(ACCEPTED, at=NOW + after))
    assert REDRAW_SECONDS == 3
    assert await _claim(store, NOW + 2.999) == []
    [due] = await _claim(store, NOW + 3)
    assert (due.due_at, due.changed_at) == (NOW + 3, NOW + 2.9)


async def test_what_happens_does_not_postpone_a_tab_that_is_due(store: Store) -> None:
    """A busy minute must not keep it from being drawn."""
    await store.homes.open("T1", "U1", NOW)
    await store.jobs.insert(a_job(), replace(ACCEPTED, at=NOW + 60))
    [due] = await _claim(store, NOW)
    assert (due.due_at, due.changed_at) == (NOW, NOW + 60)


async def test_a_tab_that_was_opened_over_an_hour_ago_is_left_alone(store: Store) -> None:
    """Slack does not tell when somebody leaves it; the next look draws it anew."""
    await store.homes.open("T1", "U1", NOW)
    drawn = await _draw(store, NOW)
    assert OPEN_SECONDS == 3600
    await store.jobs.insert(a_job(1), replace(ACCEPTED, at=NOW + 3600))
    assert await _claim(store, NOW + 9999) == []
    reopened = await store.homes.open("T1", "U1", NOW + 9999)
    assert reopened == replace(drawn, opened_at=NOW + 9999, due_at=NOW + 9999)


async def test_a_tab_that_was_opened_less_than_an_hour_ago_is_open(store: Store) -> None:
    await store.homes.open("T1", "U1", NOW)
    await _draw(store, NOW)
    await store.jobs.insert(a_job(1), replace(ACCEPTED, at=NOW + 3599))
    assert len(await _claim(store, NOW + 3599)) == 1


async def test_other_peoples_tabs_and_a_tab_nobody_opened_are_left_alone(store: Store) -> None:
    """Neither another person of the workspace nor a person of that ID in another one."""
    for team, user in (("T1", "U2"), ("T2", "U1")):
        await store.homes.open(team, user, NOW)
        await _draw(store, NOW)
    await store.jobs.insert(a_job(), replace(ACCEPTED, at=NOW + 60))
    assert await _claim(store, NOW + 99) == []


async def test_what_happens_while_a_tab_is_drawn_makes_it_due_again(store: Store) -> None:
    """After the pause, and in the commit with which its holder releases it."""
    await store.homes.open("T1", "U1", NOW)
    [claimed] = await _claim(store, NOW)
    await store.jobs.insert(a_job(), replace(ACCEPTED, at=NOW + 1))
    drawn = replace(claimed, published_at=NOW, due_at=None, lease_until=None)
    written = await store.homes.apply(claimed, drawn, None)
    assert written.signals != claimed.signals
    assert (written.changed_at, written.due_at) == (NOW + 1, NOW + 3)
    assert [tab.due_at for tab in await _claim(store, NOW + 3)] == [NOW + 3]
    assert written.due_again(NOW + 9) == NOW + 9


async def test_opening_a_tab_while_it_is_drawn_is_a_signal_too(store: Store) -> None:
    await store.homes.open("T1", "U1", NOW)
    [claimed] = await _claim(store, NOW)
    opened = await store.homes.open("T1", "U1", NOW + 1)
    assert opened.signals != claimed.signals
    assert (opened.fence, opened.lease_until) == (claimed.fence, claimed.lease_until)


async def test_the_longest_due_tab_comes_first_as_far_as_there_is_room(store: Store) -> None:
    for user, after in (("U1", 2.0), ("U2", 1.0), ("U3", 2.0), ("U4", 9.0)):
        await store.homes.open("T1", user, NOW + after)
    assert await store.homes.claim(NOW + 5, LEASE, [replace(LIMIT, rows=0)]) == []
    assert await store.homes.claim(NOW + 5, LEASE, [replace(LIMIT, rows=-1)]) == []
    first = await store.homes.claim(NOW + 5, LEASE, [replace(LIMIT, rows=2)])
    assert [view.user for view in first] == ["U2", "U1"]
    assert all(view.step == PUBLISH for view in first)
    assert [view.user for view in await _claim(store, NOW + 5)] == ["U3"]


async def test_a_stale_holder_writes_nothing(store: Store) -> None:
    await store.homes.open("T1", "U1", NOW)
    [old] = await _claim(store, NOW)
    [new] = await _claim(store, NOW + LEASE)
    with pytest.raises(StaleFenceError):
        await store.homes.apply(old, replace(old, published_at=NOW), None)
    assert await store.homes.renew([old, new], NOW + 3 * LEASE) == {new.id}
    assert await _claim(store, NOW + 2 * LEASE) == []
    with pytest.raises(ValueError, match="timeline"):
        await store.homes.apply(new, new, ACCEPTED)


async def test_a_new_owner_frees_what_a_dead_one_had_claimed(backend: Backend) -> None:
    store = await backend.open()
    await store.homes.open("T1", "U1", NOW)
    assert await _claim(store, NOW)
    await store.close()
    store = await backend.open()
    assert len(await _claim(store, NOW)) == 1
    await store.close()
