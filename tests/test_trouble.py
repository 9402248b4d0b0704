"""What follows a try that got nowhere: one rule for the work on jobs and for notices."""

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
from bot.worker.result import Again, Park
from bot.worker.retry import GiveUp, Pause, after_surprise, after_trouble, next_try
from tests.store_samples import a_job

CHANCES = st.floats(0.0, 1.0)
TRIES = st.integers(0, 5000)
ASKED = st.none() | st.floats(1.0, 900.0)


@given(TRIES, ASKED, CHANCES)
def test_a_named_pause_is_the_least_whatever_the_trouble(
    attempts: int, asked: float | None, chance: float
) -> None:
    """Nor is it shorter than our own backoff, which grows with the tries."""
    for kind in (RetryLaterError, OutcomeUnknownError, OperatorMustActError):
        named = next_try(attempts, kind("busy", retry_after=asked), chance)
        ours = next_try(attempts, kind("busy"), chance)
        if isinstance(named, Pause) and isinstance(ours, Pause):
            assert named.seconds >= max(asked or 0.0, ours.seconds)
        else:
            assert named == ours


def test_those_who_heard_the_same_pause_do_not_come_back_together() -> None:
    """Up to a tenth later."""
    for error in (RetryLaterError("busy", retry_after=64.0), OutcomeUnknownError("?")):
        early, late = (next_try(8, error, chance) for chance in (0.25, 0.75))
        assert early != late
    busy = RetryLaterError("busy", retry_after=640.0)
    assert next_try(0, busy, 0.0) == Pause(seconds=640.0, kept=0)
    assert next_try(0, busy, 0.5) == Pause(seconds=672.0, kept=0)


def test_a_doubt_is_given_a_moment() -> None:
    assert next_try(0, OutcomeUnknownError("perhaps"), 0.0) == Pause(seconds=2.0, kept=0)


def test_what_can_pass_is_tried_for_hours_and_what_nobody_foresaw_a_few_times() -> None:
    assert isinstance(next_try(399, RetryLaterError("busy"), 0.5), Pause)
    assert isinstance(next_try(400, RetryLaterError("busy"), 0.5), GiveUp)
    assert isinstance(next_try(19, ValueError("odd"), 0.5), Pause)
    assert isinstance(next_try(20, ValueError("odd"), 0.5), GiveUp)


@given(TRIES, CHANCES)
def test_an_operator_is_waited_for_without_end(attempts: int, chance: float) -> None:
    """And the tries meanwhile do not count as those of the work."""
    held = next_try(attempts, OperatorMustActError("key"), chance)
    assert isinstance(held, Pause)
    assert isinstance(next_try(held.kept + 1, RetryLaterError("busy"), chance), Pause)


@pytest.mark.parametrize("kind", [RefusedError, NotFoundError])
def test_a_refusal_is_given_up_in_its_own_words(kind: type[BotError]) -> None:
    assert next_try(0, kind("Not here."), 0.5) == GiveUp(problem="Not here.")


@given(TRIES, CHANCES)
def test_a_job_is_paused_or_parked_by_that_rule(attempts: int, chance: float) -> None:
    job = replace(a_job(), attempts=attempts)
    for error, note in (
        (RetryLaterError("busy", retry_after=3.0), "retry"),
        (OutcomeUnknownError("perhaps"), "retry"),
        (OperatorMustActError("key"), "held"),
        (RefusedError("no"), "refused"),
    ):
        answer = after_trouble(job, error, chance)
        detail = f"{type(error).__name__.removesuffix('Error')}: {error}"
        _assert_like(answer, next_try(attempts, error, chance), note, detail)
    surprise = ValueError("a secret")
    answer = after_surprise(job, surprise, chance)
    _assert_like(answer, next_try(attempts, surprise, chance), "retry", "unforeseen ValueError")


def _assert_like(answer: object, verdict: Pause | GiveUp, note: str, detail: str) -> None:
    if isinstance(verdict, GiveUp):
        assert isinstance(answer, Park)
        assert (answer.problem, answer.detail) == (verdict.problem, detail)
    else:
        assert isinstance(answer, Again)
        assert (answer.after, answer.note, answer.detail) == (verdict.seconds, note, detail)
        assert (answer.failed, answer.job.attempts) == (True, verdict.kept)
