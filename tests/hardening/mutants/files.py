"""Faults in logs, files, stops and clocks."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_LOG = "tests/base/test_log_stream.py::"
_STORAGE = "tests/storage/"

MUTANTS = (
    Mutant(
        name="keeps every line of the log that nobody reads",
        file="bot/base/log_stream.py",
        old="if self._bytes + len(line) > QUEUE_BYTES:",
        new="if len(line) > QUEUE_BYTES:",
        tests=(_LOG + "test_a_reader_that_stands_still_stops_nobody",),
    ),
    Mutant(
        name="loses lines without counting them",
        file="bot/base/log_stream.py",
        old="                self._lose(Loss.FAILED)\n",
        new="                pass\n",
        tests=(_LOG + "test_a_stream_that_takes_nothing_fails_nobody",),
    ),
    Mutant(
        name="forgets a signal that came during its imports",
        file="bot/base/stop_signals.py",
        old="        if self._first is not None:\n            callback()\n",
        new="",
        tests=("tests/cli/test_process.py::test_a_signal_during_the_imports_stops_the_bot",),
    ),
    Mutant(
        name="owns a store by its name alone",
        file="storage/sqlite/ownership.py",
        old="                _lock(path, itself)\n",
        new="",
        tests=(_STORAGE + "test_ownership.py::test_a_link_to_an_owned_store_is_refused",),
    ),
    Mutant(
        name="mixes a restored file with the WAL of the lost one",
        file="storage/sqlite/session.py",
        old="            check_wal(path)\n",
        new="",
        tests=(_STORAGE + "test_generation.py",),
    ),
    Mutant(
        name="opens the store of a newer version",
        file="storage/sqlite/session.py",
        old="        check_origin(db, path)\n",
        new="",
        tests=(
            _STORAGE + "test_migrations.py::test_a_store_of_a_newer_version_is_refused_by_name",
        ),
    ),
    Mutant(
        name="waits for a lock for longer than Slack waits",
        file="storage/sqlite/connection.py",
        old="OWNER_BUSY_SECONDS = 0.8",
        new="OWNER_BUSY_SECONDS = 5.0",
        tests=(_STORAGE + "test_store.py::test_a_lock_of_somebody_else_is_told_in_time",),
    ),
    Mutant(
        name="begins its searches when it began, after a clock was ahead",
        file="storage/sqlite/times.py",
        old='        return ":right_until", ":now"',
        new='        return ":now", ":now"',
        tests=("tests/scenarios/test_clock.py",),
    ),
    Mutant(
        name="takes the query of an address for a part of the file's name",
        file="bot/base/setting_groups.py",
        old='if "?" in path:',
        new='if "??" in path:',
        tests=("tests/base/test_settings.py",),
    ),
)
