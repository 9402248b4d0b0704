"""Who is notified of what happens to a job: decided by a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from storage.job import Delivery, Event, EventName, Job, Outcome, Stage
from storage.notification import (
    FOR_OPERATORS,
    KINDS_OF_LEVEL,
    REPEAT_SECONDS,
    Level,
    Notification,
    NotificationKind,
    kind_of,
    notification_id,
    notifications_for,
    recipients,
)
from tests.support.store_samples import NOW, a_job

LEVELS = {"C1": Level.ALL, "C2": Level.FAILURES}
OPERATORS = ["U8", "U9"]
PARKED = Event(at=NOW, name=EventName.PARKED, detail="task 17")
CREDIT = "OperatorMustActError: The credit is used up."


def _never(_channel: str, _kind: NotificationKind, _since: float) -> Iterable[str]:
    raise AssertionError("nobody asked what was told before")


def _held(detail: str) -> Event:
    return Event(at=NOW, name=EventName.HELD, detail=detail)


def _rows(
    event: Event,
    job: Job | None = None,
    levels: Mapping[str, str] = LEVELS,
    operators: Sequence[str] = (),
    told: Iterable[str] = (),
) -> list[Notification]:
    return notifications_for(
        job or a_job(), event, levels=levels, operators=operators, told_since=lambda *_: told
    )


@pytest.mark.parametrize(
    ("name", "outcome", "kind"),
    [
        (EventName.HELD, None, NotificationKind.OPERATOR_NEEDED),
        (EventName.HELD, Outcome.SUCCEEDED, NotificationKind.OPERATOR_NEEDED),
        (EventName.PARKED, None, NotificationKind.PARKED),
        (EventName.PARKED, Outcome.SUCCEEDED, NotificationKind.PARKED),
        (EventName.DELIVERED, Outcome.SUCCEEDED, NotificationKind.FINISHED),
        (EventName.DELIVERED, Outcome.FAILED, NotificationKind.FAILED),
        (EventName.DELIVERED, Outcome.CANCELLED, None),
        (EventName.REJECTED, Outcome.FAILED, NotificationKind.FAILED),
        (EventName.REJECTED, Outcome.CANCELLED, None),
        (EventName.REJECTED, Outcome.SUCCEEDED, None),
    ],
)
def test_an_event_means_something_to_a_channel_by_its_outcome(
    name: EventName, outcome: Outcome | None, kind: NotificationKind | None
) -> None:
    """Nobody is notified of what somebody cancelled."""
    assert kind_of(replace(a_job(), outcome=outcome), Event(at=NOW, name=name)) is kind


def test_no_other_event_means_anything_to_a_channel() -> None:
    """Nor does it ask what was told before."""
    posting = {EventName.HELD, EventName.PARKED, EventName.DELIVERED, EventName.REJECTED}
    for name in set(EventName) - posting:
        for outcome in (None, *Outcome):
            job = replace(a_job(), outcome=outcome)
            event = Event(at=NOW, name=name)
            assert kind_of(job, event) is None
            assert (
                notifications_for(job, event, levels=LEVELS, operators=OPERATORS, told_since=_never)
                == []
            )


@pytest.mark.parametrize(
    ("kind", "channels"),
    [
        (NotificationKind.FINISHED, ["C1"]),
        (NotificationKind.FAILED, ["C1", "C2"]),
        (NotificationKind.PARKED, ["C1", "C2"]),
        (NotificationKind.OPERATOR_NEEDED, ["C1", "C2"]),
        (NotificationKind.DIGEST, []),
        (NotificationKind.SHARED, []),
        (NotificationKind.RESENT, []),
    ],
)
def test_a_channel_is_told_what_its_level_names(
    kind: NotificationKind, channels: list[str]
) -> None:
    """Digests, shared and resent results come to nobody by a level."""
    assert recipients(kind, LEVELS, []) == channels
    assert recipients(kind, {"C3": "no level of ours"}, []) == []


def test_every_level_says_what_it_names() -> None:
    assert set(KINDS_OF_LEVEL) == set(Level)
    assert KINDS_OF_LEVEL[Level.FAILURES] < KINDS_OF_LEVEL[Level.ALL]


@pytest.mark.parametrize("kind", NotificationKind)
def test_operators_are_told_what_needs_one_if_no_channel_is(kind: NotificationKind) -> None:
    """A channel with another level does not count, one with a fitting level is enough."""
    needs_one = kind in {
        NotificationKind.PARKED,
        NotificationKind.OPERATOR_NEEDED,
        NotificationKind.UNREADABLE,
    }
    assert (kind in FOR_OPERATORS) is needs_one
    assert recipients(kind, {}, OPERATORS) == (OPERATORS if needs_one else [])
    assert recipients(kind, {"C3": "no level of ours"}, OPERATORS) == (
        OPERATORS if needs_one else []
    )
    if needs_one:
        assert recipients(kind, {"C2": Level.FAILURES}, OPERATORS) == ["C2"]


def test_a_row_says_what_happened_and_where_it_is_told() -> None:
    """Due at once, in the channel itself, about the job."""
    job = a_job()
    first, second = _rows(PARKED, job)
    assert first == Notification(
        id=first.id,
        team="T1",
        channel="C1",
        kind=NotificationKind.PARKED,
        happened_at=NOW,
        job_id=job.id,
        detail="task 17",
        due_at=NOW,
    )
    assert second == replace(first, id=second.id, channel="C2")
    assert first.id != second.id


def test_one_happening_and_one_channel_make_one_id() -> None:
    """A job ends once, also after a restored backup; it is parked, and held, more than once."""
    job = replace(a_job(), outcome=Outcome.SUCCEEDED, stage=Stage.DELIVERED)
    delivered = Event(at=NOW, name=EventName.DELIVERED)
    assert _rows(delivered, job)[0].id == _rows(replace(delivered, at=NOW + 9), job)[0].id
    assert _rows(delivered, job)[0].id != _rows(delivered, replace(job, id="job2"))[0].id
    for event in (PARKED, _held(CREDIT)):
        assert _rows(event)[0].id == _rows(event)[0].id
        assert _rows(event)[0].id != _rows(replace(event, at=NOW + 1))[0].id


def test_an_id_depends_on_the_kind_the_channel_and_the_happening() -> None:
    """It stands in Slack as the message's mark, so it is never computed in another way."""
    kind = NotificationKind.FINISHED
    assert notification_id(kind, "C1", "job1") == "notice-7badba1e3f05a7d01b77"
    ids = {
        notification_id(kind, "C1", "job1"),
        notification_id(kind, "C2", "job1"),
        notification_id(kind, "C1", "job2"),
        notification_id(NotificationKind.FAILED, "C1", "job1"),
    }
    assert len(ids) == 4


def test_a_need_of_an_operator_asks_what_each_place_was_told_in_the_last_hour() -> None:
    asked = []

    def told_since(channel: str, kind: NotificationKind, since: float) -> list[str]:
        asked.append((channel, kind, since))
        return []

    event = _held(CREDIT)
    notifications_for(a_job(), event, levels=LEVELS, operators=[], told_since=told_since)
    assert REPEAT_SECONDS == 3600
    kind = NotificationKind.OPERATOR_NEEDED
    assert asked == [("C1", kind, NOW - 3600), ("C2", kind, NOW - 3600)]


@pytest.mark.parametrize(
    ("told", "repeats"),
    [
        (CREDIT, True),
        ("OperatorMustActError: The API key is wrong.", False),
        ("", False),
    ],
)
def test_the_same_need_is_not_told_again(told: str, *, repeats: bool) -> None:
    """Another one is told at once."""
    assert len(_rows(_held(CREDIT), told=["something else", told])) == (0 if repeats else 2)


def test_words_with_digits_do_not_make_a_need_another_one() -> None:
    """They name the request or the moment; each waiting job has its own."""
    before = "The key is wrong (request req_8f3, at 12:01:07)."
    again = "The key is wrong (request req_9aa, at 12:05:59)."
    assert _rows(_held(again), told=[before]) == []
    assert len(_rows(_held("The key is gone (request req_9aa)."), told=[before])) == 2


def test_what_one_place_was_told_does_not_silence_another() -> None:
    def told_since(channel: str, _kind: NotificationKind, _since: float) -> list[str]:
        return [CREDIT] if channel == "C1" else []

    rows = notifications_for(
        a_job(), _held(CREDIT), levels=LEVELS, operators=[], told_since=told_since
    )
    assert [row.channel for row in rows] == ["C2"]


def test_operators_are_not_told_the_same_need_again_either() -> None:
    assert len(_rows(_held(CREDIT), levels={}, operators=OPERATORS)) == 2
    assert _rows(_held(CREDIT), levels={}, operators=OPERATORS, told=[CREDIT]) == []


def test_nothing_else_is_left_out_as_a_repeat() -> None:
    """Two jobs that are parked for one reason are two jobs that somebody must look at."""
    rows = notifications_for(a_job(), PARKED, levels=LEVELS, operators=[], told_since=_never)
    assert len(rows) == 2


def test_a_row_is_given_up_when_it_was_not_posted_and_will_not_be() -> None:
    [row, _] = _rows(PARKED)
    given_up = replace(row, due_at=None, problem="Slack said no")
    assert given_up.is_given_up
    assert not row.is_given_up
    assert not replace(given_up, problem=None).is_given_up
    assert not replace(given_up, due_at=NOW).is_given_up
    assert not replace(given_up, delivery=Delivery(ts="1.0")).is_given_up
