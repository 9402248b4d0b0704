"""Faults in what is erased, and when."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_STORE = "tests/storage/test_retention.py::"
_CHORE = "tests/worker/test_retention.py::"

MUTANTS = (
    Mutant(
        name="erases the body of a request that may be sent again",
        file="storage/sqlite/retention.py",
        old="AND parked_from IN ({in_list(ANSWERED)})",
        new="AND parked_from IS NOT NULL",
        tests=(_STORE + "test_a_body_that_may_be_sent_again_stays",),
    ),
    Mutant(
        name="erases the prompt of a job that goes on",
        file="storage/sqlite/retention.py",
        old="AND stage IN ({in_list(TERMINAL)}) AND due_at IS NULL",
        new="AND due_at IS NOT NULL",
        tests=(_STORE + "test_texts_of_a_job_that_goes_on_stay",),
    ),
    Mutant(
        name="leaves what it erased readable in the file",
        file="storage/sqlite/connection.py",
        old="PRAGMA secure_delete = ON",
        new="PRAGMA secure_delete = FAST",
        tests=(_STORE + "test_what_users_wrote_is_erased_wherever_it_stands",),
    ),
    Mutant(
        name="forgets what services quoted of a prompt",
        file="storage/sqlite/retention.py",
        old='        db.execute(_ERASE_FROM_EVENTS, {"id": row["id"]})\n',
        new="",
        tests=(_STORE + "test_what_users_wrote_is_erased_wherever_it_stands",),
    ),
    Mutant(
        name="writes once a minute without need",
        file="storage/sqlite/store.py",
        old="        if not self._session.read_inline(find):\n            return 0\n",
        new="",
        tests=(_STORE + "test_nothing_to_erase_costs_no_write",),
    ),
    Mutant(
        name="erases a long history in one go",
        file="bot/worker/retention.py",
        old="                    left -= 1\n",
        new="                    pass\n",
        tests=(_CHORE + "test_a_long_history_is_left_to_later_calls",),
    ),
    Mutant(
        name="renders again what lost its prompt",
        file="bot/jobs/actions.py",
        old="    job, catalog = request.job, services.catalog\n    refuse_erased(job)\n",
        new="    job, catalog = request.job, services.catalog\n",
        tests=("tests/listeners/test_erased.py",),
    ),
)
