"""A row that cannot be read is set aside, told and listed; all others go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.money.cost_report import sum_of
from storage.costs import CostFilter
from storage.home import PUBLISH
from storage.job import Event, EventName, Stage
from storage.notification import (
    NOTIFY,
    OPERATORS,
    Level,
    Notification,
    NotificationKind,
    channel_scope,
    team_scope,
)
from storage.store import (
    ClaimLimit,
    Inserted,
    InsertTerms,
    JobFilter,
    Store,
    Unreadable,
    UnreadableRowError,
)
from tests.support.databases import KINDS, Backend
from tests.support.store_samples import ACCEPTED, NOW, a_job, a_limit

LEASE = 60.0
TOLD = ClaimLimit(10, (NotificationKind.UNREADABLE,))

DAMAGES = {
    "not JSON": ("input", "'{\"prompt\": '"),
    "JSON of another shape": ("outputs", "'[7]'"),
    "nested without end": ("names", "'" + "[" * 200_000 + "'"),
    "an unknown stage": ("stage", "'dreaming'"),
    "no number": ("cost_actual", "'much'"),
}
"""Columns, and what stands in them in SQL."""

DAMAGES_OF_A_FILE = {
    "not UTF-8": ("user", "CAST(x'ff00fe' AS TEXT)"),
    "not UTF-8 within JSON": ("input", "CAST(x'7b22ff223a317d' AS TEXT)"),
}
"""What a database that looks at each text does not take."""


class Damaged:
    """A store whose database another hand changes."""

    def __init__(self, backend: Backend, store: Store, found: list[Unreadable]) -> None:
        self.backend = backend
        self.store = store
        self.found = found
        """What was reported."""

    async def change(self, statement: str) -> None:
        """Run a statement on the database."""
        await self.backend.query(statement)

    async def restart(self) -> None:
        """Open the database again."""
        await self.store.close()
        self.store = await self.backend.open(on_unreadable=self.found.append)

    async def told(self) -> list[Notification]:
        """Return the notifications of what cannot be read."""
        return list(await self.store.outbox.claim(NOW + LEASE, LEASE, [TOLD]))

    @property
    def listed(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Return what was reported, without its place in the table."""
        return [(one.table, one.id, one.columns) for one in self.found]


@pytest.fixture
async def damaged(backend: Backend) -> AsyncIterator[Damaged]:
    """A store with an operator and two jobs."""
    found = list[Unreadable]()
    store = await backend.open(on_unreadable=found.append)
    await store.settings.set(team_scope("T1"), OPERATORS, ["U9"])
    for number in (1, 2):
        await store.jobs.insert(replace(a_job(number), user=f"U{number}"), ACCEPTED)
    damaged = Damaged(backend, store, found)
    yield damaged
    await damaged.store.close()


@pytest.mark.parametrize(
    ("backend", "damage"),
    [
        pytest.param(kind, damage, id=f"{kind}, {name}")
        for kind in KINDS
        for name, damage in (DAMAGES | (DAMAGES_OF_A_FILE if kind == "sqlite" else {})).items()
    ],
    indirect=["backend"],
)
async def test_a_job_that_cannot_be_read_is_parked_and_the_next_one_is_claimed(
    damaged: Damaged, damage: tuple[str, str]
) -> None:
    """Reported once, told to the operator without its ID, and never claimed again."""
    column, value = damage
    await damaged.change(f"UPDATE jobs SET {column} = {value} WHERE id = 'job1'")  # noqa: S608 - ours
    due = replace(a_limit(9), steps=(*Stage, "dreaming"))
    claimed = await damaged.store.jobs.claim(NOW, LEASE, [due])
    assert [job.id for job in claimed] == ["job2"]
    assert damaged.listed == [("jobs", "job1", (column,))]
    assert await damaged.store.jobs.claim(NOW + 2 * LEASE, LEASE, [a_limit(9)]) != []
    [told] = await damaged.told()
    assert (told.channel, told.detail, told.job_id) == ("U9", f"jobs: {column}", None)
    assert [one.id for one in await damaged.store.unreadable()] == ["job1"]
    parked = "SELECT stage, due_at, lease_until, parked_from FROM jobs WHERE id = 'job1'"
    [(stage, *due_and_lease, parked_from)] = await damaged.backend.query(parked)
    assert (stage, due_and_lease) == ("parked", [None, None])
    assert parked_from == ("dreaming" if column == "stage" else "accepted")
    assert (await damaged.store.jobs.stage_counts())[Stage.PARKED] == 1
    assert len(damaged.found) == 1


async def test_a_job_that_was_mended_is_resumed_and_listed_no_more(damaged: Damaged) -> None:
    await damaged.change("UPDATE jobs SET names = 'oops' WHERE id = 'job1'")
    await damaged.store.jobs.claim(NOW, LEASE, [a_limit(9)])
    with pytest.raises(UnreadableRowError):
        await damaged.store.jobs.resume("job1", NOW)
    await damaged.restart()
    assert len(await damaged.store.unreadable()) == 1
    await damaged.change("UPDATE jobs SET names = '{}' WHERE id = 'job1'")
    await damaged.restart()
    assert await damaged.store.unreadable() == []
    resumed = await damaged.store.jobs.resume("job1", NOW)
    assert resumed == replace(a_job(1), user="U1", fence=3)


async def test_a_job_that_is_asked_for_and_cannot_be_read_is_told_too(damaged: Damaged) -> None:
    """It is over, so no claim would find it: somebody pressed a button under it."""
    await damaged.change(
        "UPDATE jobs SET stage = 'delivered', due_at = NULL, outputs = '' WHERE seq = 1"
    )
    for _ in range(2):
        with pytest.raises(UnreadableRowError):
            await damaged.store.jobs.get("job1")
        with pytest.raises(UnreadableRowError):
            await damaged.store.jobs.note_press("job1", "job_again", "U1")
    assert damaged.listed == [("jobs", "job1", ("outputs",))]
    assert len(await damaged.told()) == 1


async def test_a_page_leaves_out_what_cannot_be_read(damaged: Damaged) -> None:
    """An ended job keeps its stage; it is found, reported and told when it is read first."""
    await damaged.change(
        "UPDATE jobs SET stage = 'delivered', due_at = NULL, outputs = '' WHERE seq = 1"
    )
    for _ in range(3):
        assert [job.id for job in await damaged.store.jobs.jobs(JobFilter())] == ["job2"]
    assert damaged.listed == [("jobs", "job1", ("outputs",))]
    assert (await damaged.store.jobs.stage_counts())[Stage.DELIVERED] == 1
    assert len(await damaged.told()) == 1


async def test_sums_and_reports_count_an_amount_that_cannot_be_read_as_pending(
    damaged: Damaged,
) -> None:
    await damaged.change(
        "UPDATE jobs SET cost_actual = 'NaN', chargeable_since = 1, outcome = 'odd'"
    )
    await damaged.change("UPDATE jobs SET cost_actual = 'much', stage = 'odd' WHERE seq = 1")
    wanted = CostFilter(first="", until="9999-12-31", team="T1")
    costs = sum_of(await damaged.store.jobs.cost_sums(wanted))
    assert (costs.confirmed.renders, costs.renders) == (0, 2)
    assert sum_of(await damaged.store.jobs.costs(wanted)) == costs
    renders = await damaged.store.jobs.renders("T1", NOW, NOW + 9)
    assert [(render.actual, render.outcome) for render in renders] == [(None, None)] * 2


async def test_an_equal_job_that_cannot_be_read_keeps_nobody_from_asking(damaged: Damaged) -> None:
    await damaged.change("UPDATE jobs SET pressed = 'oops' WHERE seq = 1")
    again = replace(a_job(1), id="again", dedup_key="again", user="U1")
    made = await damaged.store.jobs.insert(again, ACCEPTED, InsertTerms(equal_since=NOW - 9))
    assert made == Inserted(job=again, is_new=True)


@pytest.mark.parametrize("column", ["kind", "uploads"])
async def test_a_notification_that_cannot_be_read_holds_up_none_of_its_channel(
    damaged: Damaged, column: str
) -> None:
    for name in ("one", "two"):
        row = Notification(
            id=name,
            team="T1",
            channel="C1",
            kind=NotificationKind.FAILED,
            happened_at=NOW,
            due_at=NOW,
        )
        await damaged.store.outbox.add(row)
    await damaged.change(f"UPDATE notifications SET {column} = 'x' WHERE id = 'one'")  # noqa: S608 - ours
    limit = [ClaimLimit(9, (NotificationKind.FAILED, "x"))]
    claimed = [
        row.id for _ in range(2) for row in await damaged.store.outbox.claim(NOW, LEASE, limit)
    ]
    assert claimed == ["two"]
    assert damaged.listed == [("notifications", "one", (column,))]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_a_home_tab_that_cannot_be_read_is_made_anew(damaged: Damaged) -> None:
    await damaged.store.homes.open("T1", "U1", NOW)
    await damaged.change("UPDATE home_views SET team = CAST(x'ff' AS TEXT)")
    assert await damaged.store.homes.claim(NOW, LEASE, [ClaimLimit(1, (PUBLISH,))]) == []
    opened = await damaged.store.homes.open("T1", "U1", NOW)
    assert await damaged.store.homes.claim(NOW, LEASE, [ClaimLimit(1, (PUBLISH,))]) == [
        replace(opened, lease_until=NOW + LEASE, fence=1)
    ]


@pytest.mark.parametrize("value", ["'{'", "''", "CAST(x'22ff22' AS TEXT)"])
async def test_a_setting_that_cannot_be_read_counts_as_none(damaged: Damaged, value: str) -> None:
    """Those of other channels are read, and events are told there; it can be set anew."""
    settings, bad, good = (
        damaged.store.settings,
        channel_scope("T1", "C1"),
        channel_scope("T1", "C2"),
    )
    for scope in (bad, good):
        await settings.set(scope, NOTIFY, Level.ALL)
    await damaged.change(f"UPDATE settings SET value = {value} WHERE scope = '{bad}'")  # noqa: S608 - ours
    assert await settings.get(bad, NOTIFY) is None
    assert await settings.within("channel:T1:", NOTIFY) == {good: Level.ALL}
    assert damaged.listed == [("settings", f"{bad} {NOTIFY}", ("value",))]
    [job] = await damaged.store.jobs.claim(NOW, LEASE, [a_limit(1)])
    parked = replace(job, stage=Stage.PARKED, parked_from=job.stage, due_at=None)
    await damaged.store.jobs.apply(job, parked, Event(at=NOW, name=EventName.PARKED))
    limit = [ClaimLimit(9, (NotificationKind.PARKED,))]
    assert [row.channel for row in await damaged.store.outbox.claim(NOW, LEASE, limit)] == ["C2"]
    await settings.set(bad, NOTIFY, Level.FAILURES)
    assert await settings.get(bad, NOTIFY) == Level.FAILURES
    await damaged.restart()
    assert await damaged.store.unreadable() == []


async def test_settings_are_looked_at_when_the_store_is_opened(damaged: Damaged) -> None:
    """Most are read inside a commit, which cannot tell of one."""
    await damaged.store.settings.set(channel_scope("T1", "C1"), NOTIFY, Level.ALL)
    await damaged.change("UPDATE settings SET value = 'x' WHERE name = 'notify'")
    await damaged.restart()
    assert [table for table, *_ in damaged.listed] == ["settings"]
    await damaged.restart()
    assert len(damaged.listed) == 1
