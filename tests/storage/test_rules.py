"""Tests that the rules of budgets are those that apply now, whoever set them."""

from __future__ import annotations

from decimal import Decimal

from storage.budget import Cap, Raise, Scope, ScopeKind, Stop, Window
from storage.notification import OPERATORS, team_scope
from storage.store import Store
from tests.support.databases import Backend
from tests.support.store_samples import NOW

TEAM = "T1"
ADMIN = "U9"
ALL = Scope(kind=ScopeKind.WORKSPACE, team=TEAM)


def cap(limit: int) -> Cap:
    """Return a cap of the workspace's days."""
    return Cap(scope=ALL, window=Window.DAY, limit=Decimal(limit))


async def limits(store: Store) -> list[Decimal]:
    """Return the limits of all caps."""
    return [one.limit for one in (await store.budgets.rules(TEAM, NOW)).caps]


async def test_rules_of_another_process_apply_at_once(store: Store, backend: Backend) -> None:
    """So do the first cap, its change and its removal."""
    other = await backend.open(owner=False)
    for limit in (5, 7):
        await other.budgets.set_cap(cap(limit), ADMIN, NOW)
        assert await limits(store) == [limit]
    await other.budgets.remove_cap(ALL, Window.DAY, ADMIN, NOW)
    assert await limits(store) == []
    await other.close()


async def test_a_stop_applies_at_once(store: Store) -> None:
    """And its end."""
    assert (await store.budgets.rules(TEAM, NOW)).stops == ()
    stop = Stop(scope=ALL, by=ADMIN, because="launch", at=NOW)
    await store.budgets.stop(stop)
    assert (await store.budgets.rules(TEAM, NOW)).stops == (stop,)
    await store.budgets.go_on(ALL, ADMIN, NOW)
    assert (await store.budgets.rules(TEAM, NOW)).stops == ()


async def test_raises_end_and_apply_again_if_the_clock_goes_back(store: Store) -> None:
    """A raise that had ended when the rules were read is found by an earlier clock."""
    await store.budgets.set_cap(cap(5), ADMIN, NOW)
    one = Raise(scope=ALL, amount=Decimal(3), until=NOW + 10, by=ADMIN, because="launch", at=NOW)
    await store.budgets.add_raise(one)
    for now, raises in ((NOW + 20, ()), (NOW + 5, (one,)), (NOW + 10, ()), (NOW, (one,))):
        assert (await store.budgets.rules(TEAM, now)).raises == raises


async def test_admins_are_those_of_now(store: Store) -> None:
    """Who is an admin is no decision about money, and has no entry in the audit."""
    await store.budgets.set_cap(cap(5), ADMIN, NOW)
    for admins in (["U1"], ["U2", "U3"]):
        await store.settings.set(team_scope(TEAM), OPERATORS, admins)
        assert (await store.budgets.rules(TEAM, NOW)).admins == tuple(admins)
