"""Faults that let people wait longer than they have to."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_ENGINE = "tests/worker/test_engine.py::"
_GATE = "tests/worker/test_gate.py::"
_BESIDE = "tests/worker/test_work_beside_asks.py::"
_UPLOADS = "tests/slack/test_uploads.py::"

MUTANTS = (
    Mutant(
        name="begins as much as ever while results wait",
        file="bot/worker/engine.py",
        old="is_limited = self._results_wait and not pool.brings_results",
        new="is_limited = False",
        tests=(_BESIDE + "test_results_come_before_what_is_begun_where_nobody_asks",),
    ),
    Mutant(
        name="holds a slot while it waits for a permit",
        file="bot/worker/engine.py",
        old="used = sum(not claim.is_waiting for claim in claims)",
        new="used = len(claims)",
        tests=(_ENGINE + "test_a_step_that_waits_for_a_time_leaves_its_slot_to_others",),
    ),
    Mutant(
        name="counts a time as free in which the loop is mostly late",
        file="bot/worker/gate.py",
        old="calm = calm + 1 if is_on_time else max(0, calm - 1)",
        new="calm += is_on_time",
        tests=(_GATE + "test_work_waits_as_long_as_the_loop_is_late_more_often_than_on_time",),
    ),
    Mutant(
        name="compiles a statement that comes late for each call",
        file="storage/sqlite/connection.py",
        old="_STATEMENTS_KEPT = 1000",
        new="_STATEMENTS_KEPT = 100",
        tests=(
            "tests/storage/test_connection.py::test_a_statement_that_comes_late_is_compiled_once",
        ),
    ),
    Mutant(
        name="compiles the look for due jobs for each stage",
        file="storage/sqlite/job_writes.py",
        old="    WHERE stage = +:stage AND due_at IS NOT NULL AND due_at <= :now\n",
        new="    WHERE stage = :stage AND due_at IS NOT NULL AND due_at <= :now\n",
        tests=("tests/scenarios/test_statements.py",),
    ),
    Mutant(
        name="keeps one transaction until it is its turn to migrate",
        file="storage/postgres/upgrade.py",
        old='            await connection.rollback()\n            await tries.pause("another',
        new='            await tries.pause("another',
        tests=(
            "tests/storage/test_postgres_upgrade.py::test_who_waits_for_its_turn_holds_up_no_index",
        ),
    ),
    Mutant(
        name="gives an upload up by how long it takes",
        file="bot/slack/uploads.py",
        old="                    deadline.reschedule(extended_at + seconds)\n",
        new="                    pass\n",
        tests=(
            _UPLOADS
            + "test_an_upload_is_given_up_by_how_long_it_stands_still_not_by_how_long_it_takes",
        ),
    ),
)
