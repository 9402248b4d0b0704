"""Faults in what is found, by whom, and in what is kept."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_STORED = "tests/storage/test_find.py"
_SEEN = f"{_STORED}::test_everybody_finds_exactly_what_is_theirs_to_see"
_OVER_HTTP = "tests/listeners/test_find.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="finds on SQLite whatever matches, whoever looks",
        file="storage/sqlite/find.py",
        old="    conditions = [VISIBLE, _REQUESTED]\n",
        new="    conditions = [_REQUESTED]\n",
        tests=(f"{_SEEN}[sqlite-1]",),
    ),
    Mutant(
        name="finds on PostgreSQL whatever matches, whoever looks",
        file="storage/postgres/find.py",
        old="    conditions = [VISIBLE, _REQUESTED]\n",
        new="    conditions = [_REQUESTED]\n",
        tests=(f"{_SEEN}[postgres-1]",),
    ),
    Mutant(
        name="finds what others asked for in a direct conversation",
        file="storage/sqlite/find.py",
        old="            AND jobs.channel NOT LIKE 'D%'\n",
        new="",
        tests=(f"{_SEEN}[sqlite-1]",),
    ),
    Mutant(
        name="shows a private channel to whoever is not in it",
        file="bot/slack/directory.py",
        old='self._joined(types="public_channel")',
        new='self._joined(types="public_channel,private_channel")',
        tests=(f"{_OVER_HTTP}::test_three_people_find_what_is_theirs_to_see",),
    ),
    Mutant(
        name="leaves erased words in the index",
        file="storage/sqlite/migrations.py",
        old="        BEGIN DELETE FROM job_words WHERE seq = new.seq; END\n",
        new="        BEGIN DELETE FROM job_words WHERE seq = -1; END\n",
        tests=(f"{_STORED}::test_erased_words_leave_the_index_in_the_same_write[sqlite]",),
    ),
    Mutant(
        name="finds the last word only where it is whole",
        file="storage/postgres/find.py",
        old='    return f"{quoted}:*" if quoted else ""\n',
        new="    return quoted\n",
        tests=(f"{_STORED}::test_accents_case_and_beginnings_do_not_matter[postgres]",),
    ),
)
