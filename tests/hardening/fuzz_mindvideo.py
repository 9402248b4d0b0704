"""Answers of MindVideo that nobody has seen yet: read in time, with a snapshot or a named error."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import strategies as st

from bot.base.errors import (
    KeyConflictError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
)
from bot.base.ports import Snapshot
from bot.mindvideo.events import Reading, read_events
from bot.mindvideo.exchange import Answer
from bot.mindvideo.problems import LONGEST_MESSAGE
from bot.mindvideo.protocol import read_events_answer, read_submit, read_task_answer
from storage.job import Json
from tests.hardening.fuzzing import SCALARS, VALUES, Effort, each_effort, mutated, search, within
from tests.support import mindvideo_samples

NOW = 1_800_000_000.0
FOLDER = Path(mindvideo_samples.__file__).parent / "samples" / "mindvideo"
TEXTS = [path.read_text() for path in sorted(FOLDER.iterdir())]


def _parsed() -> list[Json]:
    found: list[Json] = []
    for path in sorted(FOLDER.glob("*.json")):
        try:
            found.append(json.loads(path.read_text()))
        except ValueError:  # a sample is cut off on purpose
            continue
    return found


BODIES = _parsed()

Read: TypeAlias = Callable[[Answer, float], Snapshot | Reading]
READERS: tuple[tuple[Read, tuple[type[Exception], ...]], ...] = (
    (
        read_submit,
        (
            KeyConflictError,
            OperatorMustActError,
            OutcomeUnknownError,
            RefusedError,
            RetryLaterError,
        ),
    ),
    (read_task_answer, (NotFoundError, OperatorMustActError, RetryLaterError)),
    (read_events_answer, (NotFoundError, OperatorMustActError, RetryLaterError)),
)
"""Each reader, and the errors that its caller knows."""


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return a body: JSON that is nearly right, cut off, repeated, a stream of events, or noise."""
    body = json.dumps(draw(mutated(BODIES)), ensure_ascii=draw(st.booleans()))
    unit = draw(st.sampled_from(["<", "<script", "&", "&#", "{", "[", '{"a":', "data:", "\r"]))
    return draw(
        st.sampled_from(
            [
                body,
                body[: draw(st.integers(0, len(body)))],
                "".join(f"event: task\ndata: {line}\n\n" for line in (body, body)),
                f"id: {draw(st.text(max_size=5))}\ndata: {body}",
                draw(st.sampled_from(TEXTS))[: draw(st.integers(0, 500))] + draw(st.text()),
                unit * draw(st.integers(0, 100_000)),
            ]
        )
    )


STATUSES = st.one_of(
    st.sampled_from([200, 201, 204, 302, 400, 401, 402, 403, 404, 405, 409, 410, 422, 429, 500]),
    st.integers(100, 599),
)
HEADERS = st.fixed_dictionaries(
    {"content-type": st.sampled_from(["application/json", "text/event-stream", "TEXT/HTML", ""])},
    optional={
        "retry-after": st.one_of(
            st.text(max_size=12),
            st.integers().map(str),
            st.sampled_from(["Wed, 21 Oct 2015 07:28:00 GMT", "Inf", "1e9", "0x1", "-1", "٣"]),
        )
    },
)
ANSWERS = st.builds(Answer, status=STATUSES, headers=HEADERS, text=texts(), ended=st.booleans())


@each_effort
def test_an_answer_is_read_or_refused_by_name(effort: Effort) -> None:
    """Nothing but the errors that the caller of each reader knows."""

    def check(answer: Answer) -> None:
        for read, known in READERS:
            try:
                found = within(0.2, 5.0, len(answer.text), partial(read, answer, NOW))
            except known as error:
                _check_length(str(error))
                continue
            snapshot = found.snapshot if isinstance(found, Reading) else found
            if snapshot is not None:
                _check_snapshot(snapshot)

    search(effort, ANSWERS, check)


def _check_length(message: str) -> None:
    assert len(message) <= LONGEST_MESSAGE + 200, message


def _check_snapshot(snapshot: Snapshot) -> None:
    assert len(snapshot.state_text) <= LONGEST_MESSAGE
    assert snapshot.problem is None or 0 < len(snapshot.problem) <= LONGEST_MESSAGE
    for amount in (snapshot.cost_estimate, snapshot.cost_actual):
        assert amount is None or (amount.is_finite() and amount >= 0)
    for output in snapshot.outputs:
        assert output.url.lower().startswith(("http://", "https://"))
        assert output.url.isascii()


@each_effort
def test_one_strange_event_spoils_no_other(effort: Effort) -> None:
    """The events around it say what they say without it."""
    good = next(body for body in BODIES if isinstance(body, list))
    unnamed = st.dictionaries(st.sampled_from(["a", "b", "object"]), VALUES, max_size=3)
    strange = st.one_of(SCALARS, st.lists(VALUES, max_size=3), unnamed)

    def check(drawn: tuple[int, Json]) -> None:
        place, event = drawn
        usual = read_events("application/json", json.dumps(good)).snapshot
        among = [*good[:place], event, *good[place:]]
        assert read_events("application/json", json.dumps(among)).snapshot == usual

    assert isinstance(good, list)
    search(effort, st.tuples(st.integers(0, len(good)), strange), check)


@pytest.mark.parametrize("key", ["events", "data", "items"])
def test_a_page_is_a_list_whatever_holds_it(key: str) -> None:
    good = next(body for body in BODIES if isinstance(body, list))
    held = read_events("application/json", json.dumps({key: good}))
    assert held.snapshot == read_events("application/json", json.dumps(good)).snapshot
