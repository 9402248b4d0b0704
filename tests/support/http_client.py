"""A client for the HTTP port of a bot."""

from __future__ import annotations

import ssl

import httpx

_WITHOUT_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def http_client() -> httpx.AsyncClient:
    """Return a client for plain HTTP.

    httpx reads the certificates of all authorities for each of its clients, which takes as long as
    a bot's start.
    """
    return httpx.AsyncClient(verify=_WITHOUT_AUTHORITIES)
