"""What people save under a name, on every kind of store."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from storage.job import Json
from storage.notification import (
    Notification,
    NotificationKind,
    channel_scope,
    person_scope,
    team_scope,
)
from storage.saved import MOST_SAVED, Editor, Saved, SavedKey, SavedKind, Written
from storage.store import Store
from tests.support.databases import Backend
from tests.support.store_samples import NOW

HERE = channel_scope("T1", "C1")
MAKER = Editor(user="U1", is_admin=False)
OTHER = Editor(user="U2", is_admin=False)
ADMIN = Editor(user="U3", is_admin=True)
VALUE: Mapping[str, Json] = {
    "words": "black and white, {prompt} ☔ \x00",
    "options": {"mode": "pro", "duration": 5},
}


def key(name: str = "noir", scope: str = HERE) -> SavedKey:
    """Return the key of a style."""
    return SavedKey(kind=SavedKind.STYLE, scope=scope, name=name)


async def styles(store: Store, *scopes: str) -> list[Saved]:
    """Return the styles of these scopes."""
    return await store.saved.within({SavedKind.STYLE}, scopes or (HERE,))


async def test_what_is_saved_is_read_as_it_was_given(store: Store) -> None:
    """By its scopes, ordered by name; a scope whose name begins alike is another."""
    assert await styles(store) == []
    assert await store.saved.save(key(), VALUE, MAKER, NOW) is Written.NEW
    [saved] = await styles(store)
    assert saved == Saved(key=key(), made_by="U1", made_at=NOW, changed_at=NOW, value=VALUE)
    mine = person_scope("T1", "U1")
    await store.saved.save(key("a", mine), {}, MAKER, NOW)
    await store.saved.save(key(scope=team_scope("T1")), {}, MAKER, NOW)
    await store.saved.save(key("b", channel_scope("T1", "C10")), {}, MAKER, NOW)
    found = await styles(store, mine, HERE, team_scope("T1"))
    assert [(one.key.name, one.key.scope) for one in found] == [
        ("a", mine),
        ("noir", HERE),
        ("noir", team_scope("T1")),
    ]


async def test_its_maker_or_an_admin_changes_it(store: Store) -> None:
    """An admin who does is not its maker then."""
    await store.saved.save(key(), {"words": "one"}, MAKER, NOW)
    assert await store.saved.save(key(), {"words": "two"}, OTHER, NOW + 1) is Written.NOT_YOURS
    assert await store.saved.rename(key(), "night", OTHER, NOW + 1) is Written.NOT_YOURS
    assert await store.saved.delete(key(), OTHER) is Written.NOT_YOURS
    [saved] = await styles(store)
    assert (saved.value, saved.changed_at) == ({"words": "one"}, NOW)
    assert await store.saved.save(key(), {"words": "two"}, MAKER, NOW + 2) is Written.CHANGED
    assert await store.saved.save(key(), {"words": "three"}, ADMIN, NOW + 3) is Written.CHANGED
    [saved] = await styles(store)
    assert (saved.made_by, saved.made_at, saved.changed_at) == ("U1", NOW, NOW + 3)
    assert saved.value == {"words": "three"}
    assert await store.saved.delete(key(), ADMIN) is Written.CHANGED
    assert await store.saved.delete(key(), MAKER) is Written.MISSING
    assert await styles(store) == []


async def test_a_name_is_taken_once_in_a_scope(store: Store) -> None:
    await store.saved.save(key(), VALUE, MAKER, NOW)
    await store.saved.save(key("night"), {}, OTHER, NOW)
    await store.saved.save(key("dawn", team_scope("T1")), {}, OTHER, NOW)
    assert await store.saved.rename(key(), "night", MAKER, NOW + 1) is Written.TAKEN
    assert await store.saved.rename(key("none"), "day", MAKER, NOW + 1) is Written.MISSING
    assert await store.saved.rename(key(), "noir", MAKER, NOW + 1) is Written.CHANGED
    assert await store.saved.rename(key(), "dawn", MAKER, NOW + 2) is Written.CHANGED
    found = {one.key.name: one for one in await styles(store)}
    assert found.keys() == {"dawn", "night"}
    assert found["dawn"].value == VALUE
    assert (found["dawn"].made_at, found["dawn"].changed_at) == (NOW, NOW + 2)


async def test_a_scope_holds_so_many(store: Store) -> None:
    """One that is there can be changed all the same, and another scope has room."""
    for number in range(MOST_SAVED):
        await store.saved.save(key(f"s{number}"), {}, MAKER, NOW)
    assert await store.saved.save(key("more"), {}, MAKER, NOW) is Written.TOO_MANY
    assert await store.saved.save(key("s1"), VALUE, MAKER, NOW + 1) is Written.CHANGED
    elsewhere = key("more", team_scope("T1"))
    assert await store.saved.save(elsewhere, {}, MAKER, NOW) is Written.NEW
    assert await store.saved.delete(key("s2"), MAKER) is Written.CHANGED
    assert await store.saved.save(key("more"), {}, MAKER, NOW) is Written.NEW
    assert len(await styles(store)) == MOST_SAVED


async def test_of_two_who_save_one_name_at_once_one_is_refused(
    store: Store, other_store: Store
) -> None:
    """And of two who save the last one for which there is room."""
    for number in range(MOST_SAVED - 2):
        await store.saved.save(key(f"s{number}"), {}, MAKER, NOW)
    both = await asyncio.gather(
        store.saved.save(key(), {"words": "U1"}, MAKER, NOW),
        other_store.saved.save(key(), {"words": "U2"}, OTHER, NOW),
    )
    assert Counter(both) == {Written.NEW: 1, Written.NOT_YOURS: 1}
    [noir] = [one for one in await styles(store) if one.key.name == "noir"]
    assert noir.value == {"words": noir.made_by}
    both = await asyncio.gather(
        store.saved.save(key("x"), {}, MAKER, NOW), other_store.saved.save(key("y"), {}, OTHER, NOW)
    )
    assert Counter(both) == {Written.NEW: 1, Written.TOO_MANY: 1}


async def test_two_who_give_one_name_at_once_do_not_both(store: Store, other_store: Store) -> None:
    await store.saved.save(key("x"), {}, MAKER, NOW)
    await store.saved.save(key("y"), {}, OTHER, NOW)
    both = await asyncio.gather(
        store.saved.rename(key("x"), "noir", MAKER, NOW),
        other_store.saved.rename(key("y"), "noir", OTHER, NOW),
    )
    assert Counter(both) == {Written.CHANGED: 1, Written.TAKEN: 1}


async def test_a_value_is_replaced_where_it_is_the_same(store: Store) -> None:
    """Whatever its name is then; of another kind, scope or value nothing is."""
    coming: Mapping[str, Json] = {"file": None, "copying": "n1 ☔"}
    for one in (cast_key(), key(), cast_key(scope=team_scope("T1"))):
        await store.saved.save(one, coming, MAKER, NOW)
    await store.saved.save(cast_key("hero"), {"file": None, "copying": "n2"}, MAKER, NOW)
    await store.saved.rename(cast_key(), "mascot", MAKER, NOW + 1)
    ready: Mapping[str, Json] = {"file": "F1", "copying": ""}
    assert await store.saved.replace_value(SavedKind.CAST, HERE, coming, ready)
    assert not await store.saved.replace_value(SavedKind.CAST, HERE, coming, ready)
    both = {SavedKind.CAST, SavedKind.STYLE}
    found = await store.saved.within(both, {HERE, team_scope("T1")})
    assert {(one.key.kind, one.key.name, one.key.scope): one.value for one in found} == {
        ("cast", "mascot", HERE): ready,
        ("cast", "hero", HERE): {"file": None, "copying": "n2"},
        ("style", "noir", HERE): coming,
        ("cast", "noir", team_scope("T1")): coming,
    }
    assert await store.saved.replace_value(SavedKind.CAST, HERE, ready, None)
    assert [one.key.name for one in await store.saved.within({SavedKind.CAST}, {HERE})] == ["hero"]


def cast_key(name: str = "noir", scope: str = HERE) -> SavedKey:
    """Return the key of a member of the cast."""
    return SavedKey(kind=SavedKind.CAST, scope=scope, name=name)


async def test_what_is_told_is_written_in_the_same_commit(store: Store) -> None:
    """Once: a save whose notification is there was made before, and changes nothing."""
    told = Notification(
        id="n1",
        team="T1",
        channel="C1",
        kind=NotificationKind.CAST_MEMBER,
        happened_at=NOW,
        due_at=NOW,
    )
    assert await store.saved.save(cast_key(), {"file": "1"}, MAKER, NOW, told=told) is Written.NEW
    assert await store.outbox.find("n1") is not None
    again = await store.saved.save(cast_key(), {"file": "2"}, MAKER, NOW, told=told)
    assert again is Written.CHANGED
    [saved] = await store.saved.within({SavedKind.CAST}, {HERE})
    assert saved.value == {"file": "1"}
    other = replace(told, id="n2")
    refused = await store.saved.save(cast_key(), {"file": "3"}, OTHER, NOW, told=other)
    assert refused is Written.NOT_YOURS
    assert await store.outbox.find("n2") is None


@pytest.mark.parametrize("text", ["x", "[1]", '"x"', "[" * 100_000])
async def test_one_that_cannot_be_read_is_left_out_and_listed(
    backend: Backend, store: Store, text: str
) -> None:
    """Until it is saved anew."""
    await store.saved.save(key("other"), VALUE, MAKER, NOW)
    await store.saved.save(key(), VALUE, MAKER, NOW)
    await backend.query(f"UPDATE saved SET value = '{text}' WHERE name = 'noir'")  # noqa: S608 - ours
    assert [one.key.name for one in await styles(store)] == ["other"]
    assert [(one.table, one.id) for one in await store.unreadable()] == [
        ("saved", f"style {HERE} noir")
    ]
    await store.close()
    again = await backend.open()
    try:
        assert len(await again.unreadable()) == 1
        await again.saved.save(key(), VALUE, MAKER, NOW)
        await again.close()
        again = await backend.open()
        assert await again.unreadable() == []
    finally:
        await again.close()
