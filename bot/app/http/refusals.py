"""Requests that are refused: each is counted, and each reason is logged once a minute.

Everybody can send requests, so what is logged of them is small, and has no traceback.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Protocol

import structlog
from aiohttp.http_exceptions import HttpProcessingError

from bot.base.throttle import Throttle

_SERVER = logging.getLogger("aiohttp.server")


class Reason(StrEnum):
    """Why a request is refused."""

    HTTP = "http"
    """It is no HTTP that can be read."""
    ENCODING = "encoding"
    """Its content is compressed, or its charset is not UTF-8."""
    TOO_LARGE = "too_large"
    UNSIGNED = "unsigned"
    BUSY = "busy"
    """Too many large bodies are arriving."""
    SLOW = "slow"
    SIGNATURE = "signature"
    CLOCK = "clock"
    """It is signed, by a clock that differs too much from this machine's."""
    UNREADABLE = "unreadable"
    """It is signed, and makes no sense."""


class RefusalObserver(Protocol):
    """Counts refused requests, for metrics."""

    def request_refused(self, reason: str) -> None:
        """Count a request; `Reason` lists the values."""


class Refusals:
    """Counts and logs refused requests."""

    def __init__(self, observer: RefusalObserver) -> None:
        self._observer = observer
        self._throttle = Throttle()
        self._log = structlog.get_logger("http")

    def add(self, reason: Reason, detail: str | None = None) -> None:
        """Count a request. `detail` is for the log, and holds nothing of the request itself."""
        self._observer.request_refused(reason.value)
        held = self._throttle.admit(reason)
        if held is not None:
            self._log.warning("request_refused", reason=reason.value, detail=detail, more=held)


class ServerLog:
    """The logger that aiohttp gets: it counts a request that cannot be parsed as refused."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    def exception(self, message: str, *values: object, exc_info: BaseException) -> None:
        """Log a failure; aiohttp calls this for its own 400s too."""
        if isinstance(exc_info, HttpProcessingError):
            self._refusals.add(Reason.HTTP, type(exc_info).__name__)
        else:
            _SERVER.error(message, *values, exc_info=exc_info)

    def debug(self, _message: str, *_values: object, exc_info: BaseException | None = None) -> None:
        """Count a request that is not HTTP; aiohttp logs these at the level of debugging."""
        if isinstance(exc_info, HttpProcessingError):
            self._refusals.add(Reason.HTTP, type(exc_info).__name__)
