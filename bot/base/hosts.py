"""Recognise hosts: this machine, those that only this machine's network can reach, and Slack's."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from bot.base.patterns import lazy_compile

SLACK_DOMAINS = ("slack.com", "slack-gov.com", "slack-files.com", "slack-files-gov.com")
"""The domains of Slack and of GovSlack: API, files, uploads, answers and websockets.

https://api.slack-gov.com/gov-slack/about and the addresses that Slack's answers hold
"""

# RFC 6052: the last 32 bits are an IPv4 address that a gateway of this network connects to. Where a
# machine has IPv6 alone, all names of IPv4 hosts lead to such addresses.
_NAT64 = IPv6Network("64:ff9b::/96")
# The only part of IPv6 that is given out: https://www.iana.org/assignments/ipv6-address-space
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# RFC 5214, ISATAP: these 32 bits, then an IPv4 address to which a tunnel leads.
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
_LOW_32_BITS = 0xFFFF_FFFF
_NAME = lazy_compile(r"[\w-]+(?:\.[\w-]+)+")
# Browsers read a host whose last label is a number, such as 127.1 or 0x7f000001, as an IPv4
# address: https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMBER = lazy_compile(r"[0-9]+|0x[0-9a-f]*")
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


def is_slack_host(host: str) -> bool:
    """Return whether a host belongs to Slack."""
    name = host.lower()
    return any(name == domain or name.endswith(f".{domain}") for domain in SLACK_DOMAINS)


def is_public(address: str) -> bool:
    """Return whether an IP address, and every IPv4 address embedded in it, is public.

    An address of NAT64 is as public as the IPv4 address behind the gateway.
    """
    return all(map(_is_global, _with_embedded(address)))


def may_be_public(host: str) -> bool:
    """Return whether everybody may reach a host, as far as its name or IP address tells.

    Nothing is resolved: a public name may still lead to a private address. An address of NAT64 is
    one of a network's own gateway, so as a host it is not public.
    """
    # A host is compared as it is looked up: full-width digits and dots are plain ones.
    name = unicodedata.normalize("NFKC", host).lower().replace("。", ".").rstrip(".")
    try:
        address = ip_address(name.strip("[]").partition("%")[0])
        return is_public(str(address)) and address not in _NAT64
    except ValueError:
        last = name.rpartition(".")[2]
        is_name = _NAME.fullmatch(name) is not None and _NUMBER.fullmatch(last) is None
        return is_name and not name.endswith(_LOCAL_SUFFIXES)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast


def _with_embedded(address: str) -> Iterator[IPv4Address | IPv6Address]:
    """Yield the address and the IPv4 addresses embedded in it.

    For an address that is mapped, or of NAT64, only the embedded one: it is the one that counts.
    """
    # A link-local address carries its interface: fe80::1%eth0.
    given = ip_address(address.partition("%")[0])
    if isinstance(given, IPv4Address):
        yield given
        return
    low = IPv4Address(int(given) & _LOW_32_BITS)
    if given.ipv4_mapped or given in _NAT64:
        yield low
        return
    yield given
    yield from filter(None, (given.sixtofour, *(given.teredo or ())))
    if int(given) >> 32 & _LOW_32_BITS in _ISATAP:
        yield low
