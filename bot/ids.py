"""Job IDs."""

from __future__ import annotations

import secrets

# Without I, L, O and U an ID can be read aloud and spells nothing.
# https://www.crockford.com/base32.html
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10


def new_id() -> str:
    """Return a new job ID: 50 random bits, short enough to be typed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
