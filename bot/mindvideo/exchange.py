"""One call to MindVideo and its answer, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal


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

    @property
    def is_success(self) -> bool:
        """Whether the status says that it was done."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES
