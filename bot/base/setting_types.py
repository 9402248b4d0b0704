"""The types of settings' values, with their validation."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from bot.base.logs import LogFormat, LogLevel
from bot.base.patterns import lazy_compile

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are this machine: only to them may a token be sent without TLS."""


_QUOTES = frozenset("\"'`“”„‘’«»")

_SIGNING_SECRET = lazy_compile(r"[0-9a-fA-F]{32}")

# https://docs.slack.dev/authentication/tokens
_KINDS = (
    ("xoxb-", "a bot token (xoxb-…), which belongs in SLACK_BOT_TOKEN"),
    ("xapp-", "an app-level token (xapp-…), which belongs in SLACK_APP_TOKEN"),
    ("xoxp-", "a user token (xoxp-…)"),
    ("xoxe", "a configuration or refresh token (xoxe…)"),
    ("xoxr-", "a refresh token (xoxr-…)"),
    ("xoxc-", "the token of somebody's browser (xoxc-…)"),
    ("xoxd-", "the cookie of somebody's browser (xoxd-…)"),
    ("xoxs-", "the token of somebody's session (xoxs-…)"),
    ("xoxa-", "a token of a kind that Slack has given up (xoxa-…)"),
    ("mv_", "a key of MindVideo's (mv_…), which belongs in MINDVIDEO_API_KEY"),
    ("http://", "a web address"),
    ("https://", "a web address"),
)
"""What a secret is, by its beginning."""


def refuse_quotes(value: object) -> object:
    """Raise `ValueError` for a text that still has its quotation marks.

    A shell and python-dotenv take them away, `docker run --env-file` and systemd's own do not.
    """
    if isinstance(value, str) and value.strip()[:1] in _QUOTES:
        raise ValueError("it still has quotation marks around it: take them away")
    return value


def is_signing_secret(value: str) -> bool:
    """Return whether a text has the shape of Slack's signing secrets."""
    return _SIGNING_SECRET.fullmatch(value) is not None


def kind_of_secret(value: str) -> str | None:
    """Return what a secret is, without repeating it; `None`: its shape does not tell."""
    if is_signing_secret(value):
        return "what a signing secret looks like"
    return next((kind for start, kind in _KINDS if value.lower().startswith(start)), None)


def _check_secret(secret: SecretStr) -> SecretStr:
    """Refuse characters that no HTTP header can carry: a client would fail and print the secret."""
    value = secret.get_secret_value()
    if not value.strip():
        raise ValueError("it is empty")
    if value.lower().startswith("bearer "):
        raise ValueError("it begins with the word Bearer: leave that away")
    if any(char.isspace() for char in value):
        raise ValueError("it holds a space or a line break")
    if not all("!" <= char <= "~" and char not in _QUOTES for char in value):
        raise ValueError(
            "it holds characters that no key has: perhaps it was copied while it was hidden"
        )
    return secret


def _check_url(url: str) -> str:
    parts = _http_parts(url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("it must begin with https://, because tokens travel there")
    return url


def _check_collector(url: str) -> str:
    """Accept http:// anywhere: a collector is beside the bot, and no token of ours goes there."""
    _http_parts(url)
    return url


def _http_parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError as error:  # its own text repeats the value
        raise ValueError("it is not an http(s) address") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("it is not an http(s) address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("it must not hold a user, a password, a query or a fragment")
    return parts


def _split_commas(listed: object) -> object:
    if not isinstance(listed, str):
        return listed
    return tuple(part.strip() for part in listed.split(",") if part.strip())


def _lower(word: object) -> object:
    return word.lower() if isinstance(word, str) else word


Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
Url = Annotated[str, AfterValidator(_check_url)]
CollectorUrl = Annotated[str, AfterValidator(_check_collector)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
Delay = Annotated[float, Field(ge=0, le=300, allow_inf_nan=False)]
Unit = Annotated[str, Field(pattern=r"^[^<>&\r\n]{1,16}$")]
Label = Annotated[str, Field(pattern=r"^[^<>&\r\n]{1,80}$")]
ProcessName = Annotated[str, Field(pattern=r"^[ -~]{1,64}$")]
Days = Annotated[int, Field(ge=1, le=36_500)]
Port = Annotated[int, Field(ge=0, le=65535)]
Connections = Annotated[int, Field(ge=10, le=100_000)]
UserId = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]+$")]
UserIds = Annotated[tuple[UserId, ...], BeforeValidator(_split_commas)]
Format = Annotated[LogFormat, BeforeValidator(_lower)]
Level = Annotated[LogLevel, BeforeValidator(_lower)]
