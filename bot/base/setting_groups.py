"""The groups of settings that more than one command reads."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import (
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from bot.base.patterns import lazy_compile
from bot.base.setting_types import (
    LOOPBACK,
    ProcessName,
    Secret,
    Unit,
    Url,
    is_signing_secret,
    kind_of_secret,
    refuse_quotes,
)

_SQLITE = "sqlite:///"
_POSTGRES = ("postgres://", "postgresql://")
_ESCAPE = lazy_compile(r"%[0-9A-Fa-f]{2}")


class SettingGroup(BaseModel):
    """Settings that are read together; a field is named like its variable, in lower case.

    A command reads the group that it needs with `load_group`, and requires no other variable. A
    description completes the sentence "Set it to …", which is printed when the variable is missing
    or wrong. Secrets do not appear in `repr`.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=AliasGenerator(validation_alias=str.upper),
        str_strip_whitespace=True,
        validate_default=True,
        hide_input_in_errors=True,
        # A command builds the validator of the group that it reads.
        defer_build=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _has_no_quotes(cls, value: object) -> object:
        return refuse_quotes(value)


class ServiceSettings(SettingGroup):
    """Addresses and credentials of Slack and MindVideo."""

    slack_bot_token: Secret = Field(
        description="the Bot User OAuth Token, xoxb-…, from your Slack app's page "
        "OAuth & Permissions",
    )
    slack_app_token: Secret | None = Field(
        default=None,
        description="an app-level token, xapp-…, with the scope connections:write, from your "
        "Slack app's page Basic Information; the bot then connects by Socket Mode",
    )
    slack_api_url: Url = Field(
        default="https://slack.com/api/",
        description="the base of Slack's Web API, for GovSlack https://slack-gov.com/api/",
    )
    slack_signing_secret: Secret | None = Field(
        default=None,
        description="the Signing Secret from your Slack app's page Basic Information (or set "
        "SLACK_APP_TOKEN, for Socket Mode)",
    )
    mindvideo_api_key: Secret = Field(
        description="an API key from MindVideo's dashboard, mv_live_…",
    )
    mindvideo_base_url: Url = Field(
        default="https://api.mindvideo.ai",
        description="the base of MindVideo's API, without /api/v1",
    )
    cost_unit: Unit | None = Field(
        default=None,
        description="the unit of MindVideo's amounts, such as USD, at most 16 characters; "
        "unset, amounts are told without one, because MindVideo's page names no currency",
    )

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _has_its_prefix(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        prefix = "xoxb-" if info.field_name == "slack_bot_token" else "xapp-"
        if token is None:
            return None
        value = token.get_secret_value()
        if not value.startswith(prefix):
            kind = kind_of_secret(value)
            more = f", it is {kind}" if kind else ""
            raise ValueError(f"it does not begin with {prefix}{more}")
        if value == prefix:
            raise ValueError(f"it is no more than {prefix}")
        return token

    @field_validator("mindvideo_api_key")
    @classmethod
    def _is_not_slacks(cls, key: SecretStr) -> SecretStr:
        value = key.get_secret_value()
        kind = kind_of_secret(value)
        if kind is not None and not value.startswith("mv_") and not is_signing_secret(value):
            raise ValueError(f"it is {kind}")
        return key

    @field_validator("slack_signing_secret")
    @classmethod
    def _needed_without_socket_mode(
        cls, secret: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        # A wrong app token is absent from `data`; then only that token is reported.
        if secret is None and info.data.get("slack_app_token", "wrong") is None:
            raise PydanticCustomError("missing", "needed without SLACK_APP_TOKEN")
        return secret

    @field_validator("slack_signing_secret")
    @classmethod
    def _has_its_shape(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        """Refuse what is none; a simulated Slack on this machine has secrets of its own shape."""
        if secret is None or is_signing_secret(secret.get_secret_value()):
            return secret
        kind = kind_of_secret(secret.get_secret_value())
        if kind is not None:
            raise ValueError(f"it is {kind}")
        if urlsplit(info.data.get("slack_api_url", "")).hostname not in LOOPBACK:
            raise ValueError("it is not 32 hexadecimal digits, as a signing secret is")
        return secret

    @field_validator("slack_api_url")
    @classmethod
    def _ends_with_slash(cls, url: str) -> str:
        """Method names are appended as they are (slack-sdk does so)."""
        return url.rstrip("/") + "/"

    @field_validator("mindvideo_base_url")
    @classmethod
    def _has_no_version(cls, url: str) -> str:
        base = url.rstrip("/")
        if base.endswith("/api/v1"):
            raise ValueError("it must not end with /api/v1")
        return base


def _own_name() -> str:
    """Return the name that a platform gives a process, or the machine's.

    A dyno's machine has another name after each restart.
    https://devcenter.heroku.com/articles/dynos#local-environment-variables
    """
    name = os.environ.get("DYNO") or socket.gethostname()
    return re.sub(r"[^ -~]", "?", name)[:64].strip() or "bot"


class StoreSettings(SettingGroup):
    """The address of the store: all that commands beside the running bot need."""

    database_url: str = Field(
        default="sqlite:///video-bot.db",
        description="where jobs are kept, sqlite:///PATH (sqlite:////PATH if it is absolute), "
        "with the path as it is: no query, no percent-escapes; or "
        "postgresql://USER:PASSWORD@HOST/DATABASE",
        repr=False,
    )
    process_name: ProcessName = Field(
        default_factory=_own_name,
        description="the name of this process among those of one PostgreSQL database, which it "
        "has again after a restart, at most 64 characters; unset, the DYNO or the machine's name",
    )

    database_direct_url: str | None = Field(
        default=None,
        description="another address of the same PostgreSQL database, past a pooler in transaction "
        "mode; on it one process hears at once of another one's rows",
        repr=False,
    )

    @property
    def is_postgres(self) -> bool:
        """Whether `database_url` names a database of PostgreSQL's."""
        return self.database_url.startswith(_POSTGRES)

    @property
    def database_passwords(self) -> tuple[str, ...]:
        """The passwords in the addresses of the database, as they are written there."""
        urls = (self.database_url, self.database_direct_url or "")
        users = (url.partition("://")[2].rpartition("@")[0] for url in urls)
        return tuple(password for user in users if (password := user.partition(":")[2]))

    @property
    def database_path(self) -> Path:
        """The file that `database_url` names, absolute or relative to the working folder."""
        return Path(self.database_url.removeprefix(_SQLITE))

    @field_validator("database_direct_url")
    @classmethod
    def _is_a_server(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        if not url.startswith(_POSTGRES):
            raise ValueError("it names no PostgreSQL database")
        if not info.data.get("database_url", _POSTGRES[0]).startswith(_POSTGRES):
            raise ValueError("DATABASE_URL names a file, which no other process can have open")
        return url

    @field_validator("database_url")
    @classmethod
    def _is_a_store(cls, url: str) -> str:
        if url.startswith(_POSTGRES):
            return url
        path = url.removeprefix(_SQLITE)
        if path in {url, "", ":memory:"} or path.endswith("/") or "\0" in path:
            raise ValueError("it names no SQLite file")
        # What others read as options or as another character would here be part of a file's name.
        if "?" in path:
            raise ValueError("it has a query (?), and there are no options to give")
        if _ESCAPE.search(path):
            raise ValueError("it has percent-escapes (%20): write the path as it is")
        return url
