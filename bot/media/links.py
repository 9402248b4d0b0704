"""Signed links by which MindVideo fetches a person's image from us, and from nobody else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from storage.job import Instant

MEDIA_PATH = "/media"

LIFETIME_SECONDS = 48 * 3600.0
"""A submit may be repeated for 23 h, and MindVideo may fetch an image whenever it renders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """What a link stands for: a file at Slack, and the ending that its content has."""

    file_id: str
    suffix: str


class MediaLinks:
    """Makes and reads links. Without `secret` nobody can make one: it signs file, type and end."""

    def __init__(self, base_url: str, secret: str, *, now: Callable[[], Instant]) -> None:
        self._base_url = base_url
        self._now = now
        # The library derives a key of its own from secret and salt, so that the signature is good
        # for nothing else: https://itsdangerous.palletsprojects.com/en/stable/concepts/#the-salt
        self._signer = URLSafeSerializer(
            secret,
            salt=MEDIA_PATH,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def url(self, hosted: Hosted) -> str:
        """Return a link that is good for `LIFETIME_SECONDS`."""
        until = int(self._now() + LIFETIME_SECONDS)
        signed = self._signer.dumps([hosted.file_id, hosted.suffix, until])
        return f"{self._base_url}{MEDIA_PATH}/{signed}.{hosted.suffix}"

    def read(self, name: str) -> Hosted | None:
        """Return what the last part of a link stands for; `None`: it is not ours, or too old."""
        signed, _, suffix = name.rpartition(".")
        try:
            said = self._signer.loads(signed)
        except BadData:
            return None
        match said:
            case [str(file_id), str(ending), int(until)] if ending == suffix:
                return Hosted(file_id=file_id, suffix=ending) if self._now() < until else None
            case _:
                return None
