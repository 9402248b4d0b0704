"""Draws bar charts, as PNG: videos a day for digests, costs by day and by model for reports.

Drawing occupies the processor for tenths of a second: run it in a thread.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bot.money.cost_report import NO_COSTS, Costs
from bot.money.costs import Day

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

# In inches and dots per inch: 1,200 by 480 pixels, sharp on a phone and small in a channel.
SIZE = (6.0, 2.4)
# Two charts, one above the other.
WITH_COSTS_SIZE = (6.0, 4.4)
# Two charts side by side, and a legend.
COSTS_SIZE = (8.0, 3.2)
DOTS_PER_INCH = 200
# Okabe and Ito's colours, which people with any colour vision tell apart.
# https://jfly.uni-koeln.de/color/
SUCCEEDED = "#0072b2"
FAILED = "#d55e00"
HELD = "#56b4e9"
UNCONFIRMED = "#e69f00"
SPENT = "#009e73"

# More dates than these would overlap.
_MOST_DATES = 10
# Of fewer, each bar would be as wide as a wall.
_FEWEST_DAYS = 7
_FEWEST_MODELS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBars:
    """The costs that a chart shows; both may be empty."""

    days: Sequence[tuple[date, Costs]]
    """The oldest first."""
    models: Sequence[tuple[str, Costs]]
    """Titles, the largest first."""


def draw(days: Sequence[Day]) -> bytes:
    """Return the chart of some days, the oldest on the left: their videos, and costs if any."""
    if not any(day.spent for day in days):
        figure = _figure(SIZE)
        _draw_videos(figure.add_subplot(), days)
        return _png(figure)
    figure = _figure(WITH_COSTS_SIZE)
    videos, costs = figure.subplots(2, 1)
    _draw_videos(videos, days)
    # Lengths of bars in pixels need no exact decimals.
    costs.bar(range(len(days)), [float(day.spent) for day in days], color=SPENT)
    _label_days(costs, days)
    costs.yaxis.set_major_locator(_ticks())
    costs.grid(axis="y", color="#dddddd", linewidth=0.6)
    _style(costs, "Costs a day")
    return _png(figure)


def _draw_videos(axes: Axes, days: Sequence[Day]) -> None:
    positions = range(len(days))
    succeeded = [day.succeeded for day in days]
    failed = [day.failed for day in days]
    axes.bar(positions, succeeded, color=SUCCEEDED, label="finished")
    axes.bar(positions, failed, bottom=succeeded, color=FAILED, hatch="//", label="failed")
    _label_days(axes, days)
    axes.yaxis.set_major_locator(_ticks(is_integer=True))
    # An empty fortnight would otherwise have an axis around zero.
    axes.set_ylim(bottom=0, top=max(1, *(day.succeeded + day.failed for day in days)) * 1.05)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    _style(axes, "Videos a day")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=8, frameon=False)


def _label_days(axes: Axes, days: Sequence[Day]) -> None:
    axes.set_xticks(range(len(days)), [f"{day.date:%a}\n{day.date.day}" for day in days])


def draw_costs(bars: CostBars, unit: str | None) -> bytes:
    """Return the chart of what renders cost: bars for each day, and for each model beside them."""
    figure = _figure(COSTS_SIZE)
    by_day, by_model = figure.subplots(1, 2, width_ratios=(5, 3))
    places = range(len(bars.days))
    below = [0.0] * len(bars.days)
    for label, color, hatch, part in _parts([costs for _, costs in bars.days]):
        by_day.bar(places, part, bottom=below, color=color, hatch=hatch, label=label)
        below = [one + other for one, other in zip(below, part, strict=True)]
    step = max(1, -(-len(bars.days) // _MOST_DATES))
    shown = list(places)[::step]
    names = [f"{bars.days[place][0].day}\n{bars.days[place][0]:%b}" for place in shown]
    by_day.set_xticks(shown, names)
    by_day.set_xlim(-0.6, max(len(bars.days), _FEWEST_DAYS) - 0.4)
    by_day.yaxis.set_major_locator(_ticks())
    by_day.set_ylim(bottom=0, top=max([*below, 0.0]) * 1.05 or 1.0)
    by_day.grid(axis="y", color="#dddddd", linewidth=0.6)
    _style(by_day, f"By day, in {unit}" if unit else "By day")

    models = list(reversed(bars.models)) or [("no video", NO_COSTS)]
    left = [0.0] * len(models)
    for label, color, hatch, part in _parts([costs for _, costs in models]):
        by_model.barh(range(len(models)), part, left=left, color=color, hatch=hatch, label=label)
        left = [one + other for one, other in zip(left, part, strict=True)]
    by_model.set_yticks(range(len(models)), [title for title, _ in models], parse_math=False)
    by_model.xaxis.set_major_locator(_ticks())
    by_model.set_ylim(min(len(models) - _FEWEST_MODELS, 0) - 0.6, len(models) - 0.4)
    by_model.set_xlim(left=0, right=max(left) * 1.05 or 1.0)
    by_model.grid(axis="x", color="#dddddd", linewidth=0.6)
    _style(by_model, "By model")
    handles, labels = by_day.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return _png(figure)


def _parts(costs: Sequence[Costs]) -> list[tuple[str, str, str, list[float]]]:
    """Return label, colour, hatch and lengths of the three kinds of money."""
    # Lengths of bars in pixels need no exact decimals.
    return [
        ("confirmed", SUCCEEDED, "", [float(one.confirmed.amount) for one in costs]),
        ("held", HELD, "..", [float(one.held.amount) for one in costs]),
        ("unconfirmed", UNCONFIRMED, "//", [float(one.unconfirmed.amount) for one in costs]),
    ]


def _figure(size: tuple[float, float]) -> Figure:
    # The import takes half a second and 40 MB, which a process without charts should not pay.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - see above
    from matplotlib.figure import Figure  # noqa: PLC0415 - see above

    # Without pyplot, whose figures are global state that threads would share.
    # https://matplotlib.org/stable/users/faq.html#work-with-threads
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _ticks(*, is_integer: bool = False) -> MaxNLocator:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as in `_figure`

    return MaxNLocator(nbins=4, integer=is_integer)


def _style(axes: Axes, title: str) -> None:
    axes.tick_params(axis="both", length=0, labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_axisbelow(True)
    # An operator's unit may be `$`, which begins a formula otherwise.
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", parse_math=False)


def _png(figure: Figure) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()
