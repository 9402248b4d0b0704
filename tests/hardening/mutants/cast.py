"""Faults in the cast: whose picture is used, and how its copy comes to Slack."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_BROUGHT = "tests/notifications/test_cast_copy.py"
_HEARD = "tests/listeners/test_cast.py"
_READ = "tests/options/test_cast.py"
_STORED = "tests/storage/test_saved.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="gives a member the picture of an earlier save",
        file="storage/sqlite/saved.py",
        old='_HAS_VALUE = "kind = :kind AND scope = :scope AND value = :before"\n',
        new='_HAS_VALUE = "kind = :kind AND scope = :scope"\n',
        tests=(f"{_STORED}::test_a_value_is_replaced_where_it_is_the_same",),
    ),
    Mutant(
        name="makes another copy of a save that is delivered again",
        file="storage/sqlite/saved.py",
        old="    if told is not None and notifications.find(db, told.id) is not None:\n",
        new="    if told is None and not key.name:\n",
        tests=(f"{_BROUGHT}::test_the_same_save_again_changes_nothing",),
    ),
    Mutant(
        name="looks for the words of before in another person's cast",
        file="bot/options/request.py",
        old='    given_prompt = prompt or str(values.get(PROMPT) or "")\n',
        new='    given_prompt = str(values.get(PROMPT) or "")\n',
        tests=(
            f"{_HEARD}::test_a_reply_of_another_person_does_not_take_their_member_of_that_name",
        ),
    ),
    Mutant(
        name="keeps the earlier picture of a member beside the new one",
        file="bot/options/cast.py",
        old="        former = {file_id for member in members for file_id in member.former}\n",
        new="        former: set[str] = set()\n",
        tests=(f"{_HEARD}::test_a_member_that_is_saved_anew_has_its_new_picture_alone",),
    ),
    Mutant(
        name="brings the copy of a member that was saved anew",
        file="bot/notifications/cast_copy.py",
        old="    return next((one for one in found if _member(one).copying == row.id), None)\n",
        new="    return next((one for one in found if _member(one).copying), None)\n",
        tests=(f"{_BROUGHT}::test_a_member_that_is_saved_anew_meanwhile_has_the_newer_picture",),
    ),
    Mutant(
        name="takes a piece of the name of a person who is mentioned for a member",
        file="bot/options/cast_names.py",
        old="    return frozenset(names_in(",
        new="    return frozenset(people) or frozenset(names_in(",
        tests=(f"{_READ}::test_a_person_who_is_mentioned_is_no_member",),
    ),
    Mutant(
        name="takes a word with another ending for text, without a question",
        file="bot/options/cast_names.py",
        old="_LONGEST_ENDING = 3\n",
        new="_LONGEST_ENDING = 0\n",
        tests=(f"{_READ}::test_a_name_that_is_nearly_a_members_is_asked_about",),
    ),
)
