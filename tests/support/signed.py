"""Requests as Slack signs them, and their odd kin."""

from __future__ import annotations

import time
from collections.abc import Mapping

from slack_sdk.signature import Clock, SignatureVerifier

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def signature(secret: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    """Return the headers by which Slack signs a body, with Slack's own library."""
    timestamp = str(int(time.time() if at is None else at))
    signed = SignatureVerifier(secret, Clock()).generate_signature(timestamp=timestamp, body=body)
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signed or ""}


def signed(secret: str, body: bytes, content_type: str = JSON) -> Mapping[str, str]:
    """Return all headers of a signed request."""
    return {"Content-Type": content_type, **signature(secret, body)}
