"""Approvals in one world: who approves, what they press, and what must hold of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.jobs.approvals import DecisionAnswer
from storage.budget import Policy, UnknownPrice
from storage.job import REQUESTED, Decision, DecisionKind, Job
from storage.notification import APPROVAL_KINDS, Notification
from tests.simulation.money import APPROVAL_SECONDS, APPROVERS
from tests.simulation.workspace import PostedMessage
from tests.simulation.world import World

_KINDS = {
    DecisionAnswer.APPROVE: DecisionKind.APPROVED,
    DecisionAnswer.APPROVE_BEYOND_CAPS: DecisionKind.APPROVED_BEYOND_CAPS,
    DecisionAnswer.DENY: DecisionKind.DENIED,
}
_ENDS = ("Approved", "Denied", "Nobody decided")


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Somebody presses a button of a card, after a while."""

    by: str
    answer: DecisionAnswer
    delay: float


def draw_presses(chance: random.Random, asker: str) -> Sequence[Press]:
    """Return who presses what about one request: allowed or not, in time or not, once or more."""
    approve, deny = DecisionAnswer.APPROVE, DecisionAnswer.DENY
    beyond = DecisionAnswer.APPROVE_BEYOND_CAPS
    delay = chance.choice((1.0, 20.0, 600.0, APPROVAL_SECONDS - 1, APPROVAL_SECONDS + 1))
    script = chance.choice(
        (
            (),
            (("U7", approve),),
            (("U7", approve), ("U8", approve), ("U7", approve)),
            (("U8", deny), ("U7", approve)),
            (("U7", approve), ("U8", beyond)),
            ((asker, approve), ("U3", beyond)),
            ((asker, beyond), ("U8", approve)),
        )
    )
    return [Press(by=by, answer=answer, delay=delay) for by, answer in script]


class ApprovalBook:
    """Checks that what needs an approval has one, of somebody allowed who pressed the button."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pressed: set[tuple[str, str, DecisionKind]] = set()
        budgets = world.budgets
        self._rule = None if budgets is None else budgets.approval
        self._policy = Policy() if budgets is None else budgets.policy

    def press(self, job_id: str, by: str, answer: DecisionAnswer) -> None:
        """Note that somebody presses a button."""
        self._pressed.add((job_id, by, _KINDS[answer]))

    def check(self, before: Job | None, row: Job, *, clock_errs: bool) -> None:
        """Check a row that the store has just handed out."""
        known = None if before is None else before.decision
        # The time of a decision is corrected if a clock was wrong.
        if known is not None and (row.decision is None or _is_other(known, row.decision)):
            self._world.violate("the first decision stands", row.id)
        decision, question = row.decision, row.question
        if decision is not None:
            self._check_decision(row, decision)
            is_late = question is not None and decision.at >= question.expires_at
            if is_late and not clock_errs:
                self._world.violate("a decision is in time", row.id)
        is_approved = decision is not None and decision.kind is not DecisionKind.DENIED
        was_asked = question is not None and question.is_for_approvers
        # What is planned is approved at its time, or ends before that.
        counts = row.stage in REQUESTED and (row.starts_at is None or row.counted_on is not None)
        if counts and not is_approved and (was_asked or self._is_above(row)):
            self._world.violate("what needs an approval has one", row.id)

    def _check_decision(self, row: Job, decision: Decision) -> None:
        if decision.by not in APPROVERS or decision.by == row.user:
            self._world.violate("only approvers decide", f"{row.id}: {decision.by}")
        if (row.id, decision.by, decision.kind) not in self._pressed:
            self._world.violate("only approvers decide", f"{row.id}: {decision}")

    def _is_above(self, row: Job) -> bool:
        if self._rule is None or self._rule.above is None:
            return False
        if row.reserved is None:
            return self._policy.unknown_price is UnknownPrice.ASK
        return row.reserved > self._rule.above

    def at_rest(
        self, rows: Iterable[Notification], posts: Sequence[PostedMessage], disturbed: set[str]
    ) -> None:
        """Check that every card tells the end. A backup may not know of a card."""
        if self._world.is_restored:
            return
        cards = {row.delivery.ts for row in rows if row.kind in APPROVAL_KINDS and not row.problem}
        for said in posts:
            if said.ts not in cards or said.deleted or said.place.channel in disturbed:
                continue
            end = next((end for end in _ENDS if end in said.text), None)
            if end is None:
                self._world.violate("a card tells the end", said.text)
            self._world.count(f"card: {end}")


def _is_other(one: Decision, other: Decision) -> bool:
    return (one.kind, one.by) != (other.kind, other.by)
