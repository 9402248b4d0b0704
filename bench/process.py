"""Memory and processor time of a running bot by the kernel, and its own metrics."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

_CLEAR_PEAK = "5"
"""https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html"""

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory in bytes: now, and its peak since the last `clear_peak`."""

    now: int
    peak: int


def resident_memory(pid: int) -> Memory:
    """Return the resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    kib = {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("Vm")}
    return Memory(now=kib["VmRSS:"] * 1024, peak=kib["VmHWM:"] * 1024)


def clear_peak(pid: int) -> None:
    """Reset the peak to the present resident memory."""
    Path(f"/proc/{pid}/clear_refs").write_text(_CLEAR_PEAK, encoding="ascii")


def processor_seconds(pid: int) -> float:
    """Return the user and system time that all threads of a process have used."""
    # The name in brackets may contain spaces and brackets, so fields count from its end.
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family_seconds(pid: int) -> float:
    """Return the processor time of a process and of its children that live."""
    used = processor_seconds(pid)
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        # One of a database's may have ended since it was listed.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            used += processor_seconds(int(child))
    return used


async def read_metrics(port: int) -> dict[tuple[str, ...], float]:
    """Return the samples of `/metrics`, by name and sorted values of labels."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        families = text_string_to_metric_families(await answer.text())
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }
