"""Faults planted in the limits that processes share, in their notices and in their chores."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_PACE = "tests/storage/test_pace.py"
_PERMITS = "tests/worker/test_permits.py"
_REDRAW = "tests/listeners/test_redraw.py"
_NOTICES = "tests/worker/test_notices.py"

MUTANTS = (
    Mutant(
        name="looks for rows only when it is told",
        file="bot/worker/scheduler.py",
        old="IntervalTrigger(seconds=self._tick_seconds, timezone=UTC)",
        new="IntervalTrigger(seconds=3600.0, timezone=UTC)",
        tests=(f"{_NOTICES}::test_a_row_that_nobody_tells_of_is_found_by_the_next_look",),
    ),
    Mutant(
        name="keeps to a limit in each process apart",
        file="storage/postgres/pace.py",
        old='        return float((await self._run(TAKE_ALONE, permit))["valid_at"])\n',
        new="        return self._known.take_now(permit)\n",
        tests=(f"{_PACE}::test_all_processes_share_one_rate",),
    ),
    Mutant(
        name="keeps what a service refuses to itself",
        file="storage/postgres/pace.py",
        old='{"key": key, "at": until}',
        new='{"key": key, "at": 0.0}',
        tests=(f"{_PACE}::test_a_pause_that_one_process_is_asked_for_holds_all",),
    ),
    Mutant(
        name="lets each job meet the refusal by itself",
        file="bot/worker/permits.py",
        old="            await services.store.pacing.hold(limit.held_by, until)\n",
        new="            del until\n",
        tests=(f"{_PERMITS}::test_a_refusal_of_slacks_holds_all_messages_of_the_workspace",),
    ),
    Mutant(
        name="asks Slack for the edits of presses without a permit",
        file="bot/worker/permits.py",
        old="        at = await pacing.take(Permit(limit=limit, at=now))\n",
        new="        at = now\n",
        tests=(f"{_REDRAW}::test_presses_keep_to_what_slack_takes",),
    ),
    Mutant(
        name="believes that its edit arrived last",
        file="bot/worker/current.py",
        old="        is_current = now is None or now.digest == message.digest\n",
        new="        is_current = now is None or bool(message.digest)\n",
        tests=("tests/scenarios/test_redraw.py::test_a_cost_that_is_corrected_goes_over_no_press",),
    ),
    Mutant(
        name="begins a chore in every process",
        file="storage/postgres/chores.py",
        old=" WHERE known.moment < excluded.moment\n",
        new="\n",
        tests=(f"{_PACE}::test_a_chore_is_begun_once_for_each_moment",),
    ),
    Mutant(
        name="waits for a permit in a slot of the pool",
        file="storage/pace.py",
        old="LONGEST_WAIT_SECONDS = 3.0\n",
        new="LONGEST_WAIT_SECONDS = 1000.0\n",
        tests=(f"{_PERMITS}::test_a_row_that_waits_for_long_holds_no_slot",),
    ),
    Mutant(
        name="lets what comes late come together with the next",
        file="storage/pace.py",
        old="    earliest = max(now, held_until, pace.called_at + limit.gap)\n",
        new="    earliest = max(now, held_until)\n",
        tests=(f"{_PACE}::test_no_two_calls_are_closer_than_the_gap",),
    ),
    Mutant(
        name="makes a late call although the next follows it too closely",
        file="storage/pace.py",
        old="    is_last = pace.called_at <= late.valid_at\n",
        new="    is_last = True\n",
        tests=(f"{_PACE}::test_a_late_call_keeps_its_distance_from_the_next",),
    ),
    Mutant(
        name="lets all that have missed their places come back at one time",
        file="storage/pace.py",
        old="            at = again_at = max(at, again_at + limit.gap)\n",
        new="            again_at = at\n",
        tests=(f"{_PACE}::test_calls_that_have_missed_their_place_come_back_one_by_one",),
    ),
    Mutant(
        name="lets them do so where many processes share the limits",
        file="storage/postgres/permits.py",
        old="        CASE WHEN {is_missed} THEN {again}\n",
        new="        CASE WHEN {is_missed} THEN {own}\n",
        tests=(f"{_PACE}::test_the_database_computes_what_the_functions_do",),
    ),
    Mutant(
        name="has a call lose its time that leaves a little late",
        file="bot/worker/permits.py",
        old="_ON_TIME_SHARE = 0.07\n",
        new="_ON_TIME_SHARE = 0.03\n",
        tests=(f"{_PERMITS}::test_a_call_that_leaves_a_little_late_is_made_at_once",),
    ),
    Mutant(
        name="gives up the place of a row that was put back",
        file="storage/pace.py",
        old="    if reserved is not None and now - limit.late <= reserved:\n",
        new="    if reserved is not None and now < 0:\n",
        tests=(f"{_PACE}::test_a_reserved_permit_serves_once_and_takes_no_other",),
    ),
    Mutant(
        name="takes the permit of one step for another",
        file="bot/worker/engine.py",
        old="            claim.reserved_at = None\n",
        new="            pass\n",
        tests=(f"{_PERMITS}::test_a_cancelled_request_is_told_although_its_message_had_a_permit",),
    ),
    Mutant(
        name="takes the time of a permit for a pause",
        file="bot/worker/permits.py",
        old="    pause = pacing.not_before(limit) - now\n",
        new="    pause = pacing.not_before(limit, claim.reserved_at) - now\n",
        tests=(f"{_PERMITS}::test_a_permit_of_a_message_holds_up_no_call_of_another_kind",),
    ),
    Mutant(
        name="has a row due at once whose permit is valid later",
        file="storage/postgres/queue.py",
        old="        if is_due_by_permit(after):\n",
        new="        if not table:\n",
        tests=(f"{_PACE}::test_a_row_that_is_put_back_is_due_shortly_before_its_permit_is_valid",),
    ),
)
