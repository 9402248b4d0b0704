"""The types of settings' values, with their validation."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from bot.base.logs import LogFormat, LogLevel

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are this machine: only to them may a token be sent without TLS."""


def _check_secret(secret: SecretStr) -> SecretStr:
    """Refuse characters that no HTTP header can carry: a client would fail and print the secret."""
    value = secret.get_secret_value()
    if not value or not all("!" <= char <= "~" for char in value):
        raise ValueError("it is empty, or holds spaces or letters that no key has")
    return secret


def _check_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError as error:  # its own text repeats the value
        raise ValueError("it is not an http(s) address") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("it is not an http(s) address")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ValueError("it must begin with https://, because tokens travel there")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("it must not hold a user, a password, a query or a fragment")
    return url


def _split_commas(listed: object) -> object:
    if not isinstance(listed, str):
        return listed
    return tuple(part.strip() for part in listed.split(",") if part.strip())


def _lower(word: object) -> object:
    return word.lower() if isinstance(word, str) else word


Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
Url = Annotated[str, AfterValidator(_check_url)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Delay = Annotated[float, Field(ge=0, le=300, allow_inf_nan=False)]
Unit = Annotated[str, Field(pattern=r"^[^<>&\r\n]{1,16}$")]
Days = Annotated[int, Field(ge=1, le=36_500)]
Port = Annotated[int, Field(ge=0, le=65535)]
Connections = Annotated[int, Field(ge=10, le=100_000)]
UserId = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]+$")]
UserIds = Annotated[tuple[UserId, ...], NoDecode, BeforeValidator(_split_commas)]
Format = Annotated[LogFormat, BeforeValidator(_lower)]
Level = Annotated[LogLevel, BeforeValidator(_lower)]
