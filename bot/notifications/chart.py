"""Draw a small bar chart of the last days, as a PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence

from bot.money.costs import Day

# In inches and dots per inch: 1,200 by 480 pixels, sharp on a phone and small in a channel.
SIZE = (6.0, 2.4)
DOTS_PER_INCH = 200
# Okabe and Ito's blue and vermilion, which people with any colour vision tell apart.
# https://jfly.uni-koeln.de/color/
SUCCEEDED = "#0072b2"
FAILED = "#d55e00"


def draw(days: Sequence[Day]) -> bytes:
    """Return the chart of some days, the oldest on the left.

    Occupies the processor for tenths of a second: run it in a thread.
    """
    # The import takes half a second and 40 MB, which a process without digests should not pay.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - see above
    from matplotlib.figure import Figure  # noqa: PLC0415 - see above
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - see above

    # Without pyplot, whose figures are global state that threads would share.
    # https://matplotlib.org/stable/users/faq.html#work-with-threads
    figure = Figure(figsize=SIZE, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    positions = range(len(days))
    succeeded = [day.succeeded for day in days]
    failed = [day.failed for day in days]
    axes.bar(positions, succeeded, color=SUCCEEDED, label="finished")
    axes.bar(positions, failed, bottom=succeeded, color=FAILED, hatch="//", label="failed")
    axes.set_xticks(list(positions), [f"{day.date:%a}\n{day.date.day}" for day in days])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    # An empty fortnight would otherwise have an axis around zero.
    axes.set_ylim(bottom=0, top=max(1, *(day.succeeded + day.failed for day in days)) * 1.05)
    axes.tick_params(axis="both", length=0, labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_title("Videos a day", loc="left", fontsize=10, fontweight="bold")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=8, frameon=False)
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()
