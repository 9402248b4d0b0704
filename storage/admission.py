"""What is written when a request is asked about, or decided about: the same in each store. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from storage.approval import MayNotDecide, approvers_for, due_next, may_decide
from storage.budget import (
    Admitted,
    AskFirst,
    AuditAction,
    AuditEntry,
    Rules,
    approval_terms,
    price_question,
)
from storage.job import Decision, Event, EventName, Instant, Job, Question, Stage, first_due


def asked(job: Job, question: AskFirst, now: Instant) -> Job:
    """Return the request as it waits for its asker, or for approvers."""
    approvers = question.approvers
    pending = Question(
        kind=question.kind,
        about=question.about,
        expires_at=now + question.seconds,
        asked_at=None if approvers is None else now,
        approvers=() if approvers is None else approvers.users,
        place=None if approvers is None else approvers.place,
    )
    due_at = pending.expires_at if approvers is None else due_next(pending)
    return replace(job, stage=Stage.WAITING, question=pending, due_at=due_at)


def event_of(question: AskFirst, now: Instant) -> Event:
    """Return the event of a request that is asked about."""
    name = EventName.ASKED if question.approvers is None else EventName.APPROVAL_ASKED
    return Event(at=now, name=name, detail=question.kind)


def as_planned(job: Job) -> Job:
    """Return a confirmed request that is to start later; its step posts its message now."""
    return replace(job, stage=Stage.PLANNED)


def admit_uncounted(
    jobs: Sequence[Job], rules: Rules, now: Instant, *, is_price_agreed: bool
) -> Admitted | AskFirst | None:
    """Decide about new jobs that wait, or are planned, and count nothing yet; `None`: they count.

    Those that wait were asked about. The asker of planned ones is asked about their price, unless
    they agreed to it: when the jobs start nobody is there to ask. All else is looked at then.
    """
    stage, question = jobs[0].stage, None
    if stage not in {Stage.WAITING, Stage.PLANNED}:
        return None
    if stage is Stage.PLANNED and not is_price_agreed:
        counted = [replace(job, stage=Stage.ACCEPTED) for job in jobs]
        question = price_question(counted, rules, now)
    return question or Admitted(jobs=tuple(jobs))


def denied(job: Job, decision: Decision, now: Instant) -> Job:
    """Return a request that was denied; it is due if there is a message to show that."""
    due_at = None if job.message_ts is None else now
    return replace(job, stage=Stage.UNCONFIRMED, decision=decision, due_at=due_at)


def is_open(job: Job, now: Instant, *, for_approvers: bool) -> bool:
    """Return whether a request has a question that its asker, or an approver, can still answer."""
    question = job.question
    if job.stage is not Stage.WAITING or question is None or question.expires_at <= now:
        return False
    return question.is_for_approvers is for_approvers


def refuse_decision(job: Job, rules: Rules, by: str, now: Instant) -> MayNotDecide | None:
    """Look again at who may decide: rules and admins may be others than when it was asked."""
    approvers = approvers_for(approval_terms(rules, job), job.user)
    if job.question is not None and may_decide(approvers, job.question, by, now):
        return None
    return MayNotDecide(job=job, approvers=approvers.users)


def accepted(job: Job, now: Instant) -> Job:
    """Return a request that was admitted, as it is due first."""
    return replace(job, due_at=first_due(job, now), attempts=0, crashes=0)


def decision_entry(job: Job, by: str, now: Instant, action: AuditAction) -> AuditEntry:
    """Return how a decision about a request stands in the audit."""
    return AuditEntry(
        at=now,
        team=job.team,
        by=by,
        action=action,
        subject=job.id,
        after="" if job.reserved is None else str(job.reserved),
        because="" if job.decision is None else job.decision.because,
    )
