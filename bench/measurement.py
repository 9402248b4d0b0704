"""A measurement, the table of all of them, and the file that they are written to."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel
from tabulate import tabulate

DOCS = Path(__file__).parents[1] / "docs"
RESULTS = DOCS / "measured.md"
DATA = DOCS / "plots" / "data"
"""Where each benchmark leaves what a plot shows; `bench.plots` draws it."""
COMMAND = "make bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One line of the table. `met` is whether the goal was reached, `None` without one."""

    label: str
    value: str
    goal: str = ""
    met: bool | None = None


def quantile(sorted_values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the sorted values lie."""
    return sorted_values[round(share * (len(sorted_values) - 1))]


def table(measurements: Sequence[Measurement], style: str) -> str:
    """Return the measurements as a table; `style` is one of tabulate's."""
    rows = [(one.label, one.value, one.goal, _verdict(one)) for one in measurements]
    return tabulate(rows, headers=("what", "figure", "goal", ""), tablefmt=style)


def load_average() -> str:
    """Return the machine's load of the last minute; call it before the first measurement."""
    return f"{os.getloadavg()[0]:.1f}"


def write_results(measurements: Sequence[Measurement], load: str) -> None:
    """Write the measurements to `RESULTS`; `load` is the load average before the run."""
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        f"# Measured\n\n`{COMMAND}` writes this file. Taken on {_today()}, {_machine()};\n"
        f"load average before the run: {load}.\n\n"
        f"{table(measurements, 'github')}\n\n{_NOTES}",
        encoding="utf-8",
    )


def write_data(name: str, data: BaseModel) -> None:
    """Write what a plot shows, with the day and the machine that it was measured on."""
    DATA.mkdir(parents=True, exist_ok=True)
    taken = {"taken": _today(), "machine": _machine(), "data": data.model_dump(mode="json")}
    (DATA / f"{name}.json").write_text(json.dumps(taken, indent=1) + "\n", encoding="utf-8")


def _verdict(measurement: Measurement) -> str:
    match measurement.met:
        case True:
            return "met"
        case False:
            return "missed"
        case None:
            return ""


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


def _machine() -> str:
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"


_NOTES = """\
How each is taken:

- **Acknowledgement.** The bot is a process of its own, with its real store; Slack and MindVideo are
  simulated in a second process; a third sends signed commands of 300 people, open loop: the moments
  of sending are fixed in advance, and a latency counts from the fixed moment. An acknowledgement
  that is not "ok", or whose row is missing from the file afterwards, fails the run. While it lasts
  the bot announces and submits jobs as well, at the pace that leaves room for people. Five trials,
  each with a bot and a file of its own: the median of the trials' figures, and in brackets the
  least and the most. Processor time is the server's, for each command.
- **Empty Bolt app.** The same requests to Bolt with the same signature check and a listener that
  only acknowledges, in turn with the bot's trials: the floor that Slack's own library sets on this
  machine at that time.
- **With 10,000 jobs due.** The same at fewer commands, from the start of a bot whose file holds
  so many renders that were due an hour ago: their polls go on beside the commands.
- **Disk.** What one `fdatasync` of 4 KiB takes in the folder of the store: a commit waits for it.
- **Poll.** Processor time of the whole process, all its threads and ticks included, while renders
  go on and nothing else happens, divided by the polls that `/metrics` counted.
- **Memory.** The kernel's own high-water mark of the process (`VmHWM`, reset before), against what
  the process held after a first, small job.
"""
