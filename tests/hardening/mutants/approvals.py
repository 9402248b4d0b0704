"""Faults in who approves, when, and what is told of it."""

from __future__ import annotations

from tests.hardening.mutant import Mutant

_RULES = "storage/approval.py"
_ADMISSIONS = "storage/admission.py"
_DECIDED = "tests/storage/test_approval.py"
_STORED = "tests/storage/test_approvals.py"
_TOLD = "tests/notifications/test_approval.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        name="lets askers approve their own requests",
        file=_RULES,
        old="tuple(user for user in tier if user != asker) for tier",
        new="tuple(tier) for tier",
        tests=(f"{_DECIDED}::test_nobody_decides_about_their_own_request",),
    ),
    Mutant(
        name="lets the fallback decide at once",
        file=_RULES,
        old="    return by in approvers.fallback and now >= half_time(question)\n",
        new="    return by in approvers.fallback\n",
        tests=(f"{_STORED}::test_the_fallback_decides_from_half_time_on",),
    ),
    Mutant(
        name="lets anybody decide",
        file=_ADMISSIONS,
        old="    if job.question is not None and may_decide(approvers, job.question, by, now):\n",
        new="    if job.question is not None:\n",
        tests=(f"{_STORED}::test_who_is_no_approver_decides_nothing",),
    ),
    Mutant(
        name="takes a confirmation of the asker for an approval",
        file=_ADMISSIONS,
        old="    return question.is_for_approvers is for_approvers\n",
        new="    return True\n",
        tests=(f"{_STORED}::test_what_the_asker_confirms_may_then_wait_for_an_approver",),
    ),
    Mutant(
        name="goes beyond a hard cap with every approval",
        file="storage/sqlite/admissions.py",
        old="    consent = Consent.BEYOND_CAPS if beyond_caps else Consent.APPROVED\n",
        new="    consent = Consent.BEYOND_CAPS\n",
        tests=(f"{_STORED}::test_an_asker_may_have_an_approver_asked_beyond_a_hard_cap",),
    ),
    Mutant(
        name="lets an unknown price pass every approval limit",
        file="storage/budget.py",
        old="_held(jobs) > above or (asks and any(job.reserved is None for job in jobs))",
        new="_held(jobs) > above or (asks and not jobs)",
        tests=(
            f"{_STORED}::test_an_unknown_price_needs_approval_unless_the_workspace_says_otherwise",
        ),
    ),
    Mutant(
        name="forgets a change that comes while a card is posted",
        file="storage/notification.py",
        old="        return (self.changed_at,)\n",
        new="        return ()\n",
        tests=(f"{_TOLD}::test_a_decision_while_a_card_is_posted_is_shown_all_the_same",),
    ),
)
