"""Faults in the media process, in the count of crashes and in what is done with unreadable rows."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_IMAGES = "tests/media/test_images.py::"
_PROCESS = "tests/media/test_process.py::"
_CRASHES = "tests/worker/test_crashes.py::"
_UNREADABLE = "tests/storage/test_unreadable.py::"

MUTANTS = (
    Mutant(
        name="decodes an image of any number of pixels",
        file="bot/media/images.py",
        old="if image.width * image.height > MOST_PIXELS:",
        new="if image.width * image.height < 0:",
        tests=(_IMAGES + "test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded",),
    ),
    Mutant(
        name="gives the media process the bot's secrets",
        file="bot/media/bounds.py",
        old="return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}",
        new="return dict(os.environ)",
        tests=(_PROCESS + "test_the_child_has_none_of_the_bots_secrets",),
    ),
    Mutant(
        name="takes the answer to a cancelled task for that to the next",
        file="bot/media/process.py",
        old='            await self._give_up("cancelled")\n            raise\n'
        "\n    async def _started",
        new="            raise\n\n    async def _started",
        tests=(_PROCESS + "test_a_task_that_is_cancelled_leaves_no_answer_for_the_next",),
    ),
    Mutant(
        name="counts a stop in order as a crash",
        file="storage/sqlite/session.py",
        old="crashed = not forget_stop(db)",
        new="crashed = forget_stop(db) or True",
        tests=(_CRASHES + "test_a_stop_in_order_that_cuts_a_step_off_is_no_crash",),
    ),
    Mutant(
        name="runs suspects beside each other",
        file="bot/worker/suspects.py",
        old="        return self._holder is None\n",
        new="        return True\n",
        tests=(_CRASHES + "test_two_killers_are_told_from_their_neighbours",),
    ),
    Mutant(
        name="never parks what kills it",
        file="bot/worker/engine.py",
        old="if claim.row.crashes >= MOST_CRASHES:",
        new="if claim.row.crashes < 0:",
        tests=(_CRASHES + "test_the_killer_among_twelve_in_flight_is_parked_after_three_deaths",),
    ),
    Mutant(
        name="forgets to set the count back when a step has ended",
        file="bot/worker/result.py",
        old="done = replace(result.row, due_at=None, attempts=0, crashes=0)",
        new="done = replace(result.row, due_at=None, attempts=0)",
        tests=(_CRASHES + "test_each_result_ends_the_count",),
    ),
    Mutant(
        name="lets a row that is not UTF-8 stop the others",
        file="storage/sqlite/connection.py",
        old='connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")',
        new='connection.text_factory = partial(str, encoding="utf-8", errors="strict")',
        tests=(
            _UNREADABLE + "test_a_job_that_cannot_be_read_is_parked_and_the_next_one_is_claimed"
            "[sqlite, not UTF-8]",
        ),
    ),
    Mutant(
        name="lets one setting that cannot be read hide those of all channels",
        file="storage/sqlite/settings.py",
        old="except (ValueError, RecursionError):",
        new="except RecursionError:",
        tests=(_UNREADABLE + "test_a_setting_that_cannot_be_read_counts_as_none",),
    ),
    Mutant(
        name="keeps a row due that cannot be read",
        file="storage/sqlite/unreadable.py",
        old="        due_at = NULL, lease_until = NULL, fence = fence + 1\n    WHERE seq = :seq\n"
        '"""  # noqa',
        new='        fence = fence + 1\n    WHERE seq = :seq\n"""  # noqa',
        tests=(
            _UNREADABLE + "test_a_job_that_cannot_be_read_is_parked_and_the_next_one_is_claimed",
        ),
    ),
)
