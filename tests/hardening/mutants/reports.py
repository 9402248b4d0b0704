"""Faults in reports of costs, projects and the book of credit."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_REPORT = "bot/money/cost_report.py"
_TESTED = "tests/money/test_cost_report.py"
_STORED = "tests/storage/test_costs.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="takes what was never named for what is under way",
        file=_REPORT,
        old="    if group.stage in UNDER_WAY:\n",
        new="    if group.stage is not Stage.WAITING:\n",
        tests=(f"{_TESTED}::test_three_kinds_of_money_are_told_apart",),
    ),
    Mutant(
        name="counts equal jobs once",
        file=_REPORT,
        old="amount=times(use.spent, group.jobs)",
        new="amount=use.spent",
        tests=(f"{_TESTED}::test_three_kinds_of_money_are_told_apart",),
    ),
    Mutant(
        name="shows where others made something in private",
        file=_REPORT,
        old="if group.user == reader or group.channel in open_channels",
        new="if group.user != reader or group.channel in open_channels",
        tests=(f"{_TESTED}::test_what_is_private_is_in_every_sum_without_its_place",),
    ),
    Mutant(
        name="lists days of what is private",
        file="bot/money/cost_csv.py",
        old="    if PRIVATE not in key:\n",
        new="    if key:\n",
        tests=(f"{_TESTED}::test_a_row_of_what_is_private_has_neither_day_nor_model",),
    ),
    Mutant(
        name="pays what was spent before the first booking from it",
        file="storage/sqlite/credit.py",
        old='subtract(use.spent, Decimal(rows[0]["before"]))',
        new="use.spent",
        tests=(f"{_STORED}::test_a_booking_is_a_decision_that_is_made_once",),
    ),
    Mutant(
        name="books what Slack delivers twice two times",
        file="storage/sqlite/credit.py",
        old="spent, dedup_key=dedup_key)",
        new='spent, dedup_key="")',
        tests=(f"{_STORED}::test_a_booking_is_a_decision_that_is_made_once",),
    ),
)
