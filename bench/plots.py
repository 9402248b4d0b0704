"""Draws what the benchmarks measured into `docs/plots`, as SVG: `python -m bench.plots`.

A file is the same bytes wherever it is drawn from the same data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from pydantic import BaseModel

from bench.acknowledge import AcknowledgeData
from bench.growth import TITLES, GrowthData
from bench.measurement import DATA
from bench.pauses import PausesData, PausesOfSpread

PLOTS = DATA.parent
# As bright as the text of the style.
INK = "#77818c"
BLUE, ORANGE, GREEN, PURPLE = "#2f81d0", "#d9691a", "#1a9a6c", "#b0609a"
WIDTH = 7.6
"""In inches of 72 points, as GitHub shows them without scaling."""
LABEL_SPACING = 0.052
"""The least distance between two labels at the end of lines, as a share of the height."""

STYLE = Path(__file__).with_suffix(".mplstyle")

Data = TypeVar("Data", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class _Label:
    text: str
    height: float
    color: str


def draw_all() -> list[Path]:
    """Draw a plot for each file of data that is there; return what was written."""
    written = []
    for store, title in TITLES.items():
        growth = _read(f"growth-{store}", GrowthData)
        if growth is not None:
            written.append(_save(f"growth-{store}", draw_growth(title, growth)))
    pauses = _read("pauses", PausesData)
    if pauses is not None:
        written.append(_save("pauses", draw_pauses(pauses)))
    acknowledged = _read("acknowledge", AcknowledgeData)
    if acknowledged is not None:
        written.append(_save("acknowledge", draw_acknowledge(acknowledged)))
    return written


def draw_growth(title: str, data: GrowthData) -> Figure:
    """Draw the time of each call against the finished jobs of the store."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(data.jobs))
        ends = []
        for number, (name, seconds) in enumerate(data.seconds.items()):
            color = (BLUE, ORANGE, GREEN, PURPLE)[number % 4]
            milliseconds = [one * 1e3 for one in seconds]
            axes.plot(places, milliseconds, color=color, marker="o", markersize=3.5, linewidth=1.4)
            ends.append(_Label(name, milliseconds[-1], color))
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_ylabel("median of a call, ms")
        axes.set_xticks(places, [f"{count:,}" for count in data.jobs])
        axes.set_xlabel("finished jobs in the store")
        axes.set_xlim(-0.15, len(data.jobs) - 0.95)
        axes.set_title(f"{title}: calls beside finished jobs")
        _label_ends(axes, ends)
        return figure


def _label_ends(axes: Axes, labels: Sequence[_Label]) -> None:
    """Write a label at the right of each line, as far apart as they have to be."""
    to_share = axes.transData + axes.transAxes.inverted()
    placed: list[tuple[float, _Label]] = []
    for label in sorted(labels, key=lambda one: one.height):
        share = float(to_share.transform((0, label.height))[1])
        lowest = placed[-1][0] + LABEL_SPACING if placed else 0.0
        placed.append((max(share, lowest), label))
    above = max(0.0, placed[-1][0] - 1.0)
    for share, label in placed:
        axes.text(
            1.01,
            share - above * share / placed[-1][0],
            label.text,
            color=label.color,
            fontsize=8,
            transform=axes.transAxes,
            verticalalignment="center",
        )


def draw_pauses(data: PausesData) -> Figure:
    """Draw the delay after the end of a render against its polls."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
        panels = figure.subplots(1, len(data.spreads), sharey=True, squeeze=False)[0]
        for axes, spread in zip(panels, data.spreads, strict=True):
            _draw_spread(axes, spread)
        panels[0].set_ylabel("delay after the end, s")
        panels[0].set_ylim(bottom=0)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        return figure


def _draw_spread(axes: Axes, spread: PausesOfSpread) -> None:
    axes.plot(
        [one.polls for one in spread.least],
        [one.delay for one in spread.least],
        color=INK,
        linestyle="--",
        linewidth=1.2,
        label="the least possible",
    )
    axes.scatter(
        [spread.fixed.polls],
        [spread.fixed.delay],
        color=ORANGE,
        marker="s",
        s=30,
        label="fixed pauses of 10 s",
    )
    axes.scatter(
        [one.polls for one in spread.ours.values()],
        [one.delay for one in spread.ours.values()],
        color=BLUE,
        s=30,
        label="the bot, by how many past renders it knows",
    )
    # The others lie so close that their numbers would overlap.
    for past, above in ((min(spread.ours), 9), (max(spread.ours), -9)):
        axes.annotate(
            str(past),
            (spread.ours[past].polls, spread.ours[past].delay),
            color=BLUE,
            fontsize=8,
            xytext=(0, above),
            textcoords="offset points",
            horizontalalignment="center",
            verticalalignment="center",
        )
    axes.set_xlabel("polls a render")
    axes.set_title(f"spread {spread.spread}")


def draw_acknowledge(data: AcknowledgeData) -> Figure:
    """Draw how long an acknowledgement takes at most for a share of the commands."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(data.percents))
        for (name, seconds), color in zip(data.seconds.items(), (BLUE, ORANGE), strict=False):
            axes.plot(
                places,
                [one * 1e3 for one in seconds],
                color=color,
                marker="o",
                markersize=3.5,
                linewidth=1.4,
                label=name,
            )
        axes.set_xticks(places, [f"{percent:g}" for percent in data.percents])
        axes.set_xlabel("percentile of the commands")
        axes.set_ylabel("acknowledged within, ms")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_title(f"Acknowledgements at {data.rate} commands a second")
        axes.legend(loc="upper left")
        return figure


def _read(name: str, shape: type[Data]) -> Data | None:
    path = DATA / f"{name}.json"
    if not path.exists():
        return None
    return shape.model_validate(json.loads(path.read_text(encoding="utf-8"))["data"])


def _save(name: str, figure: Figure) -> Path:
    path = PLOTS / f"{name}.svg"
    FigureCanvasSVG(figure)
    with mpl.rc_context(fname=STYLE):
        # Neither the day nor the program that drew it.
        figure.savefig(
            path, transparent=True, metadata={"Date": None, "Creator": None, "Type": None}
        )
    return path


if __name__ == "__main__":
    for one in draw_all():
        print(one.name)  # noqa: T201 - its purpose
