"""Decide about a request that waits for an approver.

Not among the actions on a job: who decides may see the request although they are not in its
channel, and only because they decide about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias, assert_never

import structlog

from bot.base.errors import RetryLaterError, UsageError
from bot.jobs.accept import Acceptance, AskContext, Interaction, accept
from bot.jobs.access import LOOKUP_SECONDS, ONLY_MEMBERS
from bot.jobs.erased import refuse_erased
from bot.jobs.services import Services
from bot.options.request import same_request
from storage.approval import MayNotDecide
from storage.budget import NotAdmitted, Reason
from storage.job import Decision, DecisionKind, Instant, Job, ReplyTo


class DecisionAnswer(StrEnum):
    """What an approver answers."""

    APPROVE = "approve"
    APPROVE_BEYOND_CAPS = "approve beyond caps"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The request is decided."""

    job: Job
    decision: Decision
    is_own: bool
    """Whether the decision is the one that this user asks for, now or a moment ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLate:
    """The time to decide is over."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class DoesNotFit:
    """The request was not approved, because budgets have no room for it; it waits on."""

    job: Job
    reasons: tuple[Reason, ...]
    can_go_beyond: bool
    """Whether an approval beyond the caps would admit it."""
    unit: str | None
    """The unit of amounts, as in `Services`."""
    uncounted_since: Instant | None = None
    """As of `NotAdmitted`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoApprover:
    """The user may not decide; `approvers` may."""

    approvers: tuple[str, ...]
    is_asker: bool


DecisionOutcome: TypeAlias = Decided | TooLate | DoesNotFit | NoApprover

_KINDS: Mapping[DecisionAnswer, DecisionKind] = MappingProxyType(
    {
        DecisionAnswer.APPROVE: DecisionKind.APPROVED,
        DecisionAnswer.APPROVE_BEYOND_CAPS: DecisionKind.APPROVED_BEYOND_CAPS,
        DecisionAnswer.DENY: DecisionKind.DENIED,
    }
)


async def decide(
    job_id: str,
    answer: DecisionAnswer,
    interaction: Interaction,
    services: Services,
    because: str = "",
) -> DecisionOutcome | None:
    """Decide about a request, unless another has; `None`: there is none that waited for approvers.

    Committed when it returns. The first decision stands, so it is safe to repeat. The user must be
    a member of the workspace, which Slack is asked, and an approver, which the commit looks at.
    Raises `UsageError`, `StoreError`, and what `Directory.identify` raises.
    """
    job = await services.store.jobs.get(job_id)
    if job is None or job.team != interaction.team or not _was_for_approvers(job):
        return None
    await _require_member(interaction, services)
    made = await _commit(job.id, answer, interaction.user, because, services)
    if made is None:
        return None
    match made:
        case MayNotDecide():
            return NoApprover(approvers=made.approvers, is_asker=made.job.user == interaction.user)
        case NotAdmitted():
            return DoesNotFit(
                job=job,
                reasons=made.reasons,
                can_go_beyond=made.is_by_caps_alone,
                unit=services.unit,
                uncounted_since=made.uncounted_since,
            )
        case Job():
            services.wake()
            return _decided(made, answer, interaction)
        case _:
            assert_never(made)


def _decided(job: Job, answer: DecisionAnswer, interaction: Interaction) -> Decided | TooLate:
    decision = job.decision
    if decision is None:
        return TooLate(job=job)
    is_own = (decision.by, decision.kind) == (interaction.user, _KINDS[answer])
    return Decided(job=job, decision=decision, is_own=is_own)


async def renew(job: Job, interaction: Interaction, services: Services) -> Acceptance:
    """Make a request anew that was not approved, in its own place: once for each.

    Raises `UsageError`, and `StoreError` as `accept` does.
    """
    refuse_erased(job)
    # What its asker was asked about then is meant.
    request = same_request(job, services.catalog.get(job.model), {}, is_meant=True)
    anew = replace(
        interaction,
        channel=job.channel,
        dedup_key=f"approval:{job.team}:{job.id}",
        reply_to=ReplyTo(thread_ts=job.reply_to.thread_ts),
    )
    context = AskContext(parent_id=job.parent_id)
    return await accept(request, anew, services, context)


async def _commit(
    job_id: str, answer: DecisionAnswer, by: str, because: str, services: Services
) -> Job | NotAdmitted | MayNotDecide | None:
    jobs, now = services.store.jobs, services.now()
    log = structlog.get_logger("jobs")
    match answer:
        case DecisionAnswer.APPROVE | DecisionAnswer.APPROVE_BEYOND_CAPS:
            log.info("approval_pressed", job=job_id, user=by, answer=answer.value)
            return await jobs.approve(
                job_id,
                by,
                now,
                most_active=services.max_active,
                beyond_caps=answer is DecisionAnswer.APPROVE_BEYOND_CAPS,
            )
        case DecisionAnswer.DENY:
            log.info("denial_pressed", job=job_id, user=by)
            return await jobs.deny(job_id, by, because, now)
        case _:
            assert_never(answer)


def _was_for_approvers(job: Job) -> bool:
    return job.question is not None and job.question.is_for_approvers


async def _require_member(interaction: Interaction, services: Services) -> None:
    """Refuse guests, apps and people of other workspaces, also where they may use the bot.

    Without Slack's word nobody decides about money, except whom the operator named.
    """
    if services.is_admin(interaction.user):
        return
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            person = await services.directory.identify(interaction.user)
    except TimeoutError:
        raise RetryLaterError("Slack did not tell me who you are.") from None
    if not person.is_member_of(interaction.team):
        raise UsageError(ONLY_MEMBERS)
