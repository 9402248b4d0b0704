"""What a job is, and the moves it may make."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from storage.job import (
    OVER,
    REQUESTED,
    TERMINAL,
    TRANSITIONS,
    UNDER_WAY,
    IllegalTransitionError,
    Job,
    ReplyTo,
    Stage,
    check_transition,
)
from tests.support.store_samples import a_job


def _at(stage: Stage, parked_from: Stage | None = None) -> Job:
    return replace(a_job(), stage=stage, parked_from=parked_from)


@pytest.mark.parametrize("before", Stage)
def test_a_job_makes_exactly_the_moves_of_the_table(before: Stage) -> None:
    """A move that the table names passes, every other one raises and names both stages."""
    for after in set(Stage) - {before}:
        if after in TRANSITIONS[before]:
            check_transition(_at(before, parked_from=after), _at(after))
            continue
        with pytest.raises(IllegalTransitionError, match=f"{before} to {after}"):
            check_transition(_at(before, parked_from=after), _at(after))


@pytest.mark.parametrize("stage", Stage)
def test_a_change_within_a_stage_is_always_legal(stage: Stage) -> None:
    """An intent or a counter may be written at any stage, a terminal one too."""
    check_transition(_at(stage), replace(_at(stage), cost_checks=1))


@pytest.mark.parametrize("other", sorted(TRANSITIONS[Stage.PARKED] - {Stage.RENDERING}))
def test_a_parked_job_returns_only_to_the_stage_it_left(other: Stage) -> None:
    """Resuming elsewhere could skip a charge or repeat one."""
    parked = _at(Stage.PARKED, parked_from=Stage.RENDERING)
    check_transition(parked, _at(Stage.RENDERING))
    with pytest.raises(IllegalTransitionError):
        check_transition(parked, _at(other))


def test_a_parked_job_goes_on_to_its_render_once_that_is_found() -> None:
    """Without its task there would be nothing to look at."""
    parked = _at(Stage.PARKED, parked_from=Stage.ANNOUNCED)
    check_transition(parked, replace(_at(Stage.RENDERING), task_id="task1"))
    with pytest.raises(IllegalTransitionError):
        check_transition(parked, _at(Stage.RENDERING))


def test_a_parked_job_that_left_no_stage_goes_nowhere() -> None:
    """Without a stage to return to there is no legal move."""
    with pytest.raises(IllegalTransitionError):
        check_transition(_at(Stage.PARKED), _at(Stage.ACCEPTED))


def test_terminal_stages_absorb() -> None:
    """Nothing leads out of a stage that is called terminal, and every other has a way out."""
    assert {Stage.DELIVERED, Stage.REJECTED, Stage.UNCONFIRMED} == TERMINAL
    assert all(bool(TRANSITIONS[stage]) is (stage not in TERMINAL) for stage in Stage)


def test_a_job_is_under_way_until_it_is_over() -> None:
    """One of the two, in every stage of a job that was accepted."""
    assert UNDER_WAY | OVER == REQUESTED
    assert not UNDER_WAY & OVER


def test_what_was_not_accepted_is_neither_under_way_nor_over() -> None:
    """A request that waits for its asker, or was never confirmed."""
    assert set(Stage) - REQUESTED == {Stage.WAITING, Stage.UNCONFIRMED}
    assert Stage.WAITING not in TERMINAL


def test_every_stage_is_in_the_table_and_can_be_reached() -> None:
    """From the stages of a new job, a path leads to every stage."""
    assert set(TRANSITIONS) == set(Stage)
    reached = {Stage.ACCEPTED, Stage.PLANNED, Stage.WAITING}
    for _ in Stage:
        reached |= {after for before in reached for after in TRANSITIONS[before]}
    assert reached == set(Stage)


def test_the_table_and_a_job_cannot_be_changed_in_place() -> None:
    """What was checked once stays true."""
    with pytest.raises(TypeError):
        TRANSITIONS[Stage.DELIVERED] = frozenset(Stage)  # type: ignore[index] # the point
    with pytest.raises(dataclasses.FrozenInstanceError):
        a_job().stage = Stage.DELIVERED  # type: ignore[misc] # the point


def test_replies_stand_in_the_thread_of_the_ask_or_else_under_the_jobs_own_message() -> None:
    """The thread root is the thread that the ask came from, if it came from one."""
    job = a_job()
    assert job.thread_root is None
    assert replace(job, message_ts="2.0").thread_root == "2.0"
    assert replace(job, message_ts="2.0", reply_to=ReplyTo(thread_ts="1.0")).thread_root == "1.0"


@pytest.mark.parametrize("stage", Stage)
def test_a_job_is_due_for_the_step_of_its_stage(stage: Stage) -> None:
    assert _at(stage).step is stage


def test_what_people_ask_of_a_job_are_its_signals() -> None:
    """Each makes it due at once; what a step writes does not."""
    job = a_job()
    assert job.due_again(9.0) == 9.0
    assert replace(job, cancel_requested_at=1.0).signals != job.signals
    assert replace(job, given_up_at=1.0).signals != job.signals
    assert replace(job, attempts=3, shown_at=1.0, late_notified_at=1.0).signals == job.signals


def test_the_request_body_is_not_in_the_repr() -> None:
    """The body holds the prompt and images: it belongs in no log."""
    assert "secret prompt" not in repr(replace(a_job(), request_body=b"secret prompt"))
