"""Faults in what is planned for later, and in what is repeated."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_RUN = "tests/scenarios/test_planned.py"
_STORED = "tests/storage/test_planned.py"
_BUDGETS = "tests/listeners/test_budgets.py"
_TIMES = "tests/options/test_times.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="gives the next job of a repeat a key by chance",
        file="bot/jobs/planned.py",
        old='    return f"repeat:{repeat.id}:{starts_at:.0f}"\n',
        new="    return f\"repeat:{repeat.id}:{__import__('secrets').token_hex()}\"\n",
        tests=(f"{_RUN}::test_a_step_that_fails_between_two_jobs_of_a_repeat_makes_no_third",),
    ),
    Mutant(
        name="tells the time of a planned job by its own clock",
        file="bot/steps/plan.py",
        old="await services.chat.read_clock() - (job.starts_at",
        new="services.now() - (job.starts_at",
        tests=(f"{_RUN}::test_nothing_starts_early_by_a_clock_that_is_ahead",),
    ),
    Mutant(
        name="holds what is planned from the first",
        file="storage/budget.py",
        old="stage in {Stage.PLANNED, Stage.REJECTED}:\n",
        new="stage is Stage.REJECTED:\n",
        tests=(f"{_STORED}::test_a_planned_job_counts_from_its_time_on[sqlite]",),
    ),
    Mutant(
        name="takes a form with a time for the one that was refused without",
        file="bot/listeners/form_request.py",
        old="    if start.is_given:\n",
        new="    if False:\n",
        tests=(f"{_BUDGETS}::test_a_form_that_does_not_fit_now_is_planned_with_a_time",),
    ),
    Mutant(
        name="adds whole days to a moment",
        file="bot/options/times.py",
        old="        at = at_clock(day, first.time(), zone)\n",
        new="        at = at_clock(first, first.time(), zone) + 864e2 * (day.day - first.day)\n",
        tests=(f"{_TIMES}::test_a_repeat_goes_by_the_clocks_of_its_zone",),
    ),
)
