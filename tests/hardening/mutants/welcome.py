"""Faults in the welcome, in hints, and in the register of made files."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_HEARD = "tests/listeners/test_welcome.py"
_HINTS = "tests/slack/test_agent_view.py"
_MADE = "tests/scenarios/test_provenance.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="welcomes a channel again with each invitation",
        file="bot/notifications/welcome.py",
        old="        id=notification_id(kind, place, team),\n",
        new='        id=notification_id(kind, place, f"{team}:{now}"),\n',
        tests=(f"{_HEARD}::test_who_opens_the_app_is_welcomed_once_and_sees_suggestions",),
    ),
    Mutant(
        name="welcomes guests",
        file="bot/notifications/welcome.py",
        old="    if not await is_admitted(row.channel, row.team, services):\n",
        new="    if not row.channel:\n",
        tests=(f"{_HEARD}::test_guests_are_neither_welcomed_nor_offered_what_they_may_not_do",),
    ),
    Mutant(
        name="goes on with hints that the app may not send",
        file="bot/slack/agent_view.py",
        old="        self._paused_until[kind] = self._now() + seconds\n",
        new="",
        tests=(f"{_HINTS}::test_a_failed_hint_is_not_repeated_and_no_other_is_sent_for_a_while",),
    ),
    Mutant(
        name="forgets the digest of an upload whose answer is lost",
        file="bot/worker/upload.py",
        old="        if size == length:\n",
        new="        if size > length:\n",
        tests=(f"{_MADE}::test_a_lost_answer_to_the_upload_loses_no_digest",),
    ),
    Mutant(
        name="notes the digest of less than was sent",
        file="bot/worker/upload.py",
        old="            digest.update(chunk)\n",
        new="            digest.update(chunk[:-1])\n",
        tests=(f"{_MADE}::test_a_video_is_passed_on_byte_for_byte_and_its_digest_is_kept",),
    ),
)
