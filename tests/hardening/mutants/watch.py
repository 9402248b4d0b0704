"""Faults in what is told of paces, drifts and restores, and in who confirms what is counted."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_TOLD = "tests/notifications/test_budget_watch.py::"
_DRIFT = "storage/price_drift.py"
_NOTICE = "storage/budget_notice.py"
_PRESSED = "tests/listeners/test_budget_check.py::"
_RESTORED = "tests/storage/test_restores.py::"

MUTANTS = (
    Mutant(
        name="takes each start for a restore",
        file="storage/sqlite/generation.py",
        old="    return number == _COPY or number not in _read_numbers(path)\n",
        new="    return number >= _COPY or not _read_numbers(path)\n",
        tests=(_RESTORED + "test_neither_a_start_nor_a_new_file_is_a_restore",),
    ),
    Mutant(
        name="notices only a restore of its own copies",
        file="storage/sqlite/generation.py",
        old="    return number == _COPY or number not in _read_numbers(path)\n",
        new="    return number == _COPY\n",
        tests=(_RESTORED + "test_a_restored_file_is_noticed",),
    ),
    Mutant(
        name="takes a check of one workspace for all",
        file="storage/sqlite/restores.py",
        old="    WHERE seq > coalesce((SELECT seq FROM restore_checks WHERE team = :team), 0)\n",
        new="    WHERE seq > coalesce((SELECT max(seq) FROM restore_checks), 0)\n",
        tests=(_RESTORED + "test_a_check_is_a_decision_of_one_workspace",),
    ),
    Mutant(
        name="confirms the counts of a restore that was not shown",
        file="bot/jobs/budget_changes.py",
        old="    if change.since not in {None, since}:\n",
        new="    if since is None:\n",
        tests=(_PRESSED + "test_the_button_checks_the_restore_that_it_was_shown_for",),
    ),
    Mutant(
        name="tells a pace again after a restore",
        file="bot/notifications/budget.py",
        old="    slot = searched_since(lambda _: detail.began_at)\n"
        "    return await _post(claim, budget_notices.pace(",
        new="    slot = searched_since(lambda row: row.happened_at)\n"
        "    return await _post(claim, budget_notices.pace(",
        tests=(
            _TOLD + "TestPace::test_one_that_a_backup_does_not_know_is_found_and_not_told_again",
        ),
    ),
    Mutant(
        name="tells the pace of a week",
        file=_NOTICE,
        old="    if ahead is None or cap.window is not Window.MONTH:\n",
        new="    if ahead is None:\n",
        tests=(_TOLD + "TestPace::test_what_is_no_pace_is_not_told",),
    ),
    Mutant(
        name="tells a drift with each look",
        file=_DRIFT,
        old="check.drifts and self.told.get(check.price_key) is not check.is_above\n",
        new="check.drifts\n",
        tests=("tests/storage/test_price_drifts.py::test_a_drift_is_new_or_over_or_stands",),
    ),
    Mutant(
        name="takes a failure for a cheap render",
        file="storage/sqlite/price_drifts.py",
        old="    WHERE team = :team AND outcome = 'succeeded'\n",
        new="    WHERE team = :team\n",
        tests=(_TOLD + "TestDrift::test_what_is_no_drift_is_not_told",),
    ),
    Mutant(
        name="tells a difference of just the limit",
        file=_DRIFT,
        old="* 100 > self.forecast",
        new="* 100 >= self.forecast",
        tests=(_TOLD + "TestDrift::test_what_is_no_drift_is_not_told",),
    ),
)
