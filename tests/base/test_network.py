"""Tests of the addresses that a download may connect to."""

import socket

import pytest
from aiohttp import AddrInfoType

from bot.mindvideo.http import NotPublicError, guarded_sockets


def _info(address: str) -> AddrInfoType:
    """Return the address info of an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443))


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "::1"])
def test_no_socket_is_made_for_an_address_that_is_not_public(address: str) -> None:
    with pytest.raises(NotPublicError):
        guarded_sockets(allow_loopback=False)(_info(address))


def test_allow_loopback_allows_no_other_private_address() -> None:
    make_socket = guarded_sockets(allow_loopback=True)

    make_socket(_info("127.0.0.1")).close()
    make_socket(_info("8.8.8.8")).close()
    with pytest.raises(NotPublicError):
        make_socket(_info("169.254.169.254"))
