"""Faults in the deletion of results."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_SCENARIO = "tests/scenarios/test_deletion.py::"
_DELETION = "tests/notifications/test_deletion.py::"

MUTANTS = (
    Mutant(
        name="takes back only messages that it knows",
        file="bot/worker/removal.py",
        old="    if known.ts is None:\n        ts",
        new="    if known.ts is not None:\n        ts",
        tests=(_DELETION + "test_a_message_in_doubt_is_searched_for_and_taken_back",),
    ),
    Mutant(
        name="stops at the first thing that Slack does not delete",
        file="bot/worker/removal.py",
        old="    except RefusedError as error:\n        return error\n    return None",
        new="    except NotFoundError as error:\n        return error\n    return None",
        tests=(_DELETION + "test_what_slack_does_not_delete_is_told_and_tried_again_on_demand",),
    ),
    Mutant(
        name="offers what is left of a deleted result",
        file="storage/job.py",
        old="return is_made and self.deleted_at is None",
        new="return is_made",
        tests=(_SCENARIO + "test_a_result_is_deleted_once_its_asker_has_confirmed_it",),
    ),
)
