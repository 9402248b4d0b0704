"""What renders cost: exact sums of what MindVideo has named, and a count of what it has not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from storage.costs import Spend, spend_of, total_of
from storage.job import Job, Stage
from storage.store import Store
from tests.support.store_samples import ACCEPTED, NOW, a_job


def _sent(number: int, cost: str | None = None) -> Job:
    actual = None if cost is None else Decimal(cost)
    return replace(a_job(number), chargeable_since=NOW, cost_actual=actual)


async def _insert(store: Store, *jobs: Job) -> None:
    for job in jobs:
        await store.jobs.insert(job, ACCEPTED)


PENDING = Spend(pending=1)
NOTHING = Spend()


@pytest.mark.parametrize(
    ("stage", "was_sent", "actual", "spend"),
    [
        (Stage.ANNOUNCED, False, None, NOTHING),
        (Stage.PARKED, False, None, NOTHING),
        (Stage.REJECTED, False, None, NOTHING),
        (Stage.DELIVERED, False, "5", NOTHING),
        (Stage.ANNOUNCED, True, None, PENDING),
        (Stage.RENDERING, True, None, PENDING),
        (Stage.PARKED, True, None, PENDING),
        (Stage.DELIVERED, True, None, PENDING),
        (Stage.REJECTED, True, None, NOTHING),
        (Stage.REJECTED, True, "0.1", Spend(total=Decimal("0.1"), priced=1)),
        (Stage.DELIVERED, True, "2.50", Spend(total=Decimal("2.50"), priced=1)),
        (Stage.DELIVERED, True, "0", Spend(priced=1)),
    ],
)
def test_one_rule_says_what_a_render_costs(
    stage: Stage, actual: str | None, spend: Spend, *, was_sent: bool
) -> None:
    """An amount counts if something was sent; without one, a render that was sent is pending."""
    amount = None if actual is None else Decimal(actual)
    assert spend_of(stage, was_sent=was_sent, actual=amount) == spend


def test_spends_add_up_part_by_part() -> None:
    """The sum of none is nothing."""
    one = Spend(total=Decimal("0.1"), priced=1, pending=2)
    assert one + Spend(total=Decimal("0.2"), priced=3) == Spend(
        total=Decimal("0.3"), priced=4, pending=2
    )
    assert one + NOTHING == one
    assert total_of([]) == NOTHING


async def test_a_digest_sums_what_was_sent_and_has_an_amount(store: Store) -> None:
    """Exactly: amounts are decimal, and a tenth three times is not 0.30000000000000004."""
    await _insert(
        store,
        a_job(1),
        _sent(2),
        _sent(3, "0.10"),
        _sent(4, "0.1"),
        replace(_sent(5), stage=Stage.REJECTED),
        replace(_sent(6, "7"), stage=Stage.REJECTED),
        replace(a_job(7), cost_actual=Decimal(5)),
        replace(_sent(8), stage=Stage.PARKED),
        _sent(9, "0.1"),
        _sent(10, "1E-20"),
    )
    renders = await store.jobs.renders("T1", NOW, NOW + 100)
    assert total_of(renders) == Spend(total=Decimal("7.30000000000000000001"), priced=5, pending=2)


async def test_a_digest_is_about_one_workspace_and_a_time(store: Store) -> None:
    """`since` is in the range and `until` is not."""
    await _insert(
        store,
        _sent(1, "1"),
        replace(_sent(4, "1000"), team="T2"),
        replace(_sent(5, "10000"), created_at=NOW + 100),
        replace(_sent(6, "100000"), created_at=NOW - 1),
        replace(_sent(7, "1000000"), created_at=NOW),
    )
    assert total_of(await store.jobs.renders("T1", NOW, NOW + 100)).total == 1000001
