"""Signed links with which MindVideo fetches a user's image from this bot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from storage.job import Instant

MEDIA_PATH = "/media"

LIFETIME_SECONDS = 48 * 3600.0
"""A submit may be retried for 23 h, and MindVideo may fetch an image at any time of the render."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """The target of a link: a file at Slack, and the filename extension of what is served."""

    file_id: str
    suffix: str
    is_converted: bool = False
    """The file has another format, or is too large, and is converted when the link is followed."""


class MediaLinks:
    """Makes and verifies links. `secret` signs file, extension and expiry: none can be forged."""

    def __init__(self, base_url: str, secret: str, *, now: Callable[[], Instant]) -> None:
        self._base_url = base_url
        self._now = now
        # The library derives a key of its own from secret and salt, so that the signature is valid
        # for nothing else: https://itsdangerous.palletsprojects.com/en/stable/concepts/#the-salt
        self._signer = URLSafeSerializer(
            secret,
            salt=MEDIA_PATH,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def url(self, hosted: Hosted) -> str:
        """Return a link that is valid for `LIFETIME_SECONDS`."""
        expires_at = int(self._now() + LIFETIME_SECONDS)
        kept = [hosted.file_id, hosted.suffix, expires_at]
        signed = self._signer.dumps([*kept, True] if hosted.is_converted else kept)
        return f"{self._base_url}{MEDIA_PATH}/{signed}.{hosted.suffix}"

    def read(self, name: str) -> Hosted | None:
        """Return the target of a link by its last path segment; `None`: forged or expired."""
        signed, _, extension = name.rpartition(".")
        try:
            payload = self._signer.loads(signed)
        except BadData:
            return None
        match payload:
            case [str(file_id), str(suffix), int(expires_at), *rest] if suffix == extension:
                hosted = Hosted(file_id=file_id, suffix=suffix, is_converted=rest == [True])
                return hosted if self._now() < expires_at else None
            case _:
                return None
