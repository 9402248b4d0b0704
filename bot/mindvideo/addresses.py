"""Which addresses a download may connect to: an output's URL comes from outside."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from aiohttp import AddrInfoType

SocketFactory: TypeAlias = Callable[[AddrInfoType], socket.socket]

# RFC 6052: the last 32 bits are an IPv4 address that a gateway connects to.
_NAT64 = IPv6Network("64:ff9b::/96")


class NotPublicError(OSError):
    """The name leads to an address of this machine or its network; nothing was connected."""

    def __init__(self) -> None:
        # The same words for each address: aiohttp then raises this very error, not a summary.
        super().__init__("not a public address")


def is_public(address: str) -> bool:
    """Tell whether an IP address, and each that it may stand for, is reachable for everyone."""
    return all(one.is_global and not one.is_multicast for one in _meant(address))


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or IP address means this machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def guarded_sockets(*, allow_loopback: bool) -> SocketFactory:
    """Return what makes a socket for a resolved address, unless that address is not public.

    aiohttp calls it with each address that it is about to connect to, so a name that resolves
    differently the next time is no way round. `allow_loopback` is for a simulated MindVideo.
    """

    def make_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        host = str(address[0])
        if not (is_public(host) or (allow_loopback and is_loopback(host))):
            raise NotPublicError
        return socket.socket(family, kind, protocol)

    return make_socket


def _meant(address: str) -> Iterator[IPv4Address | IPv6Address]:
    """Give the address, and the IPv4 addresses that it hides."""
    # A link-local address carries its interface: fe80::1%eth0.
    given = ip_address(address.partition("%")[0])
    if isinstance(given, IPv4Address):
        yield given
        return
    hidden = [given.ipv4_mapped, given.sixtofour, *(given.teredo or ())]
    if given in _NAT64:
        hidden.append(IPv4Address(int(given) & 0xFFFF_FFFF))
    found = [one for one in hidden if one is not None]
    # `is_global` of a mapped address differs between Python versions: the IPv4 address decides.
    yield from found if given.ipv4_mapped else [given, *found]
