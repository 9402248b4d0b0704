"""Tests of the answers to the outcomes of actions."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from bot.jobs.accept import Accepted, Asked, Refused, SetAccepted, SetAsked
from bot.jobs.actions import (
    JOB_ACTIONS,
    ActionName,
    ActionOutcome,
    Allowed,
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
from bot.jobs.sets import SetView
from bot.jobs.verdict import Verdict
from bot.jobs.view import JobView
from bot.listeners.job_replies import reply_to
from sandbox.slack.blocks import checked_blocks
from storage.budget import Admitted
from storage.job import (
    Decision,
    DecisionKind,
    Event,
    EventName,
    Forecast,
    ForecastKind,
    Question,
    QuestionKind,
    ReviewKind,
    waiting,
)
from storage.review import Note
from tests.support.budget_samples import SHORT
from tests.support.job_samples import DONE, RENDERING, REQUESTED

NOW = 1200.0


VIEW = JobView(job=DONE, model_title="Kling V3")


def cancelled(verdict: Verdict) -> CancelAnswered:
    """Return the outcome of a cancel with this verdict."""
    job = DONE if verdict is Verdict.OVER else RENDERING
    return CancelAnswered(verdict=verdict, view=replace(VIEW, job=job))


REFUSED = Refused(waiting=None, user="U1", reasons=(SHORT,), in_charge=("U8", "U9"), unit="USD")
WAITING = waiting(REQUESTED, QuestionKind.DUPLICATE, "k7m2p8")
DENIED = Decision(kind=DecisionKind.DENIED, by="U2", at=1100.0, because="Not now")
FOR_APPROVERS = Question(kind=QuestionKind.APPROVE_PRICE, expires_at=1100.0)
DRY = DryRun(
    prompt="a lake at dawn",
    shots=(),
    body=b"{}",
    has_files=False,
    forecast=Forecast(kind=ForecastKind.UNKNOWN),
    decided=Admitted(jobs=()),
    unit="USD",
)

LOGO = Note(by="U2", at=1200.0, second=3.0, words="the logo is too small")
PARTS = tuple(
    replace(RENDERING, id=f"part{number}", set_id="set-k7m2p9", part=number) for number in (1, 2)
)
SET = SetView(
    id="set-k7m2p9",
    words="{red|blue} car",
    parts=[JobView(job=part, model_title="Kling V3") for part in PARTS],
    message_ts="1.0",
)
ASKED_PARTS = tuple(waiting(part, QuestionKind.DUPLICATE, "k7m2p8") for part in PARTS)

ANSWERED: list[tuple[ActionOutcome, str]] = [
    (StatusShown(view=VIEW), "*Done* in 2 min 3 s"),
    (CostShown(view=VIEW), "cost 0.42"),
    (
        DetailsShown(
            view=VIEW,
            options=(("Mode", "pro", True),),
            events=(Event(at=1000.0, name=EventName.ACCEPTED, detail="command"),),
        ),
        "Details of job k7m2p9",
    ),
    (SetShown(view=SET), "0 of 2 done"),
    (
        SetCancelAnswered(view=SET, parts={Verdict.FREE: PARTS[:1], Verdict.BILLED: PARTS[1:]}),
        "1 of 2 is cancelled",
    ),
    (SetAsked(set_id=SET.id, parts=ASKED_PARTS), "Some or all of these 2 videos"),
    (
        SetDryRun(parts=(DRY, DRY), forecast=DRY.forecast, decided=DRY.decided, unit="USD"),
        "Nothing was started or charged.",
    ),
    (Asked(job=WAITING), "You asked for exactly this a moment ago, and job `k7m2p8`"),
    (REFUSED, "Your budget per day has no room"),
    (DRY, "Nothing was started or charged."),
    (QuestionExpired(job=WAITING), "more than an hour old"),
    (QuestionExpired(job=replace(WAITING, decision=DENIED)), "Denied by <@U2>"),
    (QuestionExpired(job=replace(WAITING, question=FOR_APPROVERS)), "Nobody decided in time"),
    (
        SetAccepted(set_id=SET.id, parts=ASKED_PARTS, is_new=True, left_out=("Mode",)),
        "left out: Mode",
    ),
    (Accepted(job=REQUESTED, is_new=True, left_out=("Mode", "<b>")), "left out: Mode, &lt;b&gt;"),
    (cancelled(Verdict.FREE), "costs nothing"),
    (cancelled(Verdict.BILLED), "bills the render"),
    (cancelled(Verdict.GIVEN_UP), "not followed up any more"),
    (cancelled(Verdict.ON_HOLD), "on hold"),
    (cancelled(Verdict.OVER), "nothing left to cancel"),
    (ShareAnswered(job=DONE, channel="C2", is_new=True), "bringing the video of job `k7m2p9` to"),
    (ShareAnswered(job=DONE, channel="C1", is_new=False), "was shared"),
    (BringAnswered(job=DONE, is_new=True), "once MindVideo has made it"),
    (BringAnswered(job=DONE, is_new=False), "already"),
    (ResendAnswered(job=DONE), "nothing is charged"),
    (NotAllowed(job=DONE, name=ActionName.CANCEL), "admins may cancel it"),
    (NotAllowed(job=DONE, name=ActionName.RESEND), "admins may have its files brought again"),
    (NotAllowed(job=DONE, name=ActionName.SHARE), "admins may share it with another channel"),
    (NotAllowed(job=DONE, name=ActionName.BRING), "admins may have it brought after all"),
    (NotAllowed(job=DONE, name=ActionName.CONFIRM), "Only <@U1>, who was asked this"),
    (KeepAnswered(job=replace(DONE, kept_by="U2"), has_changed=True), "`/video find --kept`"),
    (KeepAnswered(job=DONE, has_changed=False), "not kept any more"),
    (StitchAnswered(job=DONE, clips=3, is_new=True), "joining the 3 clips"),
    (NotesAnswered(job=DONE, notes=[LOGO], is_new=True), "Noted this about job `k7m2p9`"),
    (ReviewAnswered(job=DONE, kind=ReviewKind.APPROVED, is_new=True), "`k7m2p9` is approved"),
    (ReviewAnswered(job=DONE, kind=ReviewKind.CHANGES, is_new=False), "changes are asked"),
    (FeedbackAnswered(job=DONE, is_good=True), "Noted: :thumbsup: for job `k7m2p9`"),
    (FeedbackAnswered(job=DONE, is_good=False), "Noted: :thumbsdown: for job `k7m2p9`"),
    (NextTakeOffered(job=replace(DONE, notes=2)), "with 2 notes beside it"),
    (StitchAnswered(job=DONE, clips=3, is_new=False), "joined before"),
    (DeleteAnswered(job=DONE, is_new=True), "taking its messages and files back"),
    (
        DeleteAnswered(job=replace(DONE, deleted_at=NOW, deleted_by="U2"), is_new=False),
        "was deleted by <@U2>",
    ),
    (NotAllowed(job=DONE, name=ActionName.DELETE), "admins may delete what it made"),
    (StitchAnswered(job=DONE, clips=3, is_new=False, problem="Too long."), "no film"),
    (ResentTooOften(job=DONE), "brought again 3 times within the last hour"),
]


def test_only_what_ends_a_job_or_brings_its_files_again_is_restricted() -> None:
    restricted = {
        name for name, action in JOB_ACTIONS.items() if action.allowed is Allowed.ASKER_AND_ADMINS
    }
    assert restricted == {
        ActionName.CANCEL,
        ActionName.CANCEL_SET,
        ActionName.GIVE_UP,
        ActionName.BRING,
        ActionName.RESEND,
        ActionName.DELETE,
    }


@pytest.mark.parametrize(("outcome", "text"), ANSWERED)
def test_every_outcome_has_an_answer_with_valid_blocks(outcome: ActionOutcome, text: str) -> None:
    answer = reply_to(outcome, NOW)
    assert answer is not None
    assert text in answer.text
    assert checked_blocks([dict(block) for block in answer.blocks])


def test_an_accepted_request_is_answered_by_its_message_only() -> None:
    """Also to a second delivery."""
    for is_new in (True, False):
        assert reply_to(Accepted(job=REQUESTED, is_new=is_new), NOW) is None
        assert reply_to(SetAccepted(set_id=SET.id, parts=PARTS, is_new=is_new), NOW) is None


def test_every_outcome_and_every_verdict_is_tested_here() -> None:
    outcomes = [outcome for outcome, _ in ANSWERED]
    assert {type(outcome) for outcome in outcomes} == set(get_args(ActionOutcome))
    verdicts = {one.verdict for one in outcomes if isinstance(one, CancelAnswered)}
    assert verdicts == set(Verdict)


def test_the_answers_to_a_billed_cancel_and_to_a_duplicate_have_a_button() -> None:
    billed = reply_to(cancelled(Verdict.BILLED), NOW)
    before = reply_to(Asked(job=WAITING), NOW)
    assert billed is not None
    assert before is not None
    assert "job_give_up" in str(billed.blocks)
    assert "job_confirm" in str(before.blocks)
