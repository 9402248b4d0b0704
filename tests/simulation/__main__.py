"""The simulation on the command line: one seed with its trace, or many with their sums."""

from __future__ import annotations

import sys
import time

import click

from tests.simulation.report import Summary, run_parallel, silence
from tests.simulation.runner import simulate


@click.command()
@click.option("--seed", type=int, help="Replay one seed.")
@click.option("--trace", is_flag=True, help="Tell everything that happens in it.")
@click.option("--seeds", "wanted", metavar="A:B", help="Run the seeds from A up to B.")
@click.option("--jobs", default=2, show_default=True, help="Processes.")
@click.option("--late-posts", is_flag=True, help="Let posts arrive long after they were given up.")
def main(seed: int | None, wanted: str | None, jobs: int, *, trace: bool, late_posts: bool) -> None:
    """Show that no promise breaks, whatever fails."""
    began = time.monotonic()
    summary = Summary()
    if seed is not None:
        with silence():
            report = simulate(seed, trace=trace, late_posts=late_posts)
        click.echo("".join(f"{line}\n" for line in report.trace), nl=False)
        summary.add(report)
    else:
        first, _, last = (wanted or "0:2000").partition(":")
        summary = run_parallel(range(int(first), int(last)), jobs, late_posts=late_posts)
    for line in summary.lines():
        click.echo(line)
    click.echo(f"{time.monotonic() - began:.1f} s")
    sys.exit(1 if summary.failed else 0)


main()
