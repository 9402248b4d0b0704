"""Maps MindVideo's error answers to the bot's exceptions."""

from __future__ import annotations

import re
from http import HTTPStatus

from bot.base.errors import (
    BotError,
    KeyConflictError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
)
from bot.base.failures import classify
from bot.base.json import parse_exact
from bot.base.patterns import lazy_compile
from bot.base.retry_after import read_retry_after
from bot.mindvideo.exchange import Answer
from bot.mindvideo.problems import Problem, clean, read_problem
from storage.job import Failure, Instant

# MindVideo's page says of a reused key only that "reusing it with different input returns 409".
_SAYS_CONFLICT = lazy_compile(
    r"differ|mismatch|(not|n't) match|another (input|payload|request|body)|already (been )?used"
    r"|reus|conflict.{0,20}(input|payload|body|param)|idempotency.{0,8}conflict",
    re.IGNORECASE,
)
_SAYS_IN_PROGRESS = lazy_compile(
    r"in.?progress|being (created|processed)|still|pending|processing|in.?flight|concurrent|locked",
    re.IGNORECASE,
)

_NOT_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE})
_NO_CREDIT = "MindVideo's account has no credit left"
_WRONG_ADDRESS = "MindVideo's API is not at this address, check MINDVIDEO_BASE_URL"


def submit_failure(answer: Answer, now: Instant) -> BotError:
    """Return the exception for an answer to a submit that is no success.

    It is a `RefusedError` or another final error only where MindVideo clearly did nothing; an
    unclear answer is an `OutcomeUnknownError`, because the task may have been charged.
    """
    common = _common_error(answer, now)
    if common is not None:
        return common
    match answer.status:
        case HTTPStatus.CONFLICT:
            return _conflict(answer, now)
        case HTTPStatus.REQUEST_TIMEOUT:
            return failure(OutcomeUnknownError, "MindVideo timed out", answer, now)
        case status if status in _NOT_THERE and not _is_json(answer.text):
            # A gateway answered for a missing service, which may have accepted an earlier try.
            return failure(OperatorMustActError, _WRONG_ADDRESS, answer, now)
        case status if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _refusal(answer, now)
        case _:
            return failure(OutcomeUnknownError, "MindVideo is in trouble", answer, now)


def _refusal(answer: Answer, now: Instant) -> BotError:
    problem = read_problem(answer.text)
    if classify(problem.code, None) is Failure.CREDIT:
        return failure(OperatorMustActError, _NO_CREDIT, answer, now, Failure.CREDIT)
    return RefusedError(
        problem.message or f"this request is not accepted (status {answer.status})",
        code=problem.code,
        request_id=_request_id(answer, problem),
        failure=classify(problem.code, problem.message),
    )


def _conflict(answer: Answer, now: Instant) -> BotError:
    """Tell apart a key used with other input, which is final, and a request still in progress."""
    problem = read_problem(answer.text)
    said = f"{problem.code or ''} {problem.message or ''}"
    if _SAYS_CONFLICT.search(said) and not _SAYS_IN_PROGRESS.search(said):
        head = "MindVideo knows this idempotency key with another input"
        return failure(KeyConflictError, head, answer, now)
    head = "MindVideo may still be starting this task"
    return failure(OutcomeUnknownError, head, answer, now)


def read_failure(answer: Answer, now: Instant) -> BotError:
    """Return the exception for an answer to a read that is no success."""
    common = _common_error(answer, now)
    if common is not None:
        return common
    match answer.status:
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            return failure(NotFoundError, "MindVideo does not know this task", answer, now)
        case _:
            return failure(RetryLaterError, "MindVideo is in trouble", answer, now)


def _common_error(answer: Answer, now: Instant) -> BotError | None:
    """Return the exception of a status that means the same for every call, else `None`."""
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            head = "MindVideo does not accept the API key"
        case HTTPStatus.PAYMENT_REQUIRED:
            return failure(OperatorMustActError, _NO_CREDIT, answer, now, Failure.CREDIT)
        case HTTPStatus.FORBIDDEN:
            head = "MindVideo does not let this API key do that"
        case HTTPStatus.TOO_EARLY:
            return failure(RetryLaterError, "MindVideo asks to wait", answer, now)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _too_many(answer, now)
        case status if status < HTTPStatus.BAD_REQUEST:
            # The API key is sent to the configured host only, so a redirect is not followed.
            return failure(OperatorMustActError, _WRONG_ADDRESS, answer, now)
        case _:
            return None
    return failure(OperatorMustActError, head, answer, now, Failure.ACCESS)


def _too_many(answer: Answer, now: Instant) -> BotError:
    """Tell apart a limit of rate, which passes, and an empty account, which needs an operator."""
    problem = read_problem(answer.text)
    if classify(problem.code, problem.message) is Failure.CREDIT:
        return failure(OperatorMustActError, _NO_CREDIT, answer, now, Failure.CREDIT)
    return failure(RetryLaterError, "MindVideo asks to wait", answer, now, Failure.LIMIT)


def failure(
    kind: type[BotError],
    head: str,
    answer: Answer,
    now: Instant,
    failure_class: Failure | None = None,
) -> BotError:
    """Return an exception with `head`, the status and the problem in the answer's body as text."""
    problem = read_problem(answer.text)
    said = f": {problem.message}" if problem.message else ""
    return kind(
        clean(f"{head} (status {answer.status}){said}") or head,
        code=problem.code,
        request_id=_request_id(answer, problem),
        retry_after=read_retry_after(answer.headers.get("retry-after"), now),
        failure=failure_class,
    )


def _is_json(text: str) -> bool:
    try:
        parse_exact(text)
    except ValueError:
        return False
    return True


def _request_id(answer: Answer, problem: Problem) -> str | None:
    return problem.request_id or clean(answer.headers.get("x-request-id", ""))
