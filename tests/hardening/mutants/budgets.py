"""Faults in what changes budgets, and in what is told of them."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_RULES = "storage/sqlite/budget_rules.py"
_CHANGES = "bot/jobs/budget_changes.py"
_KEPT = "tests/storage/test_rules_in_step.py::"
_TOLD = "tests/notifications/test_budget.py::"
_TYPED = "tests/listeners/test_budget_command.py::"

MUTANTS = (
    Mutant(
        name="raises again what is delivered again",
        file=_RULES,
        old="    if not add_audit(db, change.entry):\n        return False\n",
        new="    add_audit(db, change.entry)\n",
        tests=(_TOLD + "test_a_delivery_that_comes_again_decides_nothing_again",),
    ),
    Mutant(
        name="lets everybody change budgets",
        file=_CHANGES,
        old="    return None if interaction.user in may else",
        new="    return None if may else",
        tests=(_TYPED + "test_only_those_in_charge_change_budgets",),
    ),
    Mutant(
        name="lets managers name managers",
        file=_CHANGES,
        old="    if not services.is_admin(interaction.user):\n",
        new="    if not interaction.user:\n",
        tests=(_TYPED + "test_whom_an_admin_names_changes_budgets",),
    ),
    Mutant(
        name="sets a budget of a channel that the admin cannot see",
        file=_CHANGES,
        old="        if not await _can_see(target.name, interaction, services):\n",
        new="        if not target.name:\n",
        tests=(_TYPED + "test_what_makes_no_sense_changes_nothing",),
    ),
    Mutant(
        name="takes an amount in any currency",
        file="bot/money/amounts.py",
        old="if not self.unit or named.casefold()",
        new="if self.unit or named.casefold()",
        tests=(_TYPED + "test_what_makes_no_sense_changes_nothing",),
    ),
    Mutant(
        name="tells each level that one job reaches",
        file="storage/sqlite/budget_use.py",
        old="for alert in new[-1:] if is_current else ():",
        new="for alert in new if is_current else ():",
        tests=(_TOLD + "test_one_job_that_reaches_three_levels_is_told_as_one",),
    ),
    Mutant(
        name="tells the end of a raise before it has ended",
        file="bot/notifications/budget.py",
        old="    if services.now() < detail.until:\n",
        new="    if services.now() < 0:\n",
        tests=(_TOLD + "test_a_raise_is_told_and_so_is_its_end",),
    ),
    Mutant(
        name="lets a planned end of a raise hold up what a channel is told",
        file="storage/notification.py",
        old="        NotificationKind.FOLLOWED,\n        NotificationKind.RAISE_ENDED,\n",
        new="        NotificationKind.FOLLOWED,\n",
        tests=(_TOLD + "test_the_ends_of_two_raises_are_told_when_each_comes",),
    ),
    Mutant(
        name="keeps rules that another process has changed",
        file=_RULES,
        old="    if known is None or known.decision != decision:\n",
        new="    if known is None:\n",
        tests=("tests/storage/test_rules.py::test_rules_of_another_process_apply_at_once",),
    ),
    Mutant(
        name="takes a decision for the one that was rolled back",
        file=_RULES,
        old="    decision = None if row is None else tuple(row)\n",
        new='    decision = None if row is None else (row["seq"],)\n',
        tests=(_KEPT + "test_what_is_rolled_back_is_no_rule",),
    ),
    Mutant(
        name="forgets raises when the clock goes back",
        file=_RULES,
        old="    if now < since:\n",
        new="    if since == inf:\n",
        tests=(
            "tests/storage/test_rules.py::test_raises_end_and_apply_again_if_the_clock_goes_back",
        ),
    ),
    Mutant(
        name="counts in a use what is of another day",
        file="storage/sqlite/budget_use.py",
        old="            if scope in scopes and period.first <= day < period.until:\n",
        new="            if scope in scopes:\n",
        tests=(_KEPT + "test_a_use_is_read_once_and_kept_in_step",),
    ),
)
