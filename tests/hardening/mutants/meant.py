"""Faults in what is asked about before it is rendered, because it may not be meant."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_CUT = "tests/options/test_cut_values.py"
_INTENT = "tests/listeners/test_intent.py"
_DOUBTS = "tests/options/test_doubts.py"
_LISTENERS = "tests/listeners"
_NOTES = "tests/options/test_notes.py"
_SHOTS = "tests/options/test_shots.py"
_UNREAD = "tests/options/test_unread_patterns.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="renders the words behind free text",
        file="bot/options/cut_values.py",
        old="    if not is_text or (flag.is_quoted and not goes_on):\n",
        new="    if not is_text or not goes_on:\n",
        tests=(f"{_CUT}::test_a_value_that_may_go_on_is_asked_about_in_a_change",),
    ),
    Mutant(
        name="asks about words behind a value in quotes",
        file="bot/options/cut_values.py",
        old="    if not is_text or (flag.is_quoted and not goes_on):\n",
        new="    if not is_text:\n",
        tests=(f"{_CUT}::test_a_value_that_is_whole_is_not_asked_about",),
    ),
    Mutant(
        name="renders at another time than the words behind it say",
        file="bot/options/cut_values.py",
        old='    if name == f"--{AT_FLAG}" and _OF_A_TIME.match(rest):\n',
        new='    if name == f"--{AT_FLAG}" and _OF_A_REPEAT.fullmatch(rest):\n',
        tests=(f"{_CUT}::test_a_value_that_may_go_on_is_asked_about",),
    ),
    Mutant(
        name="renders with sound what says that the sound is off",
        file="bot/options/cut_values.py",
        old="    if first.strip(_MARKS).casefold() in _OFF:\n",
        new="    if first in _OFF:\n",
        tests=(f"{_CUT}::test_a_word_that_would_switch_a_boolean_off_is_asked_about",),
    ),
    Mutant(
        name="asks about what stands in a line of its own",
        file="bot/options/cut_values.py",
        old='    return "\\n" in before[len(before.rstrip()) :]\n',
        new='    return "\\n\\n" in before[len(before.rstrip()) :]\n',
        tests=(f"{_CUT}::test_a_value_that_is_whole_is_not_asked_about",),
    ),
    Mutant(
        name="renders lines that look like shots as one video",
        file="bot/options/unread_patterns.py",
        old="    if len(lines) > 1:\n",
        new="    if len(lines) > 2:\n",
        tests=(f"{_UNREAD}::test_lines_that_look_like_shots_are_asked_about",),
    ),
    Mutant(
        name="renders a mistyped subcommand because it has an option",
        file="bot/listeners/subcommands/near_command.py",
        old="        return _before_options(typed, context)\n",
        new="        return None\n",
        tests=(f"{_INTENT}::test_a_near_miss_of_a_word_is_mistyped",),
    ),
    Mutant(
        name="renders a single word that is mistyped English",
        file="bot/listeners/subcommands/near_command.py",
        old="PLAIN_WORDS - NO_SCENES if is_alone else PLAIN_WORDS",
        new="PLAIN_WORDS",
        tests=(f"{_INTENT}::test_a_near_miss_of_a_word_is_mistyped",),
    ),
    Mutant(
        name="renders a cap that lacks its verb",
        file="bot/listeners/subcommands/near_command.py",
        old="        for opening in context.table[word].openings:\n",
        new="        for opening in ():\n",
        tests=(f"{_INTENT}::test_a_command_in_the_words_of_a_sentence_is_mistyped",),
    ),
    Mutant(
        name="renders the value of an option as a change of the scene",
        file="bot/options/request.py",
        old="spoken_values(split, meanings, is_change=scene is not None)",
        new="()",
        tests=("tests/options/test_doubts.py::test_values_that_are_all_the_words_are_asked_about",),
    ),
    Mutant(
        name="deletes a video for a question",
        file="bot/listeners/subcommands/thread_doubts.py",
        old='    if "?" in word:\n',
        new='    if "??" in word:\n',
        tests=(f"{_INTENT}::test_words_in_a_thread_that_may_not_be_meant_are_refused",),
    ),
    Mutant(
        name="keeps out of the picture what was to be switched off",
        file="bot/options/request.py",
        old="            *joined_flags(split, meanings),\n",
        new="",
        tests=(
            "tests/options/test_defaults.py::test_invalid_defaults_are_refused_with_their_option",
        ),
    ),
    Mutant(
        name="approves for a condition",
        file="bot/listeners/subcommands/thread_doubts.py",
        old=" or not _DOUBTS.isdisjoint(said)",
        new="",
        tests=(f"{_INTENT}::test_words_in_a_thread_that_may_not_be_meant_are_refused",),
    ),
    Mutant(
        name="renders a question to the bot",
        file="bot/listeners/subcommands/intent.py",
        old="    if not context.is_conversation and not _is_said(talk, text):\n",
        new="    if not context.is_conversation:\n",
        tests=(f"{_INTENT}::test_small_talk_in_a_command",),
    ),
    Mutant(
        name="renders what is to be managed",
        file="bot/listeners/subcommands/near_command.py",
        old=" or _managed(words, context)\n",
        new="\n",
        tests=(f"{_INTENT}::test_a_command_in_the_words_of_a_sentence_is_mistyped",),
    ),
    Mutant(
        name="deletes the newest video in the thread of another",
        file="bot/listeners/subcommands/thread.py",
        old='        refuse_last(word, "".join(following))\n',
        new="        pass\n",
        tests=(f"{_INTENT}::test_the_newest_video_is_not_that_of_a_thread",),
    ),
    Mutant(
        name="continues a video that is to be continued later",
        file="bot/listeners/subcommands/thread.py",
        old='        refuse_condition(word, "".join(following))\n',
        new="",
        tests=(f"{_INTENT}::test_words_in_a_thread_that_may_not_be_meant_are_refused",),
    ),
    Mutant(
        name="replaces a scene by notes that look like shots",
        file="bot/options/request.py",
        old="    if found is None or not given.has_shots or given.replaces",
        new="    if found is not None or given.replaces",
        tests=(f"{_SHOTS}::test_lines_in_the_thread_of_a_scene_may_be_notes_and_are_asked_about",),
    ),
    Mutant(
        name="charges a note whose time stands inside its line",
        file="bot/options/notes.py",
        old="        _refuse_time_inside(lines, lasts)\n",
        new="",
        tests=(
            "tests/options/test_notes.py::test_a_time_of_the_video_within_a_line_is_asked_about",
        ),
    ),
    Mutant(
        name="starts at once what is to start tomorrow",
        file="bot/options/unread_patterns.py",
        old="    yield from _words_like_a_start(split)\n",
        new="",
        tests=(f"{_UNREAD}::test_a_start_in_words_is_asked_about",),
    ),
    Mutant(
        name="renders a question for a price",
        file="bot/listeners/subcommands/intent.py",
        old="    if priced is not None:\n",
        new="    if priced == '':\n",
        tests=(f"{_INTENT}::test_who_asks_for_a_price_is_told_how_to_see_it",),
    ),
    Mutant(
        name="renders words that name nothing to show",
        file="bot/options/request.py",
        old="                or (() if shows_more else nothing_to_show(split))\n",
        new="",
        tests=(f"{_DOUBTS}::test_a_request_that_names_nothing_to_show_is_asked_about",),
    ),
    Mutant(
        name="asks again in no project",
        file="bot/options/request.py",
        old="        request, project=previous.project, style=previous.style, at",
        new="        request, style=previous.style, at",
        tests=(
            f"{_LISTENERS}/test_approvals.py::test_who_asks_again_asks_for_the_same_in_its_project",
        ),
    ),
    Mutant(
        name="renders a reply under a shared video by itself",
        file="bot/listeners/subcommands/router.py",
        old="    if is_under_shared and isinstance(intent, Prompt):\n",
        new="    if is_under_shared and job is not None:\n",
        tests=(
            f"{_LISTENERS}/test_sharing.py::test_a_reply_under_a_shared_video_changes_it_in_its_own_channel",
        ),
    ),
    Mutant(
        name="shows what the asker saved to whoever presses",
        file="bot/listeners/modals.py",
        old="    asker = _Asker(team=interaction.team, user=interaction.user)\n    said",
        new="    asker = _Asker(team=job.team, user=job.user)\n    said",
        tests=(
            "tests/listeners/test_styles.py::test_the_form_has_what_is_saved_for_whoever_presses",
        ),
    ),
)
