"""MindVideo's protocol without I/O: requests as values, answers as snapshots or exceptions.

What is known is on the page of each model (https://mindvideo.ai, "API"): three calls, five states,
an idempotency key. What that page leaves open is read tolerantly; nothing here raises anything
but a `BotError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Literal, assert_never
from urllib.parse import quote

from bot.errors import (
    BotError,
    KeyConflictError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
)
from bot.mindvideo.events import Reading, fold, read_events
from bot.mindvideo.parsing import read_json
from bot.mindvideo.problems import Problem, clean, read_problem
from bot.mindvideo.retry_after import read_retry_after
from bot.mindvideo.task import NO_STATE, read_task
from bot.ports import Snapshot, TaskState
from storage.job import Instant, Json, LookBy

TASKS_PATH = "/api/v1/tasks"

# The page says of a reused key only that "reusing it with different input returns 409".
_SAYS_CONFLICT = re.compile(
    r"differ|mismatch|(not|n't) match|another (input|payload|request|body)|already (been )?used"
    r"|reus|conflict.{0,20}(input|payload|body|param)",
    re.IGNORECASE,
)
_SAYS_IN_PROGRESS = re.compile(
    r"in.?progress|being (created|processed)|still|pending|processing|in.?flight|concurrent|locked"
    r"|try again|retry",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call to make: `path` starts with a slash and is ready for the wire."""

    method: Literal["GET", "POST"]
    path: str
    headers: Mapping[str, str]
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `headers` have names in small letters."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    ended: bool = True
    """`False`: a stream of events that was left while it was still open."""


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


def look_request(task_id: str, by: LookBy) -> Request:
    """Return the call that tells how a task goes."""
    path = f"{TASKS_PATH}/{quote(task_id, safe='')}"
    match by:
        case LookBy.TASK:
            return Request(method="GET", path=path, headers={"Accept": "application/json"})
        case LookBy.EVENTS:
            accept = {"Accept": "application/json, text/event-stream;q=0.5"}
            return Request(method="GET", path=f"{path}/events", headers=accept)
        case _:
            assert_never(by)


def read_submit(answer: Answer, now: Instant) -> Snapshot:
    """Return the task that was started; its `task_id` is there.

    Raises what `VideoService.submit` promises. Only an answer that clearly says so counts as
    refused: whatever is unclear may have been charged.
    """
    if not _is_success(answer):
        raise _submit_error(answer, now)
    snapshot = _read_task(answer)
    if snapshot is None or snapshot.task_id is None:
        problem = read_problem(answer.text)
        raise _error(OutcomeUnknownError, "MindVideo's answer named no task", answer, problem, now)
    return snapshot


def read_task_look(answer: Answer, now: Instant) -> Snapshot:
    """Return how the task goes, by an answer of `GET /tasks/{id}`.

    Raises `NotFoundError` for 404 and 410, `OperatorMustActError`, and `RetryLaterError` for all
    else: a task that was paid for is not given up because of one strange answer.
    """
    if not _is_success(answer):
        raise _look_error(answer, now)
    snapshot = _read_task(answer)
    if snapshot is None or _tells_nothing(snapshot):
        problem = read_problem(answer.text)
        raise _error(RetryLaterError, "MindVideo's answer made no sense", answer, problem, now)
    return replace(snapshot, look_by=LookBy.TASK)


def read_events_look(answer: Answer, now: Instant) -> Reading:
    """Return how the task goes, by an answer of `GET /tasks/{id}/events`.

    A reading without a snapshot (404, 405 or nothing readable) says: ask the task, from now on.
    Raises `OperatorMustActError` and `RetryLaterError`.
    """
    if answer.status in _NO_EVENTS:
        return Reading(snapshot=None)
    if not _is_success(answer):
        raise _look_error(answer, now)
    reading = read_events(answer.headers.get("content-type", ""), answer.text)
    if reading.snapshot is None:
        return reading
    # A stream that stays open would hold every later look for seconds.
    by = LookBy.EVENTS if answer.ended else LookBy.TASK
    return replace(reading, snapshot=replace(reading.snapshot, look_by=by))


def is_complete(snapshot: Snapshot) -> bool:
    """Tell whether events said all there is to say; at the end the task may know more."""
    if not snapshot.state.is_terminal:
        return True
    has_files = bool(snapshot.outputs) or snapshot.state is not TaskState.SUCCEEDED
    return has_files and snapshot.cost_actual is not None


def complete(by_events: Snapshot, by_task: Snapshot) -> Snapshot:
    """Return both together; the task is asked next time too, as the events lacked something."""
    return replace(fold([by_events, by_task]) or by_task, look_by=LookBy.TASK)


_NO_EVENTS = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


def _is_success(answer: Answer) -> bool:
    return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES


def _read_task(answer: Answer) -> Snapshot | None:
    try:
        body = read_json(answer.text)
    except ValueError:
        return None
    return read_task(body) if isinstance(body, dict) else None


def _tells_nothing(snapshot: Snapshot) -> bool:
    known = snapshot.task_id or snapshot.outputs or snapshot.cost_actual is not None
    return snapshot.state_text == NO_STATE and not known


def _submit_error(answer: Answer, now: Instant) -> BotError:
    problem = read_problem(answer.text)
    common = _common_error(answer, problem, now)
    if common is not None:
        return common
    match answer.status:
        case HTTPStatus.CONFLICT:
            return _conflict(answer, problem, now)
        case HTTPStatus.REQUEST_TIMEOUT:
            return _error(OutcomeUnknownError, "MindVideo timed out", answer, problem, now)
        case status if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            said = problem.message or f"this request is not accepted (status {status})"
            return RefusedError(said, code=problem.code, request_id=_request_id(answer, problem))
        case _:
            return _error(OutcomeUnknownError, "MindVideo is in trouble", answer, problem, now)


def _conflict(answer: Answer, problem: Problem, now: Instant) -> BotError:
    """Tell a conflict of input, which never heals, from a first request that is still at work."""
    said = f"{problem.code or ''} {problem.message or ''}"
    if _SAYS_CONFLICT.search(said) and not _SAYS_IN_PROGRESS.search(said):
        head = "MindVideo knows this idempotency key with another input"
        return _error(KeyConflictError, head, answer, problem, now)
    head = "MindVideo may still be starting this task"
    return _error(OutcomeUnknownError, head, answer, problem, now)


def _look_error(answer: Answer, now: Instant) -> BotError:
    problem = read_problem(answer.text)
    common = _common_error(answer, problem, now)
    if common is not None:
        return common
    match answer.status:
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            return _error(NotFoundError, "MindVideo does not know this task", answer, problem, now)
        case _:
            return _error(RetryLaterError, "MindVideo is in trouble", answer, problem, now)


def _common_error(answer: Answer, problem: Problem, now: Instant) -> BotError | None:
    """Return the error of those statuses that mean the same for every call."""
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            head = "MindVideo does not accept the API key"
        case HTTPStatus.PAYMENT_REQUIRED:
            head = "MindVideo's account has no credit left"
        case HTTPStatus.FORBIDDEN:
            head = "MindVideo does not let this API key do that"
        case HTTPStatus.TOO_EARLY | HTTPStatus.TOO_MANY_REQUESTS:
            return _error(RetryLaterError, "MindVideo asks to wait", answer, problem, now)
        case status if status < HTTPStatus.BAD_REQUEST:
            # The key goes to the configured host only, so a redirect is not followed.
            head = "MindVideo's API is not at this address, check MINDVIDEO_BASE_URL"
        case _:
            return None
    return _error(OperatorMustActError, head, answer, problem, now)


def _error(
    kind: type[BotError], head: str, answer: Answer, problem: Problem, now: Instant
) -> BotError:
    said = f": {problem.message}" if problem.message else ""
    return kind(
        clean(f"{head} (status {answer.status}){said}") or head,
        code=problem.code,
        request_id=_request_id(answer, problem),
        retry_after=read_retry_after(answer.headers.get("retry-after"), now),
    )


def _request_id(answer: Answer, problem: Problem) -> str | None:
    return problem.request_id or clean(answer.headers.get("x-request-id", ""))
