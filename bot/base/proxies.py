"""Reads the proxies of the environment, and returns the one for an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.request import getproxies_environment

from yarl import URL

from bot.base.errors import ConfigurationError
from bot.base.hosts import is_loopback

_SHORTEST_SECRET = 4

# A websocket goes through the proxy of the HTTP request that opens it.
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, which may be lower case.

    A URL may have a user and a password. `repr` shows none of it.
    """

    by_scheme: Mapping[str, URL] = field(default_factory=dict, repr=False)
    exceptions: tuple[str, ...] = ()
    """The entries of NO_PROXY, in lower case: `*`, names, networks; a name may have a port."""

    @classmethod
    def from_environment(cls) -> Proxies:
        """Raise `ConfigurationError`, which names the variable, for an address that is none."""
        # Lower case goes before upper case, and HTTP_PROXY is ignored in a CGI script, where it is
        # a header of the request: https://docs.python.org/3/library/urllib.request.html
        given = getproxies_environment()
        schemes = {scheme: given.get(scheme) or given.get("all") for scheme in ("http", "https")}
        return cls(
            by_scheme={
                scheme: _parsed(scheme if scheme in given else "all", address)
                for scheme, address in schemes.items()
                if address
            },
            exceptions=tuple(given.get("no", "").lower().replace(",", " ").split()),
        )

    def for_url(self, url: URL) -> URL | None:
        """Return the proxy for `url`; `None`: the connection is direct, as to loopback always."""
        host = (url.host or "").rstrip(".").lower()
        if is_loopback(host) or any(_excepts(one, host, url.port) for one in self.exceptions):
            return None
        return self.by_scheme.get(_SCHEMES.get(url.scheme, ""))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every password, as it is written and as it is meant.

        Not those so short that they are found in any word: an address is known by its shape.
        """
        found = (
            password
            for proxy in self.by_scheme.values()
            for password in (proxy.raw_password, proxy.password)
            if password and len(password) >= _SHORTEST_SECRET
        )
        return tuple(dict.fromkeys(found))


def _parsed(variable: str, address: str) -> URL:
    try:
        # As curl does: https://everything.curl.dev/usingcurl/proxies/env.html
        url = URL(address if "://" in address else f"http://{address}")
    except ValueError:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host or url.port == 0:
        raise ConfigurationError(
            f"{variable.upper()}_PROXY is wrong: only an http:// or https:// address of a proxy "
            "can be used. Set it to http://HOST:PORT, or take it away."
        )
    return url


def _excepts(entry: str, host: str, port: int | None) -> bool:
    """Return whether an entry of NO_PROXY is about this host."""
    name, _, digits = entry.rpartition(":")
    # An IPv6 address has colons of its own, unless it is in brackets.
    if name and digits.isdecimal() and (":" not in name or name.endswith("]")):
        return int(digits) == port and _is_about(name, host)
    return _is_about(entry, host)


def _is_about(entry: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name = entry.removeprefix("*").removeprefix(".")
        return entry == "*" or (name != "" and (host == name or host.endswith(f".{name}")))
