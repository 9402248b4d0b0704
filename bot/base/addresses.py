"""Addresses on the web as they were given: encoded where they must be, and else untouched.

A signed address is valid for its own bytes only, so `%2F` stays `%2F` and `+` stays `+`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin

from yarl import URL

from bot.base.patterns import lazy_compile

# Everything that no URI may hold: https://www.rfc-editor.org/rfc/rfc3986#section-2
_RAW = lazy_compile(r"[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")
_PARTS = lazy_compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?#]*)(?P<rest>.*)", re.DOTALL
)


class InvalidAddressError(ValueError):
    """The text is no absolute address with a host."""

    def __init__(self) -> None:
        # Without the text, which may be signed.
        super().__init__("this is no absolute address with a host")


def encoded(address: str) -> str:
    """Percent-encode the raw characters of an absolute address once, and leave all others.

    A name with letters beyond ASCII gets its form of the DNS. Raises `InvalidAddressError`.
    """
    parts = _PARTS.fullmatch(address.strip())
    if parts is None:
        raise InvalidAddressError
    try:
        host = parts["host"]
        if not host.isascii():
            host = URL(f"//{host}").raw_authority
        rest = _RAW.sub(_quoted, parts["rest"])
        url = f"{parts['scheme'].lower()}://{host}{rest}"
        is_valid = not _RAW.search(host) and bool(URL(url, encoded=True).host)
    except ValueError:  # from yarl, or a half of a surrogate pair
        is_valid, url = False, ""
    if not is_valid:
        raise InvalidAddressError
    return url


def exact(address: str) -> URL:
    """Return an address as a URL that is sent byte for byte. Raises `InvalidAddressError`."""
    return URL(encoded(address), encoded=True)


def redirected(current: URL, location: str) -> URL:
    """Return where a `Location` leads, byte for byte. Raises `InvalidAddressError`."""
    target = location.strip()
    if _PARTS.fullmatch(target):
        return exact(target)
    if target.startswith("//"):
        return exact(f"{current.scheme}:{target}")
    if target.startswith("/"):
        return exact(f"{current.scheme}://{current.raw_authority}{target}")
    return exact(urljoin(str(current), _RAW.sub(_quoted, target)))


def _quoted(raw: re.Match[str]) -> str:
    # aiohttp keeps bytes of a header that are no UTF-8 as lone surrogates.
    return quote(raw[0].encode("utf-8", "surrogateescape"), safe="")
