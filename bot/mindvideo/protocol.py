"""MindVideo's protocol without I/O: requests as values, answers as snapshots or exceptions.

The page of each model documents it (https://mindvideo.ai, "API"): three calls, five states, an
idempotency key. Anything that the page leaves open is read tolerantly. The functions here raise
`BotError` and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote

from bot.base.errors import OutcomeUnknownError, RetryLaterError
from bot.base.json import parse_exact
from bot.base.ports import Snapshot, TaskState
from bot.mindvideo.errors import failure, read_failure, submit_failure
from bot.mindvideo.events import Reading, fold, read_events
from bot.mindvideo.exchange import Answer, Request, TaskCall, memo_of
from bot.mindvideo.task import NO_STATE, read_task
from storage.job import Instant, Json

TASKS_PATH = "/api/v1/tasks"

KEY_LIFETIME_SECONDS = 23 * 3600.0
"""How long an idempotency key can be sent safely. MindVideo does not document how long it remembers
a key: 24 h is assumed, less a margin of 1 h, because a later repeat could be charged again."""


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
    # UTF-8 cannot encode a lone surrogate, and nothing else; JSON can hold it as an escape.
    return text.encode("utf-8", errors="backslashreplace")


def _plain(value: Mapping[str, Json] | Sequence[Json]) -> dict[str, Json] | list[Json]:
    """Convert a container into one of the two types that `json` can write."""
    return dict(value) if isinstance(value, Mapping) else list(value)


def submit_request(body: bytes, idempotency_key: str) -> Request:
    """Return the request that starts a task, or gets the one that the key started before."""
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
    """Return the request that reads a task's state."""
    path = f"{TASKS_PATH}/{quote(task_id, safe='')}"
    if call is TaskCall.TASK:
        return Request(method="GET", path=path, headers={"Accept": "application/json"})
    accept = {"Accept": "application/json, text/event-stream;q=0.5"}
    return Request(method="GET", path=f"{path}/events", headers=accept)


def read_submit(answer: Answer, now: Instant) -> Snapshot:
    """Return a snapshot of the task that was started; its `task_id` is set.

    Raises the errors of `VideoService.submit`. Only a clear refusal counts as one: after an unclear
    answer the task may have been charged.
    """
    if not answer.is_success:
        raise submit_failure(answer, now)
    snapshot = _read_task(answer)
    if snapshot is None or snapshot.task_id is None:
        raise failure(OutcomeUnknownError, "MindVideo's answer named no task", answer, now)
    return snapshot


def read_task_answer(answer: Answer, now: Instant) -> Snapshot:
    """Return a snapshot of the task from an answer of `GET /tasks/{id}`.

    Raises `NotFoundError` for 404 and 410, `OperatorMustActError`, and `RetryLaterError` for all
    else: a task that was paid for is not given up after one unexpected answer.
    """
    if not answer.is_success:
        raise read_failure(answer, now)
    snapshot = _read_task(answer)
    if snapshot is None or _is_empty(snapshot):
        raise failure(RetryLaterError, "MindVideo's answer made no sense", answer, now)
    return replace(snapshot, memo=memo_of(TaskCall.TASK))


def read_events_answer(answer: Answer, now: Instant) -> Reading:
    """Return a snapshot of the task from an answer of `GET /tasks/{id}/events`.

    After a reading without a snapshot (404, 405 or nothing readable) read the task instead, now
    and from then on.
    Raises `OperatorMustActError` and `RetryLaterError`.
    """
    if answer.status in _NO_EVENTS:
        return Reading(snapshot=None)
    if not answer.is_success:
        raise read_failure(answer, now)
    reading = read_events(answer.headers.get("content-type", ""), answer.text)
    if reading.snapshot is None:
        return reading
    # A stream that stays open would delay every later call by seconds.
    call = TaskCall.EVENTS if answer.ended else TaskCall.TASK
    return replace(reading, snapshot=replace(reading.snapshot, memo=memo_of(call)))


def is_complete(snapshot: Snapshot) -> bool:
    """Return whether a snapshot from events needs no read of the task, which may have more."""
    if not snapshot.state.is_terminal:
        return True
    has_files = bool(snapshot.outputs) or snapshot.state is not TaskState.SUCCEEDED
    return has_files and snapshot.cost_actual is not None


def combine(by_events: Snapshot, by_task: Snapshot) -> Snapshot:
    """Merge the snapshots of both calls; that of the task is the newer.

    If the merged state is terminal, the memo says to read the task from then on.
    """
    folded = fold([by_events, by_task]) or by_task
    ended = folded.state.is_terminal
    return replace(folded, memo=memo_of(TaskCall.TASK) if ended else by_events.memo)


_NO_EVENTS = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


def _read_task(answer: Answer) -> Snapshot | None:
    try:
        body = parse_exact(answer.text)
    except ValueError:
        return None
    return read_task(body) if isinstance(body, dict) else None


def _is_empty(snapshot: Snapshot) -> bool:
    known = snapshot.task_id or snapshot.outputs or snapshot.cost_actual is not None
    return snapshot.state_text == NO_STATE and not known
