"""Faults in notes and reviews of results."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_LISTENERS = "tests/listeners/test_reviews.py::"
_STORAGE = "tests/storage/test_notes.py::"

MUTANTS = (
    Mutant(
        name="renders a note as a change",
        file="bot/listeners/subcommands/thread.py",
        old="return partial(_note, job, notes) if notes else _command(text, job, files)",
        new="return _command(text, job, files)",
        tests=(_LISTENERS + "test_notes_and_reviews_are_about_the_newest_result",),
    ),
    Mutant(
        name="takes the word of an approver for a review",
        file="bot/jobs/reviews.py",
        old="if is_review and any(map(_waits_for_approver, jobs)):",
        new="if False:",
        tests=(_LISTENERS + "test_no_review_is_taken_for_the_decision_of_an_approver",),
    ),
    Mutant(
        name="lets a repeat of an earlier review undo a later one",
        file="storage/sqlite/job_notes.py",
        old="LIMIT 1",
        new="LIMIT 0",
        tests=(_STORAGE + "test_notes_are_counted_once_and_stay_with_their_job[sqlite]",),
    ),
)
