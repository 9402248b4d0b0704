"""Faults planted in what keeps several processes, versions and stores apart."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_ROLES = "tests/app/test_roles.py::"
_UPGRADE = "tests/storage/test_postgres_upgrade.py::"
_COPY = "tests/cli/test_copy.py::"

MUTANTS = (
    Mutant(
        name="answers what another process answers",
        file="bot/slack/ephemeral.py",
        old="        if is_own:\n",
        new="        if is_own or key:\n",
        tests=(_ROLES + "test_a_mention_that_two_processes_hear_is_answered_once",),
    ),
    Mutant(
        name="lets a process that only answers change the tables",
        file="bot/app/roles.py",
        old='WEB = Role(name="web", listens=True, works=False, migrates=False)',
        new='WEB = Role(name="web", listens=True, works=False, migrates=True)',
        tests=(_ROLES + "test_without_tables_a_process_says_what_makes_them",),
    ),
    Mutant(
        name="takes Slack's requests where it only works",
        file="bot/app/run.py",
        old="        bolt = make_bolt(checked, services) if role.listens else None\n",
        new="        bolt = make_bolt(checked, services)\n",
        tests=(_ROLES + "test_each_serves_its_own_paths_and_tells_a_supervisor_how_it_is",),
    ),
    Mutant(
        name="refuses tables that were merely expanded",
        file="storage/postgres/migrations.py",
        old="if not expands and name not in known",
        new="if name not in known",
        tests=(_UPGRADE + "test_the_old_version_goes_on_beside_the_new_one",),
    ),
    Mutant(
        name="lets everybody wait behind a migration",
        file="storage/postgres/upgrade.py",
        old="        except (LockNotAvailable, DeadlockDetected):\n",
        new="        except DeadlockDetected:\n",
        tests=(_UPGRADE + "test_who_reads_for_long_lets_nobody_else_wait_behind_a_migration",),
    ),
    Mutant(
        name="keeps a copy that lacks rows",
        file="bot/app/copying.py",
        old="                if copied[table.name] != expected:\n",
        new="                if copied[table.name].rows > expected.rows:\n",
        tests=(_COPY + "test_what_does_not_agree_in_the_end_is_not_kept",),
    ),
    Mutant(
        name="numbers new rows of a copy from the beginning",
        file="storage/postgres/load.py",
        old="            if column.is_number:\n",
        new="            if column.is_number and table.amounts == ():\n",
        tests=(_COPY + "test_work_goes_on_where_it_was",),
    ),
)
