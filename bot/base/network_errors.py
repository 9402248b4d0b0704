"""Why a call over the network failed: exceptions of aiohttp, and sentences without secrets."""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import aiohttp
from aiohttp import ClientRequest

from bot.base.addresses import InvalidAddressError

TransportError: TypeAlias = aiohttp.ClientError | OSError | ValueError

# `ValueError`: an address that yarl cannot parse. `OSError` includes `TimeoutError`.
TRANSPORT_ERRORS = (aiohttp.ClientError, OSError, ValueError)
"""All that a call can raise when the network or the other side fails."""


class Why(StrEnum):
    """Why no connection came about."""

    NAME = "name"
    REFUSED = "refused"
    CERTIFICATE = "certificate"
    TLS = "tls"
    PROXY = "proxy"
    TIME = "time"
    NOT_PUBLIC = "not_public"
    NO_WAY = "no_way"


class NotConnectedError(aiohttp.ClientConnectionError):
    """No connection came about, so no byte of the request was sent.

    `str(error)` tells the reason and the host. It has neither path nor query, which may be signed,
    nor a proxy's password; for the same reason it is raised without its cause.
    """

    def __init__(self, why: Why, text: str) -> None:
        super().__init__(text)
        self.why = why


class NotPublicError(OSError):
    """The host has an address of this machine or its network; no connection was made."""

    def __init__(self) -> None:
        # With equal texts for all addresses aiohttp raises this error itself, not a summary.
        super().__init__("not a public address")


def was_never_sent(error: BaseException) -> bool:
    """Return whether it is certain that no byte of the request was sent."""
    return isinstance(error, NotConnectedError | InvalidAddressError | aiohttp.InvalidURL)


def is_not_public(error: BaseException) -> bool:
    """Return whether the connection was refused here, because the host is not public."""
    return isinstance(error, NotConnectedError) and error.why is Why.NOT_PUBLIC


def reason(error: BaseException) -> str:
    """Return why a call failed, as words without secrets to put behind a colon."""
    match error:
        case NotConnectedError() | InvalidAddressError():
            return str(error)
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ClientResponseError():
            return "the answer is not HTTP that can be read"
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case _:
            return "the connection was closed"


def cause_of(error: TransportError) -> TransportError | None:
    """Return the cause to chain to the bot's exception; `None` where its text quotes the reply.

    aiohttp puts the whole of a reply that is not HTTP into its exception: megabytes in a log.
    """
    return None if isinstance(error, aiohttp.ClientResponseError) else error


_PROXY_STATUS: Mapping[int, str] = MappingProxyType(
    {407: "it wants a user and a password", 403: "it does not allow this"}
)


def not_connected(error: TransportError, req: ClientRequest) -> NotConnectedError:
    """Return the error for a connection that failed with `error`, direct or through a proxy."""
    host = req.url.host_port_subcomponent or "an address without a host"
    if req.proxy is not None:
        return _not_through(error, host, f"the proxy {req.proxy.host_port_subcomponent}")
    return _not_to(error, host)


def _not_to(error: TransportError, host: str) -> NotConnectedError:
    """Return the reason why a direct connection failed."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            why, text = Why.NAME, f"the name {host} is not found ({_words(error)})"
        case aiohttp.ClientConnectorCertificateError():
            said = _certificate_problem(error.certificate_error)
            why, text = Why.CERTIFICATE, f"the certificate of {host} is not trusted ({said})"
        case aiohttp.ClientConnectorSSLError():
            why, text = Why.TLS, f"{host} does not speak TLS as it should"
        case TimeoutError():
            why, text = Why.TIME, f"{host} does not answer in time"
        case NotPublicError() | aiohttp.ClientConnectorError(os_error=NotPublicError()):
            why, text = Why.NOT_PUBLIC, f"{host} is not a public address"
        case aiohttp.ClientConnectorError() if error.os_error.errno == errno.ECONNREFUSED:
            why, text = Why.REFUSED, f"{host} refuses the connection"
        case OSError(errno=int(number)):
            why, text = Why.NO_WAY, f"no way to {host} ({os.strerror(number)})"
        case _:
            why, text = Why.NO_WAY, f"no way to {host}"
    return NotConnectedError(why, text)


def _not_through(error: TransportError, host: str, proxy: str) -> NotConnectedError:
    """Return the reason why a connection through a proxy failed."""
    why = Why.PROXY
    match error:
        case aiohttp.ClientHttpProxyError():
            said = _PROXY_STATUS.get(error.status)
            more = f": {said}" if said else ""
            text = f"{proxy} refuses to connect to {host} (status {error.status}{more})"
        case aiohttp.ClientConnectorDNSError():
            text = f"the name of {proxy} is not found ({_words(error)})"
        case aiohttp.ClientProxyConnectionError():
            text = str(_not_to(error, proxy))
        case aiohttp.ClientSSLError() | NotPublicError():
            return _not_to(error, host)
        case TimeoutError():
            why, text = Why.TIME, f"{proxy} does not connect to {host} in time"
        case _:
            text = f"{proxy} broke off the connection to {host}"
    return NotConnectedError(why, text)


def _certificate_problem(error: Exception) -> str:
    """Return OpenSSL's words, such as "certificate has expired"."""
    said = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else ""
    return said.rstrip(".") or "unknown reason"


def _words(error: aiohttp.ClientConnectorError) -> str:
    return error.os_error.strerror or "unknown reason"
