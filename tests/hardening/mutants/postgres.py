"""Faults planted in the store of PostgreSQL."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_AT_ONCE = "tests/storage/test_postgres_at_once.py"
_STORE = "tests/storage/test_postgres.py"

MUTANTS = (
    Mutant(
        name="writes without the fence",
        file="storage/postgres/queue.py",
        old='    guarded = ("id", "fence", *table.guards)\n',
        new='    guarded = ("id", *table.guards)\n',
        tests=(f"{_AT_ONCE}::test_no_result_is_written_beside_a_claim_that_took_the_job_over",),
    ),
    Mutant(
        name="waits for the claims of others",
        file="storage/postgres/queue.py",
        old='LOCKED = "FOR NO KEY UPDATE SKIP LOCKED"\n',
        new='LOCKED = "FOR NO KEY UPDATE"\n',
        tests=(f"{_AT_ONCE}::test_no_claim_gives_what_another_gives",),
    ),
    Mutant(
        name="frees what others have claimed",
        file="storage/postgres/queue.py",
        old="        WHERE holder = %(holder)s AND due_at IS NOT NULL",
        new="        WHERE due_at IS NOT NULL",
        tests=(f"{_STORE}::test_a_start_frees_only_what_its_former_self_had_claimed",),
    ),
    Mutant(
        name="takes a name that lives",
        file="storage/postgres/connection.py",
        old="            if await _lock(connection, name):\n",
        new="            if await _lock(connection, name) or name:\n",
        tests=(f"{_STORE}::test_two_processes_of_one_name_do_not_free_each_others_rows",),
    ),
    Mutant(
        name="ends a lease at once that its holder may still have",
        file="storage/postgres/queue.py",
        old="least(lease_until - %(other_half)s, bot_now() + %(fresh)s)",
        new="least(0, %(other_half)s, %(fresh)s)",
        tests=(f"{_STORE}::test_a_lease_of_a_former_self_ends_when_it_could_post_no_more",),
    ),
    Mutant(
        name="holds its name in a session that a pooler gives to others",
        file="storage/postgres/connection.py",
        old='b"BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0"',
        new='b"SET idle_in_transaction_session_timeout = 0"',
        tests=(f"{_STORE}::test_a_pooler_gives_no_name_to_two_processes",),
    ),
    Mutant(
        name="has the server compile a statement each time",
        file="storage/postgres/connection.py",
        old='    ("jit", "off"),\n',
        new="",
        tests=(
            f"{_STORE}::test_a_statement_and_a_pause_within_a_transaction_are_limited",
            f"{_STORE}::test_behind_a_pooler_each_transaction_sets_its_limits_and_prepares_nothing",
        ),
    ),
    Mutant(
        name="counts what is due by reading the table",
        file="storage/postgres/job_writes.py",
        old="            ORDER BY due_at, seq LIMIT %(limit)s\n        ) AS due\n    ) AS jobs\n",
        new="            LIMIT %(limit)s\n        ) AS due\n    ) AS jobs\n",
        tests=("tests/storage/test_postgres_plans.py::test_an_index_answers",),
    ),
    Mutant(
        name="locks counters before the commit",
        file="storage/postgres/budget_use.py",
        old="    db.postpone(_ADD_USE, values)\n    uses.add",
        new="    await db.change(_ADD_USE, values)\n    uses.add",
        tests=(f"{_AT_ONCE}::test_rows_that_many_change_are_locked_only_by_the_commit",),
    ),
    Mutant(
        name="locks a row before the key of the limit whose permit it takes",
        file="storage/postgres/queue.py",
        old='"held, permit", f"permit, {table.name}"\n',
        new='"held, permit", table.name\n',
        tests=(
            f"{_AT_ONCE}::test_writes_to_the_parts_of_a_set_never_wait_for_each_other_in_a_circle",
        ),
    ),
    Mutant(
        name="runs what was postponed twice",
        file="storage/postgres/database.py",
        old="        postponed, self._postponed = self._postponed, []\n",
        new="        postponed = self._postponed\n",
        tests=(f"{_STORE}::test_what_is_postponed_is_written_once_by_the_commit",),
    ),
    Mutant(
        name="admits without the lock of the person",
        file="storage/postgres/admissions.py",
        old="    await lock_person(db, jobs[0])\n",
        new="",
        tests=(f"{_AT_ONCE}::test_of_two_requests_for_one_place_one_is_admitted",),
    ),
    Mutant(
        name="decides by a shared cap without its lock",
        file="storage/postgres/admissions.py",
        old="    await lock_caps(db, jobs, rules, now)\n",
        new="",
        tests=(f"{_AT_ONCE}::test_of_two_requests_for_one_place_one_is_admitted",),
    ),
    Mutant(
        name="takes a commit in doubt for a refusal",
        file="storage/postgres/session.py",
        old="                raise unsure_error(error) from error\n",
        new="                raise store_error(error) from error\n",
        tests=(f"{_STORE}::test_a_connection_that_ends_at_a_commit_leaves_the_write_in_doubt",),
    ),
    Mutant(
        name="gives up at the first dead connection",
        file="storage/postgres/session.py",
        old="                if not is_disconnect(error) or tries == POOL_SIZE:\n",
        new="                if error:\n",
        tests=(f"{_STORE}::test_after_a_restart_of_the_server_work_goes_on",),
    ),
    Mutant(
        name="shows the password of an address that cannot be read",
        file="storage/postgres/connection.py",
        old="        raise StoreUnusableError(_NO_ADDRESS) from None\n    # Several",
        new="        raise StoreUnusableError(url) from None\n    # Several",
        tests=(
            f"{_STORE}::test_an_address_that_names_no_database_is_refused_without_its_password",
        ),
    ),
)
