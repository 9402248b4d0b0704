"""Faults in what people meet when they ask for a price, mistype, or press again after a restore."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_DRY = "tests/listeners/test_dry_run.py::"
_ALERT = "tests/notifications/test_budget.py::"
_SHARE = "tests/notifications/test_share.py::"

MUTANTS = (
    Mutant(
        name="renders what the form was only to show",
        file="bot/listeners/form_request.py",
        old="is_dry=is_dry, at=start.at",
        new="at=start.at",
        tests=(_DRY + "test_the_form_shows_what_it_would_send_and_makes_no_job",),
    ),
    Mutant(
        name="tells no refusal in a dry run",
        file="bot/jobs/dry_run.py",
        old="uses = {one: await budgets.use(*one) for one in counted}",
        new="uses = {one: type(await budgets.use(*one))() for one in counted}",
        tests=(_DRY + "test_a_dry_run_tells_what_budgets_would_say",),
    ),
    Mutant(
        name="shares again after a restore",
        file="bot/notifications/place.py",
        old="    first = min(known)\n    return searched_since(",
        new="    first = min(known)\n    return MESSAGE_SLOT if first else searched_since(",
        tests=(
            _SHARE + "test_a_share_that_a_backup_does_not_know_is_found_and_not_repeated",
            "tests/notifications/test_unreadable.py",
        ),
    ),
    Mutant(
        name="keeps a share back where a channel has too many messages",
        file="bot/notifications/place.py",
        old="must_find=False)",
        new="must_find=True)",
        tests=(
            _SHARE + "test_a_channel_with_too_many_messages_gets_the_video_all_the_same",
            _ALERT + "test_a_channel_with_too_many_messages_is_told_all_the_same",
        ),
    ),
    Mutant(
        name="sums the month of UTC in Home",
        file="bot/jobs/budget_view.py",
        old="    month = period_of(Window.MONTH, day_at(now, calendar), calendar)",
        new="    month = period_of(Window.MONTH, day_at(now, Calendar()), Calendar())",
        tests=(
            "tests/listeners/test_home_queue.py::test_the_spend_is_that_of_the_workspaces_month",
        ),
    ),
    Mutant(
        name="renders a mistyped cap",
        file="bot/listeners/subcommands/near_command.py",
        old="    meant = _corrected(words, typed, context) or _in_a_thread(words, context)\n",
        new="    meant = None\n",
        tests=("tests/listeners/test_intent.py::test_a_near_miss_of_a_word_is_mistyped",),
    ),
    Mutant(
        name="books what was to be taken from the book",
        file="bot/cli/credit.py",
        old="amount=-figure if is_taken else figure",
        new="amount=figure",
        tests=("tests/cli/test_credit.py::test_what_is_booked_less_what_is_held_is_left",),
    ),
)
