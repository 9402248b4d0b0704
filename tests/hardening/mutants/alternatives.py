"""Faults in what is asked for at once: what is read, and what a form tells before it starts."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_READ = "tests/options/test_sets.py"
_HEARD = "tests/listeners/test_sets.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="reads alternatives behind a lone `--`",
        file="bot/options/alternatives.py",
        old="    end = len(typed.text.rstrip()) - len(typed.rest)\n",
        new="    end = len(typed.text)\n",
        tests=(f"{_READ}::test_a_text_stands_for_texts_in_the_order_of_a_reader",),
    ),
    Mutant(
        name="starts several videos from a form that told the price of one",
        file="bot/listeners/form_request.py",
        old="    if len(requests) > 1 and len(requests) != state.parts and not is_dry:\n",
        new="    if len(requests) > 99:\n",
        tests=(f"{_HEARD}::test_a_form_tells_the_price_of_all_before_it_makes_them",),
    ),
    Mutant(
        name="makes alternatives that come to the same twice",
        file="bot/options/sets.py",
        old="        if request not in unique:\n",
        new="        if True:\n",
        tests=(f"{_HEARD}::test_alternatives_that_come_to_the_same_are_one_video",),
    ),
    Mutant(
        name="makes what is only to be shown if another alternative is not",
        file="bot/jobs/accept.py",
        old="    if any(request.is_dry for request in requests):\n",
        new="    if requests[0].is_dry:\n",
        tests=(f"{_HEARD}::test_what_makes_no_set_is_told_once_and_charged_nothing",),
    ),
    Mutant(
        name="reads the number of a part in any thread",
        file="bot/listeners/subcommands/set_part.py",
        old="        if before is None or (before.channel, before.thread_root) != here:\n",
        new="        if before is None:\n",
        tests=(f"{_HEARD}::test_elsewhere_a_number_names_no_part_of_a_set",),
    ),
)
