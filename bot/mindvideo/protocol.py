"""MindVideo's protocol without I/O: requests as values, answers as snapshots or exceptions.

What is known is on the page of each model (https://mindvideo.ai, "API"): three calls, five states,
an idempotency key. What that page leaves open is read tolerantly; nothing here raises anything
but a `BotError`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from bot.base.errors import OutcomeUnknownError, RetryLaterError
from bot.base.json import read_json
from bot.base.ports import Snapshot, TaskState
from bot.mindvideo.errors import failure, read_failure, submit_failure
from bot.mindvideo.events import Reading, fold, read_events
from bot.mindvideo.exchange import Answer, Request, TaskCall, memo_of
from bot.mindvideo.task import NO_STATE, read_task
from storage.job import Instant, Json

TASKS_PATH = "/api/v1/tasks"

KEY_LIFETIME_SECONDS = 23 * 3600.0
"""MindVideo does not say how long it remembers a key. 24 h is assumed, and one kept in hand: past
that a repeat could be a second charge."""


def request_body(model: str, options: Mapping[str, Json]) -> bytes:
    """Return the body of a submit: UTF-8 JSON, the same bytes for equal arguments."""
    text = json.dumps(
        {"model": model, "input": options},
        default=_plain,
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    # A lone surrogate is the only text that UTF-8 cannot hold; its escape is what JSON knows.
    return text.encode("utf-8", errors="backslashreplace")


def _plain(value: Mapping[str, Json] | Sequence[Json]) -> dict[str, Json] | list[Json]:
    """Return a container as one of the two kinds that `json` can write."""
    return dict(value) if isinstance(value, Mapping) else list(value)


def submit_request(body: bytes, idempotency_key: str) -> Request:
    """Return the call that starts a task, or gets the one that the key started before."""
    return Request(
        method="POST",
        path=TASKS_PATH,
        headers={
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key,
        },
        content=body,
    )


def task_request(task_id: str, call: TaskCall) -> Request:
    """Return the call that tells how a task goes."""
    path = f"{TASKS_PATH}/{quote(task_id, safe='')}"
    if call is TaskCall.TASK:
        return Request(method="GET", path=path, headers={"Accept": "application/json"})
    accept = {"Accept": "application/json, text/event-stream;q=0.5"}
    return Request(method="GET", path=f"{path}/events", headers=accept)


def read_submit(answer: Answer, now: Instant) -> Snapshot:
    """Return the task that was started; its `task_id` is there.

    Raises what `VideoService.submit` promises. Only an answer that clearly says so counts as
    refused: whatever is unclear may have been charged.
    """
    if not answer.is_success:
        raise submit_failure(answer, now)
    snapshot = _read_task(answer)
    if snapshot is None or snapshot.task_id is None:
        raise failure(OutcomeUnknownError, "MindVideo's answer named no task", answer, now)
    return snapshot


def read_task_answer(answer: Answer, now: Instant) -> Snapshot:
    """Return how the task goes, by an answer of `GET /tasks/{id}`.

    Raises `NotFoundError` for 404 and 410, `OperatorMustActError`, and `RetryLaterError` for all
    else: a task that was paid for is not given up because of one strange answer.
    """
    if not answer.is_success:
        raise read_failure(answer, now)
    snapshot = _read_task(answer)
    if snapshot is None or _tells_nothing(snapshot):
        raise failure(RetryLaterError, "MindVideo's answer made no sense", answer, now)
    return replace(snapshot, memo=memo_of(TaskCall.TASK))


def read_events_answer(answer: Answer, now: Instant) -> Reading:
    """Return how the task goes, by an answer of `GET /tasks/{id}/events`.

    A reading without a snapshot (404, 405 or nothing readable) says: ask the task, from now on.
    Raises `OperatorMustActError` and `RetryLaterError`.
    """
    if answer.status in _NO_EVENTS:
        return Reading(snapshot=None)
    if not answer.is_success:
        raise read_failure(answer, now)
    reading = read_events(answer.headers.get("content-type", ""), answer.text)
    if reading.snapshot is None:
        return reading
    # A stream that stays open would hold every later call for seconds.
    call = TaskCall.EVENTS if answer.ended else TaskCall.TASK
    return replace(reading, snapshot=replace(reading.snapshot, memo=memo_of(call)))


def is_complete(snapshot: Snapshot) -> bool:
    """Tell whether events said all there is to say; at the end the task may know more."""
    if not snapshot.state.is_terminal:
        return True
    has_files = bool(snapshot.outputs) or snapshot.state is not TaskState.SUCCEEDED
    return has_files and snapshot.cost_actual is not None


def combine(by_events: Snapshot, by_task: Snapshot) -> Snapshot:
    """Return what both calls told, the task's word being the newer.

    Where the task knew of an end, or of more about it, the task is asked from now on.
    """
    folded = fold([by_events, by_task]) or by_task
    ended = folded.state.is_terminal
    return replace(folded, memo=memo_of(TaskCall.TASK) if ended else by_events.memo)


_NO_EVENTS = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


def _read_task(answer: Answer) -> Snapshot | None:
    try:
        body = read_json(answer.text)
    except ValueError:
        return None
    return read_task(body) if isinstance(body, dict) else None


def _tells_nothing(snapshot: Snapshot) -> bool:
    known = snapshot.task_id or snapshot.outputs or snapshot.cost_actual is not None
    return snapshot.state_text == NO_STATE and not known
