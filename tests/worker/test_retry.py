"""What follows a try that failed: one rule for the rows of every queue."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.base.errors import (
    BotError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
)
from bot.worker import retry
from bot.worker.result import Park, Snooze, conclude
from bot.worker.retry import after_error
from storage.home import HomeView
from storage.job import EventName, Job, Stage
from storage.notification import Notification, NotificationKind
from tests.support.store_samples import NOW, a_job

CHANCES = st.floats(0.0, 1.0)
TRIES = st.integers(0, 5000)
REQUESTED = st.none() | st.floats(1.0, 900.0)


def after(attempts: int, error: Exception, chance: float) -> Snooze[Job] | Park[Job]:
    """Return what follows when a job's step fails after so many tries that got nowhere."""
    return after_error(replace(a_job(), attempts=attempts), error, chance)


def pause(attempts: int, error: Exception, chance: float) -> float:
    """Return the pause after such a try, which is followed by another."""
    result = after(attempts, error, chance)
    assert isinstance(result, Snooze)
    return result.after


@given(TRIES, REQUESTED, CHANCES)
def test_a_named_pause_is_the_least_whatever_the_error(
    attempts: int, asked: float | None, chance: float
) -> None:
    """Nor is it shorter than our own backoff, which grows with the tries."""
    for kind in (RetryLaterError, OutcomeUnknownError, OperatorMustActError):
        named = after(attempts, kind("busy", retry_after=asked), chance)
        ours = after(attempts, kind("busy"), chance)
        if isinstance(named, Snooze) and isinstance(ours, Snooze):
            assert named.after >= max(asked or 0.0, ours.after)
        else:
            assert named == ours


def test_those_who_heard_the_same_pause_do_not_come_back_together() -> None:
    """Up to a tenth later."""
    for error in (RetryLaterError("busy", retry_after=64.0), OutcomeUnknownError("?")):
        early, late = (pause(8, error, chance) for chance in (0.25, 0.75))
        assert early != late
    busy = RetryLaterError("busy", retry_after=640.0)
    assert pause(0, busy, 0.0) == 640.0
    assert pause(0, busy, 0.5) == 672.0


def test_a_doubt_is_given_a_moment() -> None:
    assert pause(0, OutcomeUnknownError("perhaps"), 0.0) == 2.0


def test_what_can_pass_is_tried_for_hours_and_what_nobody_foresaw_a_few_times() -> None:
    assert isinstance(after(399, RetryLaterError("busy"), 0.5), Snooze)
    assert isinstance(after(400, RetryLaterError("busy"), 0.5), Park)
    assert isinstance(after(19, ValueError("odd"), 0.5), Snooze)
    assert isinstance(after(20, ValueError("odd"), 0.5), Park)


@given(TRIES, CHANCES)
def test_an_operator_is_waited_for_without_end(attempts: int, chance: float) -> None:
    """And the tries meanwhile do not count as those of the work."""
    held = after(attempts, OperatorMustActError("key"), chance)
    assert isinstance(held, Snooze)
    row, _ = conclude(held, NOW)
    assert isinstance(after(row.attempts, RetryLaterError("busy"), chance), Snooze)


@pytest.mark.parametrize("kind", [RefusedError, NotFoundError])
def test_a_refusal_is_given_up_in_its_own_words(kind: type[BotError]) -> None:
    detail = f"{kind.__name__.removesuffix('Error')}: Not here."
    refused = Park(row=a_job(), problem="Not here.", detail=detail)
    assert after(0, kind("Not here."), 0.5) == refused


@given(TRIES, CHANCES)
def test_a_timeline_tells_the_kind_of_the_error_and_of_a_surprise_no_more(
    attempts: int, chance: float
) -> None:
    """What an unforeseen error says may hold a secret."""
    for error, note, detail in (
        (RetryLaterError("busy", retry_after=3.0), EventName.RETRY, "RetryLater: busy"),
        (OutcomeUnknownError("perhaps"), EventName.RETRY, "OutcomeUnknown: perhaps"),
        (OperatorMustActError("key"), EventName.HELD, "OperatorMustAct: key"),
        (RefusedError("no"), None, "Refused: no"),
        (ValueError("a secret"), EventName.RETRY, "unforeseen ValueError"),
    ):
        result = after(attempts, error, chance)
        assert result.detail == detail
        if isinstance(result, Snooze):
            assert (result.note, result.failed) == (note, True)


@given(TRIES, REQUESTED, CHANCES)
def test_the_rule_is_the_same_for_every_queue(
    attempts: int, asked: float | None, chance: float
) -> None:
    """A notification and a Home tab pause and end as a job does, each in its own row."""
    notification = Notification(
        id="notice-1",
        team="T1",
        channel="C1",
        kind=NotificationKind.FINISHED,
        happened_at=NOW,
        due_at=NOW,
        attempts=attempts,
    )
    home = HomeView(
        id="T1:U1",
        team="T1",
        user="U1",
        opened_at=NOW,
        changed_at=NOW,
        due_at=NOW,
        attempts=attempts,
    )
    for error in (
        RetryLaterError("busy", retry_after=asked),
        OutcomeUnknownError("perhaps", retry_after=asked),
        OperatorMustActError("key", retry_after=asked),
        RefusedError("no"),
        ValueError("odd"),
    ):
        job = conclude(after(attempts, error, chance), NOW)[0]
        told = conclude(after_error(notification, error, chance), NOW)[0]
        drawn = conclude(after_error(home, error, chance), NOW)[0]
        if isinstance(after(attempts, error, chance), Snooze):
            assert job.due_at == told.due_at == drawn.due_at
            assert job.attempts == told.attempts == drawn.attempts
        else:
            assert told.due_at is drawn.due_at is None
            assert told.problem == job.problem
            assert told.is_given_up


@given(st.integers(0, 10_000), CHANCES)
def test_backoff_is_bounded(attempts: int, chance: float) -> None:
    """However often something failed, the next try comes within two minutes."""
    assert 0.5 <= retry.backoff(attempts, chance) <= retry.BACKOFF_CAP
    assert 7.5 <= retry.operator_backoff(attempts, chance) <= retry.OPERATOR_BACKOFF_CAP


def test_backoff_doubles() -> None:
    """The longest pause doubles from try to try."""
    assert [retry.backoff(attempts, 1.0) for attempts in range(4)] == [1.0, 2.0, 4.0, 8.0]


@given(st.floats(0, 1e6), CHANCES)
def test_a_pause_that_was_asked_for_is_kept_and_spread(retry_after: float, chance: float) -> None:
    """Never shorter than asked; those who heard it together do not all come back together."""
    asked = retry.asked_pause(retry_after, chance)
    assert retry_after <= asked <= retry_after * 1.1 + 1e-6
    assert retry.asked_pause(None, chance) == 0.0
    assert retry.asked_pause(30.0, 0.0) != retry.asked_pause(30.0, 1.0)


@pytest.mark.parametrize("stage", [Stage.PARKED, Stage.DELIVERED, Stage.REJECTED])
def test_what_cannot_be_told_changes_no_ended_job(stage: Stage) -> None:
    """A parked job keeps the stage that it goes back to, and a terminal one stays terminal."""
    job = replace(a_job(), stage=stage, parked_from=Stage.RENDERING, problem="why")
    after, event = conclude(after_error(job, RefusedError("no"), 0.5), 100.0)
    assert (after.stage, after.parked_from, after.problem) == (stage, Stage.RENDERING, "why")
    assert after.due_at is None
    assert event is not None
