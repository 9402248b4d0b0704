"""Tests of addresses: sent as they were given, raw characters encoded once."""

from __future__ import annotations

import pytest
from yarl import URL

from bot.base.addresses import InvalidAddressError, encoded, exact, redirected

SIGNED = "https://cdn.example/a%2Fb/%7euser;v=1?X-Amz-Signature=%2B+%2f==&&k='x'(1)*!$,[]@:%zz"


@pytest.mark.parametrize(
    "address",
    [SIGNED, "https://h.example", "https://h.example//a/../b?x?y=%61", "http://u:p@h.example:8/"],
)
def test_an_address_stays_as_it_is(address: str) -> None:
    assert encoded(address) == address


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("https://h.example/a b.mp4?n=my car", "/a%20b.mp4?n=my%20car"),
        ("https://h.example/ä.mp4?n=%20 ", "/%C3%A4.mp4?n=%20"),
        ('https://h.example/{a}|b?q="<x>"', "/%7Ba%7D%7Cb?q=%22%3Cx%3E%22"),
        ("https://h.example/a\r\nHost:x", "/a%0D%0AHost:x"),
        (SIGNED, SIGNED.removeprefix("https://cdn.example")),
    ],
)
def test_raw_characters_are_encoded_once(address: str, sent: str) -> None:
    assert exact(address).raw_path_qs == sent
    assert exact(encoded(address)).raw_path_qs == sent


def test_a_name_with_other_letters_is_looked_up_as_the_dns_has_it() -> None:
    assert exact("https://bücher.example/ü").raw_host == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/a",
        "javascript:1",
        "https://",
        "https:///a",
        "https://a b.example/",
        "http://[::1",
        "http://h:x/",
        "https://h.example/\ud800",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(InvalidAddressError, match=r"^this is no absolute address with a host$"):
        exact(address)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (SIGNED, SIGNED),
        ("//o.example/%7e?s=%2f", "https://o.example/%7e?s=%2f"),
        ("/z%2f?s=%7E+", "https://h.example:8443/z%2f?s=%7E+"),
        ("c%7e?s=%2f", "https://h.example:8443/a%2Fb/c%7e?s=%2f"),
        ("?s=%2f a", "https://h.example:8443/a%2Fb/x?s=%2f%20a"),
        ("/a\udce9", "https://h.example:8443/a%E9"),
    ],
)
def test_a_redirect_leads_exactly_where_it_says(location: str, target: str) -> None:
    current = exact("https://h.example:8443/a%2Fb/x?old=1")
    assert redirected(current, location) == URL(target, encoded=True)
    assert str(redirected(current, location)) == target
