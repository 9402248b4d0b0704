"""Tests of the sums of a cost report, of what its reader may see, and of its rows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.money.cost_csv import rows_of, to_csv
from bot.money.cost_report import (
    DIRECT,
    NO_COSTS,
    NO_PROJECT,
    PRIVATE,
    Costs,
    Dimension,
    Sum,
    costs_by,
    costs_of,
    lines_by,
    seen_by,
    sum_of,
)
from storage.costs import CostGroup
from storage.job import Stage

GROUP = CostGroup(
    team="T1",
    user="U1",
    channel="C1",
    project="launch",
    model="kling-v3",
    day="2027-01-15",
    stage=Stage.DELIVERED,
    reserved=Decimal(2),
    estimate=Decimal(1),
    actual=Decimal("0.1"),
    jobs=3,
)
OPEN = replace(GROUP, actual=None)
SECRET = replace(GROUP, user="U2", channel="C2", project="merger")


def some(amount: str, renders: int = 3) -> Sum:
    return Sum(amount=Decimal(amount), renders=renders)


@pytest.mark.parametrize(
    ("group", "costs"),
    [
        (GROUP, Costs(confirmed=some("0.3"))),
        (OPEN, Costs(unconfirmed=some("6"))),
        (replace(OPEN, stage=Stage.RENDERING), Costs(held=some("6"))),
        (replace(OPEN, stage=Stage.PARKED), Costs(held=some("6"))),
        (replace(OPEN, stage=Stage.REJECTED), NO_COSTS),
        (replace(GROUP, stage=Stage.REJECTED), Costs(confirmed=some("0.3"))),
        (replace(OPEN, reserved=None), Costs(unconfirmed=some("3"))),
        (
            replace(OPEN, reserved=None, estimate=None),
            Costs(unconfirmed=some("0"), unpriced=3),
        ),
        (
            replace(OPEN, reserved=None, estimate=None, stage=Stage.ACCEPTED),
            Costs(held=some("0"), unpriced=3),
        ),
        (replace(GROUP, actual=Decimal(0)), Costs(confirmed=some("0"))),
    ],
)
def test_three_kinds_of_money_are_told_apart(group: CostGroup, costs: Costs) -> None:
    """A price that nobody knows is a number of renders, and not zero."""
    assert costs_of(group) == costs


def test_lines_have_both_periods_and_the_largest_comes_first() -> None:
    """Who spent only before has a line, too; days have no earlier period."""
    small = replace(GROUP, user="U3", actual=Decimal("0.01"))
    lines = lines_by(Dimension.PERSON, [small, GROUP], [SECRET, GROUP])
    assert [line.name for line in lines] == ["U1", "U3", "U2"]
    assert lines[2].now == NO_COSTS
    assert lines[0].before == lines[2].before == costs_of(GROUP)
    later = replace(GROUP, day="2027-01-16", actual=Decimal(9))
    days = lines_by(Dimension.DAY, [later, GROUP], [SECRET])
    assert [line.name for line in days] == ["2027-01-15", "2027-01-16"]


def test_what_is_private_is_in_every_sum_without_its_place() -> None:
    """One's own is seen wherever it was made."""
    own = replace(SECRET, user="U1", channel="D1", project=None)
    groups = [GROUP, SECRET, own]
    seen = seen_by("U1", groups, {"C1"})
    assert sum_of(seen) == sum_of(groups)
    by_place = costs_by(seen, (Dimension.CHANNEL, Dimension.PROJECT))
    assert by_place.keys() == {("C1", "launch"), (PRIVATE, PRIVATE), (DIRECT, NO_PROJECT)}
    assert costs_by(seen, (Dimension.PERSON,)) == costs_by(groups, (Dimension.PERSON,))


def test_a_row_of_what_is_private_has_neither_day_nor_model() -> None:
    by = (Dimension.DAY, Dimension.PERSON, Dimension.CHANNEL, Dimension.MODEL)
    hidden = [replace(SECRET, channel=PRIVATE, day=day) for day in ("2027-01-15", "2027-01-16")]
    public, private = [dict(row) for row in rows_of([GROUP, *hidden], by)][::-1]
    assert (private["day"], private["person"], private["channel"], private["model"]) == (
        "",
        "U2",
        PRIVATE,
        "",
    )
    assert (private["renders"], private["confirmed"]) == ("6", "0.6")
    assert public["day"] == "2027-01-15"


def test_a_csv_has_plain_figures_and_odd_characters() -> None:
    """A lone surrogate, which JSON from outside can carry, does not make it fail."""
    tiny = replace(GROUP, actual=Decimal("1E-20"), jobs=1, project="\ud800")
    text = to_csv(rows_of([tiny], (Dimension.PROJECT,)), (Dimension.PROJECT,)).decode()
    assert '"?","1","0.00000000000000000001"' in text
