"""The ephemeral message for each outcome of a job action, the same for every surface."""

from __future__ import annotations

from typing import assert_never

from bot.base.ports import Message
from bot.jobs.accept import Accepted, Asked, Refused, SetAccepted, SetAsked
from bot.jobs.actions import (
    MOST_RESENDS,
    ActionName,
    ActionOutcome,
    BringAnswered,
    CancelAnswered,
    CostShown,
    DeleteAnswered,
    DetailsShown,
    FeedbackAnswered,
    KeepAnswered,
    NextTakeOffered,
    NotAllowed,
    NotesAnswered,
    QuestionExpired,
    ResendAnswered,
    ResentTooOften,
    ReviewAnswered,
    SetCancelAnswered,
    SetShown,
    ShareAnswered,
    StatusShown,
    StitchAnswered,
)
from bot.jobs.dry_run import DryRun, SetDryRun
from bot.jobs.verdict import Verdict
from bot.messages import approvals, budgets, dry_run, film, questions, replies, reviews, sets
from bot.messages.details import job_details
from storage.job import Instant, Job


def reply_to(  # noqa: C901, PLR0911, PLR0912 - one case for each outcome, and nothing else
    outcome: ActionOutcome, now: Instant
) -> Message | None:
    """Return the ephemeral message for an outcome; `None`: the job's own message is enough."""
    match outcome:
        case StatusShown():
            return replies.status(outcome.view, now)
        case CostShown():
            return replies.cost(outcome.view)
        case DetailsShown():
            return job_details(outcome.view, outcome.options, outcome.events, now)
        case Asked():
            return questions.asked(outcome.job, outcome.left_out, outcome.unit, outcome.draft)
        case Refused():
            return budgets.refused(
                outcome.reasons,
                outcome.in_charge,
                outcome.unit,
                outcome.waiting,
                uncounted_since=outcome.uncounted_since,
            )
        case DryRun():
            return dry_run.message(outcome)
        case QuestionExpired():
            return _expired(outcome.job)
        case Accepted(left_out=()) | SetAccepted(left_out=()):
            return None
        case SetAsked():
            return questions.set_asked(outcome.parts, outcome.left_out, outcome.unit, outcome.draft)
        case SetDryRun():
            return sets.dry_message(outcome)
        case SetShown():
            return sets.set_message(outcome.view)
        case SetCancelAnswered():
            return sets.cancelled(outcome.view, outcome.parts)
        case Accepted() | SetAccepted():
            return replies.taken_without(outcome.left_out)
        case CancelAnswered():
            return _cancel_answered(outcome, now)
        case ShareAnswered(is_new=True):
            return replies.sharing(outcome.job, outcome.channel)
        case ShareAnswered():
            return replies.shared_before(outcome.job, outcome.channel)
        case BringAnswered():
            return replies.bringing(outcome.job, is_new=outcome.is_new)
        case ResendAnswered():
            return replies.resending(outcome.job)
        case ResentTooOften():
            return replies.resent_too_often(outcome.job, MOST_RESENDS)
        case KeepAnswered():
            return replies.kept(outcome.job)
        case StitchAnswered():
            if outcome.problem:
                return film.not_joined_message(outcome.job, outcome.problem)
            return film.joining(outcome.job, outcome.clips, is_new=outcome.is_new)
        case DeleteAnswered():
            return replies.result_deleted(outcome.job, is_new=outcome.is_new)
        case NotesAnswered():
            return reviews.noted(outcome.job, outcome.notes)
        case ReviewAnswered():
            return reviews.reviewed(outcome.job, outcome.kind)
        case FeedbackAnswered():
            return reviews.feedback_kept(outcome.job, is_good=outcome.is_good)
        case NextTakeOffered():
            return reviews.next_take(outcome.job)
        case NotAllowed():
            return _not_allowed(outcome)
        case _:
            assert_never(outcome)


def _expired(job: Job) -> Message:
    question = job.question
    if job.decision is not None or (question is not None and question.is_for_approvers):
        return approvals.ended(job)
    return questions.expired()


def _not_allowed(  # noqa: PLR0911 - one case for each action, and nothing else
    refused: NotAllowed,
) -> Message:
    match refused.name:
        case ActionName.CONFIRM | ActionName.ASK_APPROVER:
            return replies.not_asked(refused.job)
        case ActionName.RESEND:
            return replies.not_allowed(refused.job, "have its files brought again")
        case ActionName.SHARE:
            return replies.not_allowed(refused.job, replies.SHARE_IT)
        case ActionName.DELETE:
            return replies.not_allowed(refused.job, "delete what it made")
        case ActionName.BRING:
            return replies.not_allowed(refused.job, "have it brought after all")
        case ActionName.CANCEL_SET:
            return replies.not_allowed(refused.job, "cancel the set")
        case _:
            return replies.not_allowed(refused.job, "cancel it")


def _cancel_answered(answered: CancelAnswered, now: Instant) -> Message:
    job = answered.view.job
    match answered.verdict:
        case Verdict.FREE:
            return replies.cancelled(job)
        case Verdict.BILLED:
            return replies.billed(job)
        case Verdict.GIVEN_UP:
            return replies.given_up(job)
        case Verdict.ON_HOLD:
            return replies.on_hold(job)
        case Verdict.OVER:
            return replies.over(answered.view, now)
        case _:
            assert_never(answered.verdict)
