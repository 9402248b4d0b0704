"""What the kernel and the bot itself tell about a running bot."""

from __future__ import annotations

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
    """Resident memory in bytes: now, and the most since the peak was last cleared."""

    now: int
    peak: int


def memory(pid: int) -> Memory:
    """Return what a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    kib = {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("Vm")}
    return Memory(now=kib["VmRSS:"] * 1024, peak=kib["VmHWM:"] * 1024)


def clear_peak(pid: int) -> None:
    """Let the peak be counted anew."""
    Path(f"/proc/{pid}/clear_refs").write_text(_CLEAR_PEAK, encoding="ascii")


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has taken, of all its threads."""
    # The name in brackets may hold anything, so count from its end.
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def samples(port: int) -> dict[tuple[str, ...], float]:
    """Return what `/metrics` says, by name and sorted labels."""
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
