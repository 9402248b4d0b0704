"""What the operator decides: read once from the environment, checked, and frozen."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    DirectoryPath,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import ConfigurationError
from bot.logs import LogFormat, LogLevel

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are this machine: only there may a token travel without TLS."""

_SQLITE = "sqlite:///"
_UNREADABLE_FILE = "The file .env cannot be read. Make it UTF-8 text that this user may read."


def _check_secret(secret: SecretStr) -> SecretStr:
    """Refuse what no HTTP header can carry, before a client fails on it and prints it."""
    value = secret.get_secret_value()
    if not value or not all("!" <= char <= "~" for char in value):
        raise ValueError("it is empty, or holds spaces or letters that no key has")
    return secret


def _check_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError as error:  # its own text would repeat what was given
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


def _terminal_or_machine() -> LogFormat:
    return "console" if sys.stderr.isatty() else "json"


Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
Url = Annotated[str, AfterValidator(_check_url)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
UserId = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]+$")]


class Settings(BaseModel):
    """Every setting; a field is named like its variable, in lower case.

    Make one with `load_settings`. Secrets do not show in `repr`. A description completes the
    sentence "Set it to …" and is what a person reads when the variable is missing or wrong.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=AliasGenerator(validation_alias=str.upper),
        str_strip_whitespace=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    slack_bot_token: Secret = Field(
        description="the Bot User OAuth Token, xoxb-…, from your Slack app's page "
        "OAuth & Permissions",
    )
    slack_app_token: Secret | None = Field(
        default=None,
        description="an app-level token, xapp-…, with the scope connections:write, from your "
        "Slack app's page Basic Information; the bot then connects by Socket Mode",
    )
    slack_signing_secret: Secret | None = Field(
        default=None,
        description="the Signing Secret from your Slack app's page Basic Information (or set "
        "SLACK_APP_TOKEN, for Socket Mode)",
    )
    slack_api_url: Url = Field(
        default="https://slack.com/api/",
        description="the base of Slack's Web API",
    )
    mindvideo_api_key: Secret = Field(
        description="an API key from MindVideo's dashboard, mv_live_…",
    )
    mindvideo_base_url: Url = Field(
        default="https://api.mindvideo.ai",
        description="the base of MindVideo's API, without /api/v1",
    )
    cost_unit: Annotated[str, Field(pattern=r"^[^<>&\r\n]{1,16}$")] | None = Field(
        default=None,
        description="the unit of MindVideo's amounts, such as USD, at most 16 characters; "
        'unset, amounts are told "as billed by MindVideo", whose page names no currency',
    )
    database_url: str = Field(
        default="sqlite:///video-bot.db",
        description="where jobs are kept, sqlite:///PATH (sqlite:////PATH if it is absolute)",
    )
    host: Annotated[str, Field(min_length=1)] = Field(
        default="0.0.0.0",  # noqa: S104 - a container's port is reached from outside
        description="the address where HTTP listens",
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=3000,
        description="the port where HTTP listens, 0 to 65535 (0: any free one)",
    )
    poll_min_seconds: Seconds = Field(
        default=1.0,
        description="the shortest pause between two looks at a task, in seconds, above 0",
    )
    poll_max_seconds: Seconds = Field(
        default=30.0,
        description="the longest pause between two looks at a task, in seconds, at least "
        "POLL_MIN_SECONDS",
    )
    models_dir: DirectoryPath | None = Field(
        default=None,
        description="an existing folder with more model files",
    )
    public_url: Url | None = Field(
        default=None,
        description="the https:// address where the world reaches this service, so that "
        "MindVideo can fetch reference images",
    )
    admins: Annotated[tuple[UserId, ...], NoDecode, BeforeValidator(_split_commas)] = Field(
        default=(),
        description="the Slack user IDs (U…) of those who may cancel everyone's jobs, with commas",
    )
    log_format: Annotated[LogFormat, BeforeValidator(_lower)] = Field(
        default_factory=_terminal_or_machine,
        description="the log's format, json or console; unset, console on a terminal, else json",
    )
    log_level: Annotated[LogLevel, BeforeValidator(_lower)] = Field(
        default="info",
        description="the least severe level that is logged: debug, info, warning or error",
    )
    log_prompts: bool = Field(
        default=False,
        description="true if prompts may stand in the log, else false",
    )

    @property
    def database_path(self) -> Path:
        """The file that `database_url` names, absolute or relative to the working folder."""
        return Path(self.database_url.removeprefix(_SQLITE))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for the log to remove."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _has_its_prefix(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        prefix = "xoxb-" if info.field_name == "slack_bot_token" else "xapp-"
        if token is not None and not token.get_secret_value().startswith(prefix):
            raise ValueError(f"it does not begin with {prefix}")
        return token

    @field_validator("slack_signing_secret")
    @classmethod
    def _needed_without_socket_mode(
        cls, secret: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        # A wrong app token is absent from `data`, and is the only thing to complain about then.
        if secret is None and info.data.get("slack_app_token", "wrong") is None:
            raise PydanticCustomError("missing", "needed without SLACK_APP_TOKEN")
        return secret

    @field_validator("slack_api_url")
    @classmethod
    def _ends_with_slash(cls, url: str) -> str:
        """Method names are appended as they are (slack-sdk does so)."""
        return url.rstrip("/") + "/"

    @field_validator("mindvideo_base_url", "public_url")
    @classmethod
    def _has_no_slash(cls, url: str | None) -> str | None:
        return url and url.rstrip("/")

    @field_validator("mindvideo_base_url")
    @classmethod
    def _has_no_version(cls, url: str) -> str:
        if url.endswith("/api/v1"):
            raise ValueError("it must not end with /api/v1")
        return url

    @field_validator("database_url")
    @classmethod
    def _is_a_file(cls, url: str) -> str:
        if url.startswith(("postgres://", "postgresql://")):
            raise ValueError("this version keeps jobs in SQLite only, PostgreSQL is not supported")
        path = url.removeprefix(_SQLITE)
        if path in {url, "", ":memory:"} or path.endswith("/"):
            raise ValueError("it names no SQLite file")
        return url

    @field_validator("poll_max_seconds")
    @classmethod
    def _is_not_below_the_minimum(cls, seconds: float, info: ValidationInfo) -> float:
        if seconds < info.data.get("poll_min_seconds", 0):
            raise ValueError("it is less than POLL_MIN_SECONDS")
        return seconds


class _Environment(BaseSettings, Settings):
    """The same settings, where pydantic-settings looks for what is not given."""

    model_config = SettingsConfigDict(
        case_sensitive=True,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
    )


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `env`, or from the process's environment over the file `.env`.

    A variable that is empty counts as not set. Raises `ConfigurationError`, whose message has a
    line for each variable that is missing or wrong and never shows a value.
    """
    try:
        if env is None:
            return _Environment.model_validate({})
        return Settings.model_validate({name: text for name, text in env.items() if text})
    except ValidationError as error:
        lines = [_describe(detail) for detail in error.errors(include_input=False)]
    except OSError:
        lines = [_UNREADABLE_FILE]
    raise ConfigurationError("\n".join(dict.fromkeys(lines)))


def _describe(detail: ErrorDetails) -> str:
    if not detail["loc"]:  # pydantic's form for an error of decoding the file
        return _UNREADABLE_FILE
    field = str(detail["loc"][0]).lower()  # pydantic names a default by its field
    advice = Settings.model_fields[field].description
    match detail["type"]:
        case "missing":
            problem = "is not set"
        case "value_error":
            problem = "is wrong: " + detail["msg"].removeprefix("Value error, ")
        case _:
            problem = "is wrong"
    return f"{field.upper()} {problem}. Set it to {advice}."
