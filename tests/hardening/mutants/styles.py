"""Faults in what people save, and in whose words a prompt is composed."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_STORED = "tests/storage/test_saved.py"
_HEARD = "tests/listeners/test_styles.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="lets anybody overwrite a style",
        file="storage/sqlite/saved.py",
        old="        WHERE saved.made_by = :by OR :is_admin\n",
        new="        WHERE true OR :is_admin\n",
        tests=(f"{_STORED}::test_its_maker_or_an_admin_changes_it",),
    ),
    Mutant(
        name="adds the words of a change to the composed prompt",
        file="bot/options/request.py",
        old="    earlier = asked_values(previous)\n",
        new="    earlier = previous.input\n",
        tests=(f"{_HEARD}::test_a_change_in_a_thread_is_made_to_the_words_asked_for",),
    ),
    Mutant(
        name="shows the words of somebody else's style",
        file="bot/jobs/styles.py",
        old="    if used.words and used.words not in {one.value.words for one in placed}:\n",
        new="    if used.words and not used.name:\n",
        tests=(f"{_HEARD}::test_another_person_sees_a_style_by_its_name_alone",),
    ),
    Mutant(
        name="keeps the words that were asked for",
        file="storage/sqlite/retention.py",
        old="        style_prompt = iif(style_prompt IS NULL, NULL, '')\n",
        new="        style_prompt = style_prompt\n",
        tests=(
            "tests/storage/test_retention.py::test_what_users_wrote_is_erased_wherever_it_stands",
        ),
    ),
    Mutant(
        name="renders half of a style that was chosen a moment ago",
        file="bot/options/form.py",
        old="        values |= {} if is_filled_in else of_style\n",
        new="        values |= {} if of_style else of_style\n",
        tests=(f"{_HEARD}::test_a_style_that_was_chosen_a_moment_ago_counts_whole",),
    ),
)
