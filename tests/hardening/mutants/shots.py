"""Faults in shots: what follows from them, in whose words they are sent, and their order."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_READ = "tests/options/test_shots.py"
_DRAWN = "tests/messages/test_modal.py"
_HEARD = "tests/listeners/test_storyboard.py"
_PRICED = "tests/listeners/test_prices.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="renders another length than the one that was typed beside shots",
        file="bot/options/request.py",
        old="            values = {**implied_by_shots(model, values), **values}\n",
        new="            values = {**values, **implied_by_shots(model, values)}\n",
        tests=(f"{_READ}::test_what_only_mindvideo_knows_is_asked_about",),
    ),
    Mutant(
        name="pays for a style around an ignored prompt",
        file="bot/options/request.py",
        old="            values |= _composed_shots(model, style, values)\n",
        new="",
        tests=(f"{_READ}::test_the_words_of_a_style_go_around_each_shot",),
    ),
    Mutant(
        name="renders words of a reply that are ignored, without a question",
        file="bot/options/request.py",
        old="    if PROMPT in given.values:\n        # Other words",
        new="    if PROMPT in given.values and not known:\n        # Other words",
        tests=(
            f"{_READ}::test_other_words_in_a_thread_are_asked_about_and_a_new_prompt_replaces_the_shots",
        ),
    ),
    Mutant(
        name="shows the words of a style in each shot",
        file="bot/options/mentions.py",
        old="asked_items(job.style.words, value)",
        new='asked_items("", value)',
        tests=(f"{_HEARD}::test_a_style_goes_around_each_shot_and_is_shown_by_its_name_alone",),
    ),
    Mutant(
        name="tells the price without the seconds of shots whose words are entered later",
        file="bot/listeners/modals.py",
        old="input={**fitted, **(length or {})},",
        new="input=fitted,",
        tests=(f"{_PRICED}::test_the_price_of_shots_is_that_of_all_their_seconds",),
    ),
    Mutant(
        name="renders the length of a style that a reply puts on shots",
        file="bot/options/request.py",
        old="style_values(style, model, said, problems)",
        new="style_values(style, model, given.values, problems)",
        tests=(f"{_READ}::test_a_style_that_a_reply_puts_on_shots_leaves_their_length",),
    ),
    Mutant(
        name="forgets a press on a shot's button at the next change",
        file="bot/listeners/form_redraws.py",
        old="else form.edits.get(view.hash)",
        new="else None",
        tests=(f"{_HEARD}::test_a_change_on_the_heels_of_a_press_keeps_what_the_press_did",),
    ),
    Mutant(
        name="moves a shot where it was",
        file="bot/options/form_items.py",
        old="max(0, edit.number - 2)",
        new="max(0, edit.number - 1)",
        tests=(f"{_READ}::test_a_press_moves_or_removes_a_shot_as_it_was_entered",),
    ),
    Mutant(
        name="leaves what was entered in the field of another shot",
        file="bot/messages/modal.py",
        old="if self.is_moved and self.moves",
        new="if self.is_moved and not self.moves",
        tests=(f"{_DRAWN}::test_fields_that_were_moved_have_other_ids",),
    ),
)
