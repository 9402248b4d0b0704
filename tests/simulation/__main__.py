"""The simulation on the command line: one seed with its trace, many seeds, or a broken bot."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import click

from tests.simulation.report import (
    CATCH_BOUND,
    Summary,
    catch_all,
    quiet,
    run_parallel,
    run_shared_parallel,
)
from tests.simulation.runner import simulate
from tests.simulation.shared import simulate_shared
from tests.support.postgres import running_server


@click.command()
@click.option("--seed", type=int, help="Replay one seed.")
@click.option("--trace", is_flag=True, help="Tell everything that happens in it.")
@click.option("--seeds", default="0:2000", show_default=True, metavar="A:B", help="From A up to B.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
@click.option("--mutants", is_flag=True, help="Break the bot on purpose, and see it noticed.")
@click.option("--postgres", is_flag=True, help="Let several processes share a PostgreSQL.")
@click.option("--late-posts", is_flag=True, help="Let posts arrive after they were looked for.")
def main(
    *,
    seed: int | None,
    trace: bool,
    seeds: str,
    jobs: int,
    mutants: bool,
    postgres: bool,
    late_posts: bool,
) -> None:
    """Show that no promise breaks, whatever fails."""
    began = time.monotonic()
    if mutants:
        failed = _tell_mutants(jobs)
    elif seed is not None:
        failed = _tell_seed(seed, trace=trace, late_posts=late_posts, postgres=postgres)
    else:
        first, _, last = seeds.partition(":")
        wanted = range(int(first), int(last))
        failed = _tell(
            run_shared_parallel(wanted, jobs)
            if postgres
            else run_parallel(wanted, jobs, late_posts=late_posts)
        )
    click.echo(f"{time.monotonic() - began:.0f} s")
    sys.exit(1 if failed else 0)


def _tell_seed(seed: int, *, trace: bool, late_posts: bool, postgres: bool) -> bool:
    with quiet():
        if postgres:
            with running_server() as server:
                report = simulate_shared(seed, server, trace=trace)
        else:
            report = simulate(seed, trace=trace, late_posts=late_posts)
    for line in report.trace:
        click.echo(line)
    summary = Summary(shared=postgres)
    summary.add(report)
    return _tell(summary)


def _tell(summary: Summary) -> bool:
    for line in summary.lines():
        click.echo(line)
    return bool(summary.failed)


def _tell_mutants(jobs: int) -> bool:
    failed = False
    for line, caught in _mutant_lines(jobs):
        click.echo(line)
        failed |= not caught
    return failed


def _mutant_lines(jobs: int) -> Iterator[tuple[str, bool]]:
    yield "| the bot … | promise that breaks | seed |", True
    yield "| --- | --- | --- |", True
    for name, found in catch_all(jobs):
        if found is None:
            yield f"| {name} | none below seed {CATCH_BOUND} | – |", False
        else:
            yield f"| {name} | {found.invariant} | {found.seed} |", True


if __name__ == "__main__":
    main()
