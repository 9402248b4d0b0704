"""The operator's configuration: read once from the environment, validated, and frozen."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, TypeVar
from urllib.parse import unquote

from dotenv import dotenv_values
from pydantic import (
    DirectoryPath,
    Field,
    PositiveInt,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

from bot.base.errors import ConfigurationError
from bot.base.logs import LogFormat
from bot.base.mistyped_variables import mistyped_variables
from bot.base.setting_groups import ServiceSettings, SettingGroup, StoreSettings
from bot.base.setting_types import (
    CollectorUrl,
    Connections,
    Days,
    Delay,
    Format,
    Label,
    Level,
    Port,
    Rate,
    Seconds,
    Url,
    UserIds,
)

_UNREADABLE_FILE = "The file .env cannot be read. Make it UTF-8 text that this user may read."


def _default_format() -> LogFormat:
    return "console" if sys.stderr.isatty() else "json"


class Settings(StoreSettings, ServiceSettings):
    """All settings, for the running bot. Make one with `load_settings`."""

    host: Annotated[str, Field(min_length=1)] = Field(
        default="0.0.0.0",  # noqa: S104 - a container's port is reached from outside
        description="the address where HTTP listens",
    )
    port: Port = Field(
        default=3000,
        description="the port where HTTP listens, 0 to 65535 (0: any free one)",
    )
    max_connections: Connections = Field(
        default=1000,
        description="how many connections to PORT are open at once at the most, 10 to 100000; one "
        "more takes the place of an idle one",
    )
    submit_delay_seconds: Delay = Field(
        default=5.0,
        description="how long a job waits before it is sent to MindVideo, in seconds, 0 to 300; "
        "until then a cancel is free",
    )
    max_active_per_person: PositiveInt = Field(
        default=10,
        description="how many videos of one person may be under way at a time, 1 or more",
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
    slack_posts_per_second: Rate = Field(
        default=1.0,
        description="how many messages a second Slack takes from the bot in one channel, 0 to "
        "10000 (0: as many as there are)",
    )
    slack_edits_per_minute: Rate = Field(
        default=50.0,
        description="how many edits of messages a minute Slack takes from the bot in a workspace, "
        "0 to 10000 (0: as many as there are)",
    )
    posters: bool = Field(
        default=True,
        description="false if a job's message is to show no picture from the finished video, else "
        "true; a picture takes a reading of the video, four calls of Slack and one more edit",
    )
    ai_label: Label | None = Field(
        default=None,
        description="a text such as `Made with AI`, at most 80 characters, that stands under each "
        "result and under what is shared; unset, none does",
    )
    models_dir: DirectoryPath | None = Field(
        default=None,
        description="an existing folder with more model files",
    )
    public_url: Url | None = Field(
        default=None,
        description="the https:// address where the world reaches this service, so that "
        "MindVideo can fetch the files that people attach",
    )
    admins: UserIds = Field(
        default=(),
        description="the Slack user IDs (U…) of those who may cancel everyone's jobs, with commas",
    )
    allow_external_people: bool = Field(
        default=False,
        description="true if guests and people of other workspaces may use the bot, else false",
    )
    retention_days: Days = Field(
        default=400,
        description="the days for which the details of a job's timeline are kept, 1 to 36500",
    )
    prompt_retention_days: Days | None = Field(
        default=None,
        description="the days for which prompts and all else that people wrote are kept after the "
        "request, 1 to 36500; unset, they are kept for good",
    )
    otel_exporter_otlp_endpoint: CollectorUrl | None = Field(
        default=None,
        description="the address of a collector of OpenTelemetry, such as http://localhost:4318, "
        "which gets traces by OTLP over HTTP; needs the extra otel",
    )
    log_format: Format = Field(
        default_factory=_default_format,
        description="the log's format, json or console; unset, console on a terminal, else json",
    )
    log_level: Level = Field(
        default="info",
        description="the least severe level that is logged: debug, info, warning or error",
    )
    log_prompts: bool = Field(
        default=False,
        description="true if prompts may stand in the log, else false",
    )

    _others: frozenset[str] = PrivateAttr(default=frozenset())
    """The names of the variables that were set and that no setting has."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for the log to redact."""
        values = (getattr(self, name) for name in type(self).model_fields)
        found = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        passwords = self.database_passwords
        # As they are written, and as they are meant.
        return (*found, *{*passwords, *map(unquote, passwords)})

    def model_post_init(self, context: object) -> None:
        """Keep the names of other variables; `context` is the set of all names that were set."""
        if isinstance(context, frozenset):
            self._others = context.difference(VARIABLES)

    @property
    def mistyped(self) -> Sequence[str]:
        """A sentence for each variable that was set, not read, and probably meant for the bot."""
        return tuple(mistyped_variables(self._others, VARIABLES))

    @field_validator("public_url")
    @classmethod
    def _has_no_slash(cls, url: str | None) -> str | None:
        return url and url.rstrip("/")

    @field_validator("poll_max_seconds")
    @classmethod
    def _is_not_below_the_minimum(cls, seconds: float, info: ValidationInfo) -> float:
        if seconds < info.data.get("poll_min_seconds", 0):
            raise ValueError("it is less than POLL_MIN_SECONDS")
        return seconds


VARIABLES = tuple(map(str.upper, Settings.model_fields))
"""The names of all variables."""

Group = TypeVar("Group", bound=SettingGroup)


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read every setting, as `load_group` does."""
    return load_group(Settings, env)


def load_group(group: type[Group], env: Mapping[str, str] | None = None) -> Group:
    """Read a group from `env`, or from the process's environment over the file `.env`.

    A variable that is empty counts as not set. Raises `ConfigurationError`, whose message has a
    line for each variable of the group that is missing or wrong, and for each that is probably
    mistyped, and never shows a value.
    """
    sources = (_file(), os.environ) if env is None else (env,)
    given = {name: text for source in sources for name, text in source.items() if text}
    try:
        return group.model_validate(given, context=frozenset(given))
    except ValidationError as error:
        lines = [_describe(detail) for detail in error.errors(include_input=False)]
        lines.extend(mistyped_variables(given, VARIABLES))
    raise ConfigurationError("\n".join(dict.fromkeys(lines)))


def _file() -> Mapping[str, str | None]:
    """Return the variables of the file `.env`; none if there is no such file."""
    try:
        return dotenv_values(".env")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(_UNREADABLE_FILE) from error


def complaint(field: str, problem: str) -> str:
    """Return the sentences about an unusable variable: `problem`, and what to set it to."""
    return f"{field.upper()} {problem}. Set it to {Settings.model_fields[field].description}."


def _describe(detail: ErrorDetails) -> str:
    field = str(detail["loc"][0]).lower()  # pydantic names a default by its field
    match detail["type"]:
        case "missing":
            return complaint(field, "is not set")
        case "value_error":
            return complaint(field, "is wrong: " + detail["msg"].removeprefix("Value error, "))
        case _:
            return complaint(field, "is wrong")
