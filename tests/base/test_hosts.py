"""Tests of the recognition of hosts that are not public."""

from __future__ import annotations

import pytest

from bot.base.hosts import is_loopback, is_public, is_slack_host, may_be_public

PUBLIC = ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::7f00:1",
    "::a00:1",
    "::ffff:0:7f00:1",
    "::ffff:0:808:808",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "64:ff9b:1::7f00:1",
    "2a00:1450::5efe:7f00:1",
    "2a00:1450::200:5efe:a00:1",
    "fec0::1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_public(address)


def test_a_loopback_or_private_address_is_refused() -> None:
    assert [address for address in NOT_PUBLIC if is_public(address)] == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST.", "::1", "[::1]"])
def test_loopback_is_recognised_by_name_and_address(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["api.mindvideo.ai", "8.8.8.8", "", "localhost.example.com"])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "host", ["example.com", "EXAMPLE.com.", "cdn.müller.de", "a-b.c_d.io", "8.8.8.8", "[2606::1]"]
)
def test_a_host_of_the_internet_may_be_public(host: str) -> None:
    assert may_be_public(host)


INNER_HOSTS = [
    *NOT_PUBLIC,
    "64:ff9b::808:808",
    "[64:ff9b::808:808]",
    "",
    "localhost",
    "nas",
    "app.localhost",
    "printer.local",
    "wiki.corp",
    "metadata.google.internal",
    "router.home.arpa.",
    "2130706433",
    "127.1",
    "0x7f.0.0.1",
    "a.0x7f",
    "127。0。0。1",
    "\uff11\uff12\uff17.0.0.1",
    "127%2e0%2e0%2e1",
    "a b.com",
]


def test_a_host_of_this_machine_or_network_is_not_public() -> None:
    assert [host for host in INNER_HOSTS if may_be_public(host)] == []


@pytest.mark.parametrize(
    "host",
    [
        "slack.com",
        "files.slack.com",
        "hooks.slack.com",
        "slack-files.com",
        "slack-gov.com",
        "files.slack-gov.com",
        "HOOKS.slack-gov.com",
        "slack-files-gov.com",
    ],
)
def test_slack_and_govslack_are_slack(host: str) -> None:
    assert is_slack_host(host)


@pytest.mark.parametrize("host", ["", "notslack.com", "slack.com.example.com", "slack-gov.org"])
def test_other_hosts_are_not_slack(host: str) -> None:
    assert not is_slack_host(host)
