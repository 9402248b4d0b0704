"""Recognise a host that is this machine, or one that only this machine's network can reach."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# RFC 6052: the last 32 bits are an IPv4 address that a gateway connects to.
_NAT64 = IPv6Network("64:ff9b::/96")
_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)+")
# Browsers read a host whose last label is a number, such as 127.1 or 0x7f000001, as an IPv4
# address: https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Never names of the public internet: https://www.iana.org/assignments/special-use-domain-names,
# `internal` (ICANN, 2024), and those that routers and companies use inside.
_LOCAL_SUFFIXES = (
    ".localhost",
    ".local",
    ".localdomain",
    ".internal",
    ".intranet",
    ".lan",
    ".home",
    ".home.arpa",
    ".corp",
    ".private",
    ".test",
    ".invalid",
    ".onion",
)


def is_loopback(host: str) -> bool:
    """Return whether a host's name or IP address means this machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Return whether an IP address, and every IPv4 address embedded in it, is public."""
    return all(one.is_global and not one.is_multicast for one in _with_embedded(address))


def may_be_public(host: str) -> bool:
    """Return whether everybody may reach a host, as far as its name or IP address tells.

    Nothing is resolved: a public name may still lead to a private address.
    """
    # A host is compared as it is looked up: full-width digits and dots are plain ones.
    name = unicodedata.normalize("NFKC", host).lower().replace("。", ".").rstrip(".")
    try:
        return is_public(name.strip("[]"))
    except ValueError:
        last = name.rpartition(".")[2]
        is_name = _NAME.fullmatch(name) is not None and _NUMBER.fullmatch(last) is None
        return is_name and not name.endswith(_LOCAL_SUFFIXES)


def _with_embedded(address: str) -> Iterator[IPv4Address | IPv6Address]:
    """Yield the address and the IPv4 addresses embedded in it; for a mapped one, these alone."""
    # A link-local address carries its interface: fe80::1%eth0.
    given = ip_address(address.partition("%")[0])
    if isinstance(given, IPv4Address):
        yield given
        return
    embedded = [given.ipv4_mapped, given.sixtofour, *(given.teredo or ())]
    if given in _NAT64:
        embedded.append(IPv4Address(int(given) & 0xFFFF_FFFF))
    found = [one for one in embedded if one is not None]
    # `is_global` of a mapped address differs between Python versions: the IPv4 address decides.
    yield from found if given.ipv4_mapped else [given, *found]
