"""Faults in what holds, admits and counts money."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_BUDGET = "storage/budget.py"
_DECIDED = "tests/storage/test_budget.py"
_STORED = "tests/storage/test_budgets.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="frees a hold once the result is delivered",
        file=_BUDGET,
        old="stage in {Stage.PLANNED, Stage.REJECTED}:\n",
        new="stage in {Stage.PLANNED, Stage.REJECTED, Stage.DELIVERED}:\n",
        tests=(f"{_STORED}::test_a_failure_without_an_amount_is_held_until_it_is_settled",),
    ),
    Mutant(
        name="refuses what makes a cap exactly full",
        file=_BUDGET,
        old="if add(use.total, amount) > applied.limit",
        new="if add(use.total, amount) >= applied.limit",
        tests=(f"{_DECIDED}::test_a_cap_is_full_at_its_limit_and_not_before",),
    ),
    Mutant(
        name="counts a direct conversation as a channel",
        file=_BUDGET,
        old="(ScopeKind.CHANNEL, None if is_direct(channel) else channel)",
        new="(ScopeKind.CHANNEL, channel)",
        tests=(
            f"{_DECIDED}::test_a_job_counts_for_its_person_channel_model_project_and_workspace",
        ),
    ),
    Mutant(
        name="admits what waited as if it cost nothing",
        file=_BUDGET,
        old="stage=Stage.ACCEPTED if job.stage is Stage.WAITING else job.stage,",
        new="stage=job.stage,",
        tests=(f"{_STORED}::test_confirmations_at_one_instant_are_admitted_as_far_as_they_fit",),
    ),
    Mutant(
        name="adds amounts as binary fractions",
        file=_BUDGET,
        old="return _EXACT.add(one, other)",
        new="return Decimal(float(one) + float(other))",
        tests=(f"{_DECIDED}::test_sums_are_exact",),
    ),
    Mutant(
        name="confirms what has expired",
        file="storage/admission.py",
        old=" or question is None or question.expires_at <= now:",
        new=" or question is None:",
        tests=(f"{_STORED}::test_an_answer_that_comes_too_late_admits_nothing",),
    ),
    Mutant(
        name="counts a late amount on the day on which it comes",
        file="storage/sqlite/budget_use.py",
        old="    day, keys = job.counted_on, ",
        new="    day, keys = day_at(at, budget_rules.policy(db, job.team).calendar), ",
        tests=(f"{_STORED}::test_a_late_amount_goes_to_the_day_of_its_job",),
    ),
)
