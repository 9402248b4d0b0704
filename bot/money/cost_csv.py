"""Writes costs as rows, for spreadsheets and for programs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bot.money.cost_report import PRIVATE, Costs, Dimension, costs_by
from bot.money.csv_text import csv_text
from storage.costs import CostGroup

AMOUNTS = (
    "renders",
    "confirmed",
    "confirmed_renders",
    "held",
    "held_renders",
    "unconfirmed",
    "unconfirmed_renders",
    "without_a_known_price",
)
"""The columns behind those of the dimensions."""

Row = tuple[tuple[str, str], ...]
"""Column and text of each cell. Amounts are exact decimals, never in exponents."""


def rows_of(
    groups: Iterable[CostGroup],
    by: Sequence[Dimension],
    name_of: Callable[[Dimension, str], str] = lambda _, key: key,
) -> list[Row]:
    """Return a row for each combination of the names in these dimensions, in their order.

    Of what is private to others there is one row for each person, without its day and model.
    """
    found: dict[tuple[str, ...], Costs] = {}
    for key, costs in costs_by(groups, by).items():
        shown = _without_detail(key, by)
        found[shown] = found[shown] + costs if shown in found else costs
    return [
        (
            *((one.value, name_of(one, name)) for one, name in zip(by, key, strict=True)),
            *_amounts(found[key]),
        )
        for key in sorted(found)
    ]


def to_csv(rows: Sequence[Row], by: Sequence[Dimension]) -> bytes:
    """Return rows as CSV: UTF-8 with a byte order mark, and no cell that a spreadsheet runs."""
    header = [*(one.value for one in by), *AMOUNTS]
    written = csv_text(header, [[text for _, text in row] for row in rows])
    return written.encode(errors="replace")


def _without_detail(key: tuple[str, ...], by: Sequence[Dimension]) -> tuple[str, ...]:
    if PRIVATE not in key:
        return key
    return tuple(
        "" if one in {Dimension.DAY, Dimension.MODEL} else name
        for one, name in zip(by, key, strict=True)
    )


def _amounts(costs: Costs) -> Row:
    cells = (
        str(costs.renders),
        f"{costs.confirmed.amount:f}",
        str(costs.confirmed.renders),
        f"{costs.held.amount:f}",
        str(costs.held.renders),
        f"{costs.unconfirmed.amount:f}",
        str(costs.unconfirmed.renders),
        str(costs.unpriced),
    )
    return tuple(zip(AMOUNTS, cells, strict=True))
