"""Faults in what takes requests from anybody."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_REQUESTS = "tests/app/test_slack_requests.py::"
_CONNECTIONS = "tests/app/test_connections.py::"
_HEALTH = "tests/app/test_health.py::"

MUTANTS = (
    Mutant(
        name="forgets a connection that comes while the server stops",
        file="bot/app/http/server.py",
        old="            await _stop_accepting(server)\n",
        new="",
        tests=("tests/app/test_connections.py::test_a_connection_of_the_last_moment_is_closed",),
    ),
    Mutant(
        name="takes any signature of the right shape",
        file="bot/slack/signature.py",
        old="if not hmac.compare_digest(made, self.value):",
        new="if not self.value:",
        tests=(_REQUESTS + "test_another_signature_is_refused_and_told_by_readiness",),
    ),
    Mutant(
        name="takes a signed request of any age",
        file="bot/slack/signature.py",
        old="abs(self.seconds_ahead(now)) <= WINDOW_SECONDS",
        new="self.seconds_ahead(now) <= WINDOW_SECONDS",
        tests=(_REQUESTS + "test_a_clock_that_is_off_is_told_as_such",),
    ),
    Mutant(
        name="decodes by the charset that the sender names",
        file="bot/app/http/slack_requests.py",
        old='    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:\n'
        "        raise RefusedRequestError(Reason.ENCODING)\n",
        new="",
        tests=(_REQUESTS + "test_what_would_have_to_be_decoded_is_refused",),
    ),
    Mutant(
        name="unpacks bodies before it knows whose they are",
        file="bot/app/http/server.py",
        old="auto_decompress=False",
        new="auto_decompress=True",
        tests=(_CONNECTIONS + "test_a_packed_body_is_not_unpacked",),
    ),
    Mutant(
        name="logs every refused request",
        file="bot/base/throttle.py",
        old="if known is not None and now < known.until:",
        new="if known is not None and now < 0:",
        tests=(_REQUESTS + "test_a_flood_of_one_kind_is_one_line_of_log",),
    ),
    Mutant(
        name="lets new connections cut off a signed request",
        file="bot/app/http/connections.py",
        old="idle = (each for each in self._proven if each.is_idle)",
        new="idle = iter(self._proven)",
        tests=(_CONNECTIONS + "test_where_all_are_signed_only_an_idle_one_makes_room",),
    ),
    Mutant(
        name="waits without end for headers",
        file="bot/app/http/connections.py",
        old="            if connection.deadline < now:",
        new="            if connection.is_idle and connection.deadline < now:",
        tests=(_CONNECTIONS + "test_a_silent_connection_is_closed_after_the_time_for_headers",),
    ),
    Mutant(
        name="writes whenever it is asked whether it is ready",
        file="bot/app/http/health.py",
        old="self._until = self._now() + seconds",
        new="self._until = -1.0",
        tests=(_HEALTH + "test_the_store_is_asked_once_for_all_who_ask_within_a_second",),
    ),
    Mutant(
        name="drops a page for one odd item",
        file="bot/base/lenient.py",
        old="if () in odd:",
        new="if odd:",
        tests=("tests/slack/test_answers.py::test_an_odd_message_hides_no_other_one",),
    ),
    Mutant(
        name="forgets to count a job where it comes from",
        file="storage/sqlite/migrations.py",
        old="BEGIN {one_less} {one_more} END",
        new="BEGIN {one_more} END",
        tests=("tests/storage/test_job_reads.py::test_a_job_is_counted_where_it_is_now",),
    ),
)
