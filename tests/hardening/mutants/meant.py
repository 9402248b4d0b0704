"""Faults in what is asked about before it is rendered, because it may not be meant."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_DOUBTS = "tests/options/test_doubts.py"
_INTENT = "tests/listeners/test_intent.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="renders the words behind free text that the prompt does not need",
        file="bot/options/doubts.py",
        old="    return is_text and (is_listed or has_prompt)\n",
        new="    return is_text and is_listed\n",
        tests=(f"{_DOUBTS}::test_a_value_that_may_go_on_is_asked_about",),
    ),
    Mutant(
        name="takes the words behind free text for new ones of the earlier prompt",
        file="bot/options/request.py",
        old="            *cut_values(typed, split, meanings, is_change=scene is not None),\n",
        new="            *cut_values(typed, split, meanings, is_change=False),\n",
        tests=(f"{_DOUBTS}::test_a_value_that_may_go_on_is_asked_about_in_a_change",),
    ),
    Mutant(
        name="asks about words behind a value in quotes",
        file="bot/options/doubts.py",
        old="        if meaning is None or not words or flag.is_quoted:\n",
        new="        if meaning is None or not words:\n",
        tests=(f"{_DOUBTS}::test_a_value_that_is_whole_is_not_asked_about",),
    ),
    Mutant(
        name="renders with sound what says that the sound is off",
        file="bot/options/doubts.py",
        old="        if flag.value is None and _switches_off(meaning, words[0].value):\n",
        new="        if flag.value and _switches_off(meaning, words[0].value):\n",
        tests=(f"{_DOUBTS}::test_a_word_that_would_switch_a_boolean_off_is_asked_about",),
    ),
    Mutant(
        name="renders a mistyped subcommand because it has an option",
        file="bot/listeners/subcommands/intent.py",
        old="            return _corrected(words, context) or _meant(words[:1], context)\n",
        new="            return _corrected(words, context)\n",
        tests=(f"{_INTENT}::test_a_near_miss_of_a_word_is_mistyped",),
    ),
)
