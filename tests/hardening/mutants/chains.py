"""Faults in chains of clips."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_JOINING = "tests/media/test_joining.py::"
_STITCH = "tests/notifications/test_stitch.py::"
_OPTIONS = "tests/options/test_continuation.py::"
_TAKES = "tests/jobs/test_chains.py::"

MUTANTS = (
    Mutant(
        name="takes the first frame for the last one",
        file="bot/media/stills.py",
        old="film.frame_at(math.inf if seconds is None else seconds, MOST_FRAMES)",
        new="film.frame_at(seconds or 0.0, MOST_FRAMES)",
        tests=("tests/media/test_films.py::test_the_last_frame_is_the_one_at_the_end",),
    ),
    Mutant(
        name="plays the clips of a film over each other",
        file="bot/media/joining.py",
        old="            begin = _copy_clip(",
        new="            _copy_clip(",
        tests=(_JOINING + "test_clips_that_match_are_copied",),
    ),
    Mutant(
        name="copies clips that do not match",
        file="bot/media/joining.py",
        old="is_copied = matches and not is_cut",
        new="is_copied = not is_cut",
        tests=(_JOINING + "test_clips_that_differ_are_encoded_in_the_form_of_the_first",),
    ),
    Mutant(
        name="lets the sound of a film run ahead of a silent clip",
        file="bot/media/joining.py",
        old="    while left:\n        silence",
        new="    while False:\n        silence",
        tests=(_JOINING + "test_sound_keeps_beside_its_picture",),
    ),
    Mutant(
        name="joins what a loop begins with",
        file="bot/options/continuation.py",
        old="return None if frame is None or frame.seconds == 0 else frame",
        new="return frame",
        tests=(_OPTIONS + "test_a_request_continues_what_its_first_frame_is_from",),
    ),
    Mutant(
        name="ends a continuation where the clip before it ended",
        file="bot/options/continuation.py",
        old="for key, value in kept.items() if key != model.frames.last}",
        new="for key, value in kept.items()}",
        tests=(_OPTIONS + "test_a_continuation_keeps_all_but_the_scene",),
    ),
    Mutant(
        name="lets the sound of one clip cover that of the next",
        file="bot/media/joining.py",
        old="        if not is_video and packet.pts * base >= until:\n            continue\n",
        new="",
        tests=(
            _JOINING + "test_sound_that_goes_on_behind_the_picture_does_not_cover_the_next_clip",
        ),
    ),
    Mutant(
        name="says that a film which cannot be made is in the thread",
        file="bot/jobs/actions.py",
        old="if before is not None and before.is_given_up else",
        new="if False else",
        tests=(
            _STITCH
            + "test_clips_that_cannot_be_joined_are_told_then_and_whenever_it_is_asked_again",
        ),
    ),
    Mutant(
        name="joins the end of a chain that is too long",
        file="bot/jobs/chains.py",
        old="if len(chain) == MOST_CLIPS and frame_before(chain[0].job, services) is not None:",
        new="if len(chain) > MOST_CLIPS:",
        tests=("tests/jobs/test_chains.py::test_a_chain_is_joined_whole_or_not_at_all",),
    ),
    Mutant(
        name="shows the takes of a channel to who is not in it",
        file="bot/jobs/takes.py",
        old="    if is_asked and not await",
        new="    if is_asked and await",
        tests=(_TAKES + "test_who_is_not_in_a_channel_sees_their_own_takes_alone",),
    ),
    Mutant(
        name="shows a clip that its reader may not see among the takes of its place",
        file="bot/jobs/takes.py",
        old="    if clip.id not in seen:\n",
        new="    if False:\n",
        tests=(_TAKES + "test_a_clip_that_a_reader_may_not_see_tells_nothing_of_itself",),
    ),
    Mutant(
        name="counts the takes that a reader may not see",
        file="bot/jobs/takes.py",
        old="(job.id in seen and job.stage in REQUESTED)",
        new="job.stage in REQUESTED",
        tests=(_TAKES + "test_the_takes_of_a_place_are_numbered_as_they_were_asked_for",),
    ),
    Mutant(
        name="takes a clip with another picture for a take of the continuation",
        file="bot/options/continuation.py",
        old="    return None if parent_place.startswith(_AFTER) else parent_place\n",
        new="    return parent_place\n",
        tests=(_OPTIONS + "test_a_job_is_a_take_of_one_place",),
    ),
    Mutant(
        name="asks Slack for the link to every take",
        file="bot/jobs/takes.py",
        old=" if job_id in seen][:MOST_LINKED]",
        new=" if job_id in seen]",
        tests=(_TAKES + "test_slack_is_asked_for_a_bounded_number_of_links",),
    ),
    Mutant(
        name="shows the first takes of a place in place of the last",
        file="storage/sqlite/job_reads.py",
        old="WHERE take_of = :place ORDER BY seq DESC LIMIT",
        new="WHERE take_of = :place ORDER BY seq LIMIT",
        tests=(
            "tests/storage/test_job_reads.py::test_the_takes_of_places_are_read_at_once_the_oldest_first",
        ),
    ),
)
