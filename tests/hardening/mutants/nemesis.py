"""Faults planted in what several processes on one database leave to leases and fences."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_LIVES = ("tests/nemesis/test_nemesis.py::test_under_the_nemesis_nothing_is_lost_or_doubled[12]",)
# The nemesis ends and freezes few processes at just the times that show it.
_START = "tests/storage/test_postgres.py::test_a_start_frees_only_what_its_former_self_had_claimed"
_LEASES = "tests/worker/test_leases.py"
_STALE = f"{_LEASES}::test_what_stood_still_between_its_commit_and_the_post_posts_nothing"
_QUEUE = "storage/postgres/queue.py"

MUTANTS = (
    Mutant(
        name="claims without a new fence",
        file=_QUEUE,
        old="holder = %(holder)s, fence = fence + 1",
        new="holder = %(holder)s, fence = fence",
        tests=_LIVES,
    ),
    Mutant(
        name="ends the leases of others when it starts",
        file=_QUEUE,
        old="        WHERE holder = %(holder)s AND due_at",
        new="        WHERE due_at",
        tests=(_START, *_LIVES),
    ),
    Mutant(
        name="posts when it has stood still for longer than its lease",
        file="bot/worker/context.py",
        old="        if age > FRESH_SECONDS:\n",
        new="        if age < 0:\n",
        tests=(_STALE, *_LIVES),
    ),
)
