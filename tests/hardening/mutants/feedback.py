"""Faults in the thumbs under results."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_STORAGE = "tests/storage/test_feedback.py::"
_LISTENERS = "tests/listeners/test_feedback.py::"

MUTANTS = (
    Mutant(
        name="lets a late repeat of an earlier press undo a later one",
        file="storage/sqlite/job_feedback.py",
        old="WHERE excluded.at > feedback.at",
        new="WHERE true",
        tests=(_STORAGE + "test_the_last_press_of_each_person_counts[sqlite]",),
    ),
    Mutant(
        name="keeps feedback about a result that was deleted meanwhile",
        file="storage/sqlite/job_feedback.py",
        old="if job is None or not job.is_shown:",
        new="if job is None:",
        tests=(_LISTENERS + "test_a_result_that_is_deleted_meanwhile_is_not_rated",),
    ),
    Mutant(
        name="orders presses by when they arrive",
        file="bot/jobs/reviews.py",
        old="at = services.now() if interaction.sent_at is None else interaction.sent_at",
        new="at = services.now()",
        tests=(_LISTENERS + "test_the_last_press_counts_however_it_is_delivered",),
    ),
)
