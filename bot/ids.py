"""Job IDs."""

from __future__ import annotations

import secrets

# Without I, L, O and U an ID can be read aloud and spells nothing.
# https://www.crockford.com/base32.html
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 10


def new_id() -> str:
    """Return a new job ID: 50 random bits, short enough to be typed."""
    # One call of the system for all letters: 256 is a multiple of the alphabet's 32.
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(LENGTH))
