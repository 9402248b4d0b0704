"""Tests of the proxies of the environment: which one an address goes through."""

from __future__ import annotations

import pytest
from yarl import URL

from bot.base.errors import ConfigurationError
from bot.base.proxies import Proxies

PROXY = "http://proxy.corp:3128"


def through(monkeypatch: pytest.MonkeyPatch, url: str, **variables: str) -> str | None:
    """Return the proxy for an address in an environment."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    proxy = Proxies.from_environment().for_url(URL(url))
    return None if proxy is None else str(proxy)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("url", ["https://slack.com/api/", "wss://wss-primary.slack.com/link"])
def test_https_and_its_websockets_go_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    assert through(monkeypatch, url, **{variable: PROXY}) == PROXY


def test_http_has_a_proxy_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    other = "http://other.corp:8888"
    assert through(monkeypatch, "http://a.example/", HTTPS_PROXY=PROXY) is None
    assert through(monkeypatch, "http://a.example/", HTTP_PROXY=other) == other


def test_lower_case_goes_first_and_an_empty_variable_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert through(monkeypatch, "https://a.example/", HTTPS_PROXY=PROXY, https_proxy="") is None


@pytest.mark.parametrize(
    "url",
    ["https://localhost:8/", "https://127.0.0.1/", "https://127.8.9.1/", "http://[::1]:8080/"],
)
def test_loopback_is_never_reached_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    assert through(monkeypatch, url, ALL_PROXY=PROXY, NO_PROXY="") is None


@pytest.mark.parametrize(
    ("no_proxy", "host"),
    [
        ("slack.com", "slack.com"),
        ("slack.com", "files.slack.com"),
        (".slack.com", "files.slack.com"),
        ("*.slack.com", "files.slack.com"),
        ("a.example, SLACK.com", "slack.com."),
        ("a.example slack.com", "slack.com"),
        ("slack.com:443", "slack.com"),
        ("*", "slack.com"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8::/32", "[2001:db8::7]"),
        ("[2001:db8::7]:443", "[2001:db8::7]"),
        ("2001:db8::7", "[2001:db8::7]"),
    ],
)
def test_no_proxy_names_what_is_direct(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str
) -> None:
    assert through(monkeypatch, f"https://{host}/", ALL_PROXY=PROXY, NO_PROXY=no_proxy) is None


@pytest.mark.parametrize(
    ("no_proxy", "host"),
    [
        ("slack.com", "notslack.com"),
        ("slack.com:8443", "slack.com"),
        ("files.slack.com", "slack.com"),
        ("10.0.0.0/8", "11.1.2.3"),
        ("10.0.0.0/8", "ten.example"),
        (",, .", "slack.com"),
    ],
)
def test_no_proxy_is_about_nothing_else(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str
) -> None:
    assert through(monkeypatch, f"https://{host}/", ALL_PROXY=PROXY, NO_PROXY=no_proxy) == PROXY


def test_a_proxy_without_a_scheme_is_an_http_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert through(monkeypatch, "https://a.example/", HTTPS_PROXY="proxy.corp:3128") == PROXY


@pytest.mark.parametrize("address", ["socks5://hush@proxy:1080", "http://", "http://hush:x:y/"])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{variable} is wrong") as caught:
        through(monkeypatch, "https://a.example/", **{variable: address})
    assert "hush" not in str(caught.value)


def test_passwords_are_secrets_in_both_spellings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://me:p%40ss@proxy.corp:3128")
    proxies = Proxies.from_environment()
    assert proxies.secrets == ("p%40ss", "p@ss")
    assert "p%40ss" not in repr(proxies)
