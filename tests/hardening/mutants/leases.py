"""Faults planted in leases and in the clocks by which they go."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_LEASES = "tests/worker/test_leases.py::"
_CLOCK = "tests/base/test_clock.py::"

MUTANTS = (
    Mutant(
        name="posts whatever the age of its lease",
        file="bot/worker/context.py",
        old="        if age > FRESH_SECONDS:\n",
        new="        if age < 0:\n",
        tests=(
            _LEASES + "test_what_stood_still_between_its_commit_and_the_post_posts_nothing",
            _LEASES + "test_each_commit_of_a_claim_renews_its_lease",
        ),
    ),
    Mutant(
        name="looks at no lease before it posts",
        file="bot/worker/outbox.py",
        old="    claim.check_lease()\n    try:\n        return await act()\n",
        new="    try:\n        return await act()\n",
        tests=(_LEASES + "test_what_stood_still_between_its_commit_and_the_post_posts_nothing",),
    ),
    Mutant(
        name="lets leases end while steps wait",
        file="bot/worker/engine.py",
        old="        if self._running and self._renewal is None:\n",
        new="        if not self._running:\n",
        tests=(_LEASES + "test_what_waits_for_an_answer_is_renewed_in_one_write",),
    ),
    Mutant(
        name="goes on with a row that another has taken over",
        file="bot/worker/engine.py",
        old="                run.task.cancel()\n\n    def _free_slots",
        new="                pass\n\n    def _free_slots",
        tests=(_LEASES + "test_a_run_whose_row_was_taken_over_ends",),
    ),
    Mutant(
        name="renews each row by itself",
        file="bot/worker/engine.py",
        old="        kept = await self._queue.renew([run.claim.row for run in held], until)\n",
        new="        kept = frozenset[str]()\n        for run in held:\n"
        "            kept |= await self._queue.renew([run.claim.row], until)\n",
        tests=(_LEASES + "test_what_waits_for_an_answer_is_renewed_in_one_write",),
    ),
    Mutant(
        name="goes by its own clock beside other processes",
        file="bot/base/clock.py",
        old="        clock = SteadyClock(wall=lambda: monotonic() + offset, monotonic=monotonic)\n",
        new="        clock = SteadyClock(wall=wall, monotonic=monotonic)\n",
        tests=(_CLOCK + "test_all_processes_of_a_database_go_by_its_time",),
    ),
    Mutant(
        name="asks the database for its time once",
        file="bot/base/clock.py",
        old="    clock.follow(offset)\n",
        new="",
        tests=(_CLOCK + "test_a_clock_keeps_in_step_and_tells_by_how_much_the_machines_differs",),
    ),
)
