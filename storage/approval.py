"""Approval: who decides about a request that its asker may not decide alone, and until when. Pure.

A rule of a channel goes before that of the workspace, part by part. Who may decide is looked at
again when somebody decides, by the rules and the admins of that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from storage.job import Instant, Job, Question

APPROVAL_SECONDS = 24 * 3600.0
"""How long a request waits for its approvers, unless a rule says otherwise."""

LEAST_APPROVAL_SECONDS = 3600.0
MOST_APPROVAL_SECONDS = 7 * 24 * 3600.0

REMINDER_SECONDS = 4 * 3600.0
"""After so long the approvers are reminded for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """What a workspace or a channel says of approvals; what is `None` or empty is not said."""

    team: str
    channel: str = ""
    """Empty: the workspace's rule."""
    above: Decimal | None = None
    """A request whose forecast is higher waits for an approver."""
    approvers: tuple[str, ...] = ()
    place: str | None = None
    """The channel in which its approvers are asked; `None`: in direct messages."""
    seconds: float | None = None
    """How long a request waits."""
    allows_own: bool | None = None
    """Whether an asker may approve their own request where nobody else can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalTerms:
    """What applies to the requests of one channel."""

    above: Decimal | None = None
    tiers: tuple[tuple[str, ...], ...] = ()
    """The channel's approvers, the workspace's, and the admins."""
    places: tuple[str | None, ...] = ()
    """Where those of each tier are asked; `None`: in direct messages."""
    seconds: float = APPROVAL_SECONDS
    allows_own: bool = False


def terms_of(
    approvals: Sequence[ApprovalRule], admins: Sequence[str], channel: str
) -> ApprovalTerms:
    """Return what applies to the requests of a channel: its own rule before the workspace's."""
    own, general = _rule(approvals, channel), _rule(approvals, "")
    return ApprovalTerms(
        above=general.above if own.above is None else own.above,
        tiers=(own.approvers, general.approvers, tuple(admins)),
        places=(own.place, general.place, general.place),
        seconds=own.seconds or general.seconds or APPROVAL_SECONDS,
        allows_own=bool(general.allows_own if own.allows_own is None else own.allows_own),
    )


_NO_RULE = ApprovalRule(team="")


def _rule(approvals: Sequence[ApprovalRule], channel: str) -> ApprovalRule:
    return next((rule for rule in approvals if rule.channel == channel), _NO_RULE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """The users who may decide about a request, and where they are asked."""

    users: tuple[str, ...] = ()
    """Empty: nobody may."""
    place: str | None = None
    fallback: tuple[str, ...] = ()
    """Those who are asked, too, if the first do not decide."""


def approvers_for(terms: ApprovalTerms, asker: str) -> Approvers:
    """Return who decides about a request: the first tier with somebody beside its asker.

    Its asker is one only if there is nobody else, and the terms allow it.
    """
    others = [tuple(user for user in tier if user != asker) for tier in terms.tiers]
    for number, users in enumerate(others):
        if users:
            later = _distinct(user for tier in others[number + 1 :] for user in tier)
            fallback = tuple(user for user in later if user not in users)
            return Approvers(users=users, place=terms.places[number], fallback=fallback)
    is_one = any(asker in tier for tier in terms.tiers)
    return Approvers(users=(asker,) if is_one and terms.allows_own else ())


def may_decide(approvers: Approvers, question: Question, by: str, now: Instant) -> bool:
    """Return whether a user may decide now: those of the fallback, once half the time is over."""
    if by in approvers.users:
        return True
    return by in approvers.fallback and now >= half_time(question)


def half_time(question: Question) -> Instant:
    """Return when half the time is over that approvers have."""
    asked_at = question.expires_at if question.asked_at is None else question.asked_at
    return asked_at + (question.expires_at - asked_at) / 2


def reminder_times(question: Question) -> tuple[Instant, ...]:
    """Return when approvers are reminded: after four hours, if half the time is longer, and then.

    With the last one those of the fallback are asked.
    """
    half = half_time(question)
    first = (question.asked_at or 0.0) + REMINDER_SECONDS
    return (first, half) if first < half else (half,)


def due_next(question: Question) -> Instant:
    """Return when the next reminder is due, or when the question expires."""
    left = reminder_times(question)[question.reminders :]
    return left[0] if left else question.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class MayNotDecide:
    """A user may not decide about a request; nothing was written."""

    job: Job
    approvers: tuple[str, ...]
    """Who may."""


def _distinct(users: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(users))
