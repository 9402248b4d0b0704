"""Faults on request: what goes wrong at the simulated Slack, where, and how often."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

ANYWHERE = "*"
"""Instead of a method's name: whatever call comes next."""

UPLOAD = "upload"
"""Instead of a method's name: the bytes sent to an upload URL."""

DOWNLOAD = "download"
"""Instead of a method's name: the bytes of a person's file."""

RESPONSE_URL = "response_url"
"""Instead of a method's name: an answer by `response_url`."""


class FaultKind(StrEnum):
    """What goes wrong, and whether the call took effect before."""

    RATE_LIMITED = "rate_limited"
    """HTTP 429 with `retry_after`; nothing done."""
    LOST_BEFORE = "lost_before"
    """The connection closes; nothing done."""
    LOST_AFTER = "lost_after"
    """Done, and the connection closes without an answer."""
    ERROR_BEFORE = "error_before"
    """`ok: false` with `code`; nothing done."""
    ERROR_AFTER = "error_after"
    """Done, and `ok: false` with `code`."""
    STATUS_BEFORE = "status_before"
    """HTTP `status` with a page; nothing done."""
    STATUS_AFTER = "status_after"
    """Done, and HTTP `status` with a page."""
    GARBLED_AFTER = "garbled_after"
    """Done, and HTTP 200 with `body`, which is no answer of Slack's."""
    SILENT_AFTER = "silent_after"
    """Done, and no answer until the other side gives up."""
    NO_SHARE = "no_share"
    """`files.completeUploadExternal` answers ok and shares nothing."""
    HIDDEN_SHARES = "hidden_shares"
    """`files.info` does not tell yet where the file is shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    kind: FaultKind
    code: str = "internal_error"
    status: int = 503
    retry_after: str | None = "30"
    body: str = "<html><body>Slack is having trouble</body></html>"
    content_type: str = "text/html"


class Faults:
    """What still has to go wrong, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = {}

    def add(self, target: str, fault: Fault, *, times: int = 1) -> None:
        """Let the next `times` calls of `target` (a method's name, or `ANYWHERE`) go wrong."""
        self._waiting.setdefault(target, deque()).extend([fault] * times)

    def take(self, target: str) -> Fault | None:
        """Return what goes wrong with this call of `target`."""
        for name in (target, ANYWHERE):
            if self._waiting.get(name):
                return self._waiting[name].popleft()
        return None

    def clear(self) -> None:
        """Let everything go well from now on."""
        self._waiting.clear()

    @property
    def waiting(self) -> int:
        """How many faults have not happened yet."""
        return sum(len(queue) for queue in self._waiting.values())
