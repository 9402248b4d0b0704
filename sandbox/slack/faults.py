"""Faults that a test injects into calls of the simulated Slack."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

ANYWHERE = "*"
"""Target in place of a method's name: the next call, of any method or route."""

UPLOAD = "upload"
"""Target in place of a method's name: the bytes sent to an upload URL."""

DOWNLOAD = "download"
"""Target in place of a method's name: the bytes read of a person's file."""

RESPONSE_URL = "response_url"
"""Target in place of a method's name: a message sent by `response_url`."""


class FaultKind(StrEnum):
    """The kind of a fault, and whether the call takes effect before it."""

    RATE_LIMITED = "rate_limited"
    """HTTP 429 with `retry_after`; no effect."""
    LOST_BEFORE = "lost_before"
    """The connection closes; no effect."""
    LOST_AFTER = "lost_after"
    """The call takes effect; the connection closes without an answer."""
    ERROR_BEFORE = "error_before"
    """`ok: false` with `code`; no effect."""
    ERROR_AFTER = "error_after"
    """The call takes effect; `ok: false` with `code`."""
    STATUS_BEFORE = "status_before"
    """HTTP `status` with `body`; no effect."""
    STATUS_AFTER = "status_after"
    """The call takes effect; HTTP `status` with `body`."""
    GARBLED_AFTER = "garbled_after"
    """The call takes effect; HTTP 200 with `body`, which is no answer of Slack's."""
    SILENT_AFTER = "silent_after"
    """The call takes effect; no answer until the client disconnects."""
    NO_SHARE = "no_share"
    """`files.completeUploadExternal` answers ok and shares nothing."""
    HIDDEN_SHARES = "hidden_shares"
    """`files.info` does not show yet where the file is shared."""


BEFORE_EFFECT = frozenset({FaultKind.LOST_BEFORE, FaultKind.RATE_LIMITED, FaultKind.STATUS_BEFORE})
"""Faults of HTTP or the connection that come before a call takes effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault to inject. `status`, `retry_after`, `body` and so on are those of the answer."""

    kind: FaultKind
    code: str = "internal_error"
    status: int = 503
    retry_after: str | None = "30"
    body: str = "<html><body>Slack is having trouble</body></html>"
    content_type: str = "text/html"


class Faults:
    """The faults to inject: a queue for each target, in the order in which they were added."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = {}

    def add(self, target: str, fault: Fault, *, times: int = 1) -> None:
        """Inject a fault into the next `times` calls of `target`, a method's name or `ANYWHERE`."""
        self._waiting.setdefault(target, deque()).extend([fault] * times)

    def take(self, target: str) -> Fault | None:
        """Remove and return the fault for this call of `target`, or `None`."""
        for name in (target, ANYWHERE):
            if self._waiting.get(name):
                return self._waiting[name].popleft()
        return None

    def clear(self) -> None:
        """Remove all faults."""
        self._waiting.clear()

    @property
    def waiting(self) -> int:
        """The number of faults that were not injected yet."""
        return sum(len(queue) for queue in self._waiting.values())
