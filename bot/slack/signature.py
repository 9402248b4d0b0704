"""The signature of Slack's HTTP requests, checked over the bytes as they came.

The SDK's `SignatureVerifier` decodes the body first, and does not tell a wrong secret from a wrong
clock. https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from bot.base.patterns import lazy_compile
from storage.job import Instant

WINDOW_SECONDS = 300.0
"""How old a signed request may be, as Slack advises: a later one may be sent by somebody else."""

_TIMESTAMP = lazy_compile(r"[0-9]{1,12}")
_SIGNATURE = lazy_compile(r"v0=[0-9a-f]{64}")


class SignatureVerdict(Enum):
    """Whether a request is Slack's."""

    SIGNED = auto()
    WRONG_SIGNATURE = auto()
    """It was signed with another secret, or changed, or by nobody."""
    WRONG_TIME = auto()
    """It is signed, but too old or too new: this machine's clock is wrong, or it is a repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The two headers of a signed request, which have the right shape."""

    timestamp: str
    value: str

    @classmethod
    def of_headers(cls, headers: Mapping[str, str]) -> Signature | None:
        """Return the signature in a request's headers; `None`: it has none."""
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        value = headers.get("X-Slack-Signature", "")
        if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(value):
            return None
        return cls(timestamp=timestamp, value=value)

    def seconds_ahead(self, now: Instant) -> float:
        """Return by how much a clock that shows `now` is ahead of Slack's, when it signed."""
        return now - float(self.timestamp)

    def verdict(self, secret: str, body: bytes, now: Instant) -> SignatureVerdict:
        """Return whether the signature is that of `body`, made with `secret` around `now`."""
        signed = b"v0:" + self.timestamp.encode() + b":" + body
        made = "v0=" + hmac.new(secret.encode(), signed, "sha256").hexdigest()
        if not hmac.compare_digest(made, self.value):
            return SignatureVerdict.WRONG_SIGNATURE
        is_recent = abs(self.seconds_ahead(now)) <= WINDOW_SECONDS
        return SignatureVerdict.SIGNED if is_recent else SignatureVerdict.WRONG_TIME
