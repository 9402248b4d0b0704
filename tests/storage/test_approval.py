"""Tests of who decides about a request, and until when."""

from __future__ import annotations

from decimal import Decimal

import pytest

from storage.approval import (
    APPROVAL_SECONDS,
    ApprovalRule,
    Approvers,
    approvers_for,
    due_next,
    half_time,
    may_decide,
    reminder_times,
    terms_of,
)
from storage.job import Question, QuestionKind

HOUR = 3600.0
GENERAL = ApprovalRule(team="T1", above=Decimal(5), approvers=("U7", "U8"), place="C9")
OWN = ApprovalRule(team="T1", channel="C1", approvers=("U6",), seconds=2 * HOUR)


def approvers(asker: str, *rules: ApprovalRule, admins: tuple[str, ...] = ()) -> Approvers:
    """Return who decides about a request of the channel C1."""
    return approvers_for(terms_of(rules, admins, "C1"), asker)


def question(seconds: float = APPROVAL_SECONDS, reminders: int = 0) -> Question:
    """Return a question that approvers were asked at 1000."""
    return Question(
        kind=QuestionKind.APPROVE_PRICE,
        expires_at=1000.0 + seconds,
        asked_at=1000.0,
        reminders=reminders,
    )


def test_a_channels_rule_goes_before_the_workspaces_part_by_part() -> None:
    here = terms_of([GENERAL, OWN], ["U9"], "C1")
    assert (here.above, here.seconds, here.allows_own) == (Decimal(5), 2 * HOUR, False)
    assert here.tiers == (("U6",), ("U7", "U8"), ("U9",))
    elsewhere = terms_of([GENERAL, OWN], ["U9"], "C2")
    assert (elsewhere.tiers[0], elsewhere.seconds) == ((), APPROVAL_SECONDS)


def test_the_channels_approvers_decide_else_the_workspaces_else_admins() -> None:
    made = approvers("U1", GENERAL, OWN, admins=("U9", "U7"))
    assert made == Approvers(users=("U6",), fallback=("U7", "U8", "U9"))
    made = approvers("U1", GENERAL, admins=("U9",))
    assert made == Approvers(users=("U7", "U8"), place="C9", fallback=("U9",))
    assert approvers("U1", admins=("U9",)) == Approvers(users=("U9",))
    assert approvers("U1") == Approvers()


def test_nobody_decides_about_their_own_request() -> None:
    """The next ones do, so that one who is the channel's only approver is not stuck."""
    assert approvers("U7", GENERAL).users == ("U8",)
    assert approvers("U6", GENERAL, OWN).users == ("U7", "U8")
    assert approvers("U9", admins=("U9",)) == Approvers()


def test_an_asker_decides_if_there_is_nobody_else_and_a_rule_allows_it() -> None:
    allows = ApprovalRule(team="T1", allows_own=True)
    assert approvers("U9", allows, admins=("U9",)).users == ("U9",)
    assert approvers("U9", allows, admins=("U9", "U8")).users == ("U8",)
    assert approvers("U1", allows, admins=()).users == ()
    forbids = ApprovalRule(team="T1", channel="C1", allows_own=False)
    assert approvers("U9", allows, forbids, admins=("U9",)).users == ()


def test_the_fallback_decides_once_half_the_time_is_over() -> None:
    made, asked = Approvers(users=("U7",), fallback=("U9",)), question()
    half = half_time(asked)
    assert half == 1000.0 + 12 * HOUR
    assert [may_decide(made, asked, "U9", at) for at in (half - 1, half)] == [False, True]
    assert may_decide(made, asked, "U7", 1000.0)
    assert not may_decide(made, asked, "U1", half)


@pytest.mark.parametrize(
    ("seconds", "hours"), [(24 * HOUR, (4, 12)), (168 * HOUR, (4, 84)), (8 * HOUR, (4,))]
)
def test_approvers_are_reminded_after_four_hours_and_at_half_time(
    seconds: float, hours: tuple[int, ...]
) -> None:
    times = [(at - 1000.0) / HOUR for at in reminder_times(question(seconds))]
    assert times == [*hours]


def test_what_is_due_next_is_a_reminder_and_then_the_end() -> None:
    dues = [(due_next(question(reminders=n)) - 1000.0) / HOUR for n in range(3)]
    assert dues == [4, 12, 24]
