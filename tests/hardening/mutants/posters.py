"""Faults in posters, and in what is left of a message whose picture is gone."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_POSTER = "tests/notifications/test_poster.py::"
_FILMS = "tests/media/test_films.py::"
_CHAT = "tests/slack/test_chat.py::"
_WRITES = "tests/storage/test_job_writes.py::"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="overlooks a poster that comes during a step",
        file="storage/sqlite/job_writes.py",
        old="    if (row.film, row.review, row.deleted_at) != (after.film, after.review",
        new="    if (row.review, row.deleted_at) != (after.review",
        tests=(_WRITES + "test_a_film_that_comes_during_a_step_is_kept_and_shown_after_it",),
    ),
    Mutant(
        name="keeps a video of any length",
        file="bot/media/films.py",
        old="            if size > most_bytes:\n",
        new="            if size > 1000 * most_bytes:\n",
        tests=(_FILMS + "test_a_video_that_is_too_long_is_not_kept",),
    ),
    Mutant(
        name="reads the cost again for each poster",
        file="bot/steps/reconcile.py",
        old="        if late.cost_actual == late.cost_shown:\n",
        new="        if late.cost_actual == late.cost_shown and pause is not None:\n",
        tests=(_POSTER + "test_a_poster_costs_no_read_of_the_cost",),
    ),
    Mutant(
        name="loses the words with a picture that is gone",
        file="bot/slack/pictures.py",
        old="        if error.code not in REFUSALS or plain == list(blocks):\n",
        new="        if error.code or plain == list(blocks):\n",
        tests=(_CHAT + "test_a_message_goes_without_a_picture_that_slack_does_not_show",),
    ),
    Mutant(
        name="shows a picture at once",
        file="bot/notifications/picture.py",
        old="    return state.is_picture\n",
        new="    return state.uploaded\n",
        tests=(_POSTER + "test_a_file_that_slack_has_not_looked_at_is_not_shown_yet",),
    ),
)
