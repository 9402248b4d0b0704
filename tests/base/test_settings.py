"""Tests of the settings: sources, validation of all variables at once, secrecy."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.base.errors import ConfigurationError
from bot.base.settings import Settings, load_settings

SIGNING_SECRET = "0123456789abcdef0123456789abcdef"
NEEDED = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "MINDVIDEO_API_KEY": "mv_live_1",
}


def load(**changes: str) -> Settings:
    """Load valid settings with changes."""
    return load_settings({**NEEDED, **changes})


def complaint(env: Mapping[str, str]) -> str:
    """Return the message of the error that these variables raise."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(env)
    return str(caught.value)


def test_an_unset_variable_has_its_documented_default() -> None:
    settings = load()
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.mindvideo_base_url == "https://api.mindvideo.ai"
    assert settings.database_path == Path("video-bot.db")
    assert (settings.host, settings.port) == ("0.0.0.0", 3000)  # noqa: S104 - the contract's default
    assert (settings.poll_min_seconds, settings.poll_max_seconds) == (1, 30)
    assert (settings.models_dir, settings.public_url, settings.cost_unit) == (None, None, None)
    assert (settings.admins, settings.log_level, settings.log_prompts) == ((), "info", False)


def test_each_variable_is_read(tmp_path: Path) -> None:
    settings = load(
        SLACK_API_URL="http://127.0.0.1:8001/api",
        MINDVIDEO_BASE_URL="http://[::1]:8002/",
        DATABASE_URL="sqlite:////var/lib/bot.db",
        MODELS_DIR=str(tmp_path),
        PUBLIC_URL="https://videos.example.com/",
        ADMINS=" U1, W22 ,",
        COST_UNIT="USD",
        LOG_LEVEL="DEBUG",
        LOG_FORMAT="Console",
        PORT="0",
    )
    assert settings.slack_api_url == "http://127.0.0.1:8001/api/"
    assert settings.mindvideo_base_url == "http://[::1]:8002"
    assert settings.database_path == Path("/var/lib/bot.db")
    assert settings.models_dir == tmp_path
    assert settings.public_url == "https://videos.example.com"
    assert settings.admins == ("U1", "W22")
    assert settings.cost_unit == "USD"
    assert (settings.log_level, settings.log_format, settings.port) == ("debug", "console", 0)


def test_all_missing_variables_are_reported_at_once_with_their_remedy() -> None:
    lines = complaint({}).splitlines()
    assert [line.split()[0] for line in lines] == [
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "MINDVIDEO_API_KEY",
    ]
    assert all(" is not set. Set it to " in line for line in lines)
    assert "or set SLACK_APP_TOKEN" in lines[1]


def test_all_wrong_variables_are_reported_at_once() -> None:
    wrong = {
        "SLACK_BOT_TOKEN": "xoxp-1",
        "SLACK_APP_TOKEN": "xoxb-1",
        "MINDVIDEO_API_KEY": "two words",
        "MINDVIDEO_BASE_URL": "https://api.mindvideo.ai/api/v1",
        "SLACK_API_URL": "http://slack.com/api/",
        "DATABASE_URL": "postgresql:localhost/bot",
        "HOST": " ",
        "PORT": "65536",
        "POLL_MIN_SECONDS": "0",
        "POLL_MAX_SECONDS": "nan",
        "MODELS_DIR": "missing/folder",
        "PUBLIC_URL": "videos.example.com",
        "ADMINS": "@bob",
        "COST_UNIT": "<!channel>",
        "LOG_FORMAT": "xml",
        "LOG_LEVEL": "loud",
        "LOG_PROMPTS": "perhaps",
    }
    named = [line.split()[0] for line in complaint(wrong).splitlines()]
    assert sorted(named) == sorted(wrong)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1", "does not begin with xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-1", "does not begin with xapp-"),
        ("DATABASE_URL", "mysql://h/db", "names no SQLite file"),
        ("DATABASE_URL", "sqlite:///:memory:", "names no SQLite file"),
        ("DATABASE_URL", "video-bot.db", "names no SQLite file"),
        ("DATABASE_URL", "sqlite:////var/lib/", "names no SQLite file"),
        ("DATABASE_URL", "sqlite:///bot.db?mode=ro", "has a query"),
        ("DATABASE_URL", "sqlite:///file:bot.db?cache=shared", "has a query"),
        ("DATABASE_URL", "sqlite:////var/my%20bot.db", "write the path as it is"),
        ("DATABASE_URL", "sqlite:////var/..%2Fbot.db", "write the path as it is"),
        ("POLL_MIN_SECONDS", "31", "less than POLL_MIN_SECONDS"),
        ("PUBLIC_URL", "http://videos.example.com", "must begin with https://"),
        ("PUBLIC_URL", "https://[", "not an http(s) address"),
        ("PUBLIC_URL", "ftp://videos.example.com", "not an http(s) address"),
        ("SLACK_API_URL", "https://me:pw@slack.com/", "must not hold a user"),
    ],
)
def test_a_wrong_value_is_explained(variable: str, value: str, message: str) -> None:
    assert message in complaint({**NEEDED, variable: value})


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-hush", "it is a user token (xoxp-…)"),
        ("SLACK_BOT_TOKEN", "xapp-hush", "which belongs in SLACK_APP_TOKEN"),
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-hush", "it is a configuration or refresh token"),
        ("SLACK_BOT_TOKEN", SIGNING_SECRET, "it is what a signing secret looks like"),
        ("SLACK_BOT_TOKEN", "xoxb-", "it is no more than xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-hush", "which belongs in SLACK_BOT_TOKEN"),
        ("SLACK_APP_TOKEN", "mv_live_hush", "which belongs in MINDVIDEO_API_KEY"),
        ("SLACK_SIGNING_SECRET", "hush-signing-secret", "it is not 32 hexadecimal digits"),
        ("SLACK_SIGNING_SECRET", SIGNING_SECRET[1:], "it is not 32 hexadecimal digits"),
        ("SLACK_SIGNING_SECRET", "xoxb-hush", "it is a bot token (xoxb-…)"),
        ("MINDVIDEO_API_KEY", "xoxb-hush", "it is a bot token (xoxb-…)"),
        ("MINDVIDEO_API_KEY", "https://hush.example", "it is a web address"),
        ("MINDVIDEO_API_KEY", "Bearer mv_live_hush", "it begins with the word Bearer"),
        ("MINDVIDEO_API_KEY", "mv_live hush", "it holds a space or a line break"),
        ("MINDVIDEO_API_KEY", "mv_live_hu\nsh", "it holds a space or a line break"),
        ("MINDVIDEO_API_KEY", "mv_live_••••hush", "it holds characters that no key has"),
        ("MINDVIDEO_API_KEY", "mv_live_hush…", "it holds characters that no key has"),
        ("MINDVIDEO_API_KEY", 'mv_live_"hush', "it holds characters that no key has"),
    ],
)
def test_a_secret_of_the_wrong_shape_is_named_without_its_value(
    variable: str, value: str, problem: str
) -> None:
    (line,) = complaint({**NEEDED, variable: value}).splitlines()
    assert line.startswith(f"{variable} is wrong: ")
    assert problem in line
    assert "hush" not in line
    assert SIGNING_SECRET[:8] not in line


@pytest.mark.parametrize("quotes", ['""', "''", "“”", "`'"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-hush"),
        ("MINDVIDEO_API_KEY", "mv_live_hush"),
        ("SLACK_SIGNING_SECRET", SIGNING_SECRET),
        ("DATABASE_URL", "sqlite:///hush.db"),
        ("PORT", "3000"),
        ("ADMINS", "U1,U2"),
    ],
)
def test_a_value_that_kept_its_quotation_marks_is_named(
    variable: str, value: str, quotes: str
) -> None:
    """As `docker run --env-file` leaves them."""
    quoted = f" {quotes[0]}{value}{quotes[1]}"
    (line,) = complaint({**NEEDED, variable: quoted}).splitlines()
    assert line.startswith(f"{variable} is wrong: it still has quotation marks around it")
    assert value not in line


def test_a_simulated_slack_has_signing_secrets_of_its_own() -> None:
    here = "http://127.0.0.1:8001/api/"
    secret = {"SLACK_API_URL": here, "SLACK_SIGNING_SECRET": "sandbox"}
    assert load(**secret).slack_signing_secret is not None
    assert "bot token" in complaint({**NEEDED, **secret, "SLACK_SIGNING_SECRET": "xoxb-1"})


def test_a_wrong_app_token_does_not_demand_a_signing_secret() -> None:
    assert "SLACK_SIGNING_SECRET" not in complaint({**NEEDED, "SLACK_APP_TOKEN": "oops"})


def test_a_signing_secret_replaces_an_app_token() -> None:
    env = {**NEEDED, "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": SIGNING_SECRET}
    assert load_settings(env).slack_app_token is None


@pytest.mark.parametrize(
    ("dyno", "host", "name"),
    [
        ("worker.2", "5f0c", "worker.2"),
        ("", "studio", "studio"),
        ("", "büro", "b?ro"),
        ("", "", "bot"),
        ("", "x" * 99, "x" * 64),
    ],
)
def test_a_process_has_the_name_of_its_dyno_or_machine(
    monkeypatch: pytest.MonkeyPatch, dyno: str, host: str, name: str
) -> None:
    """Whatever it is: it stops no bot. One that is set has to be usable."""
    monkeypatch.setenv("DYNO", dyno)
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert load().process_name == name
    assert load(PROCESS_NAME="night shift").process_name == "night shift"
    assert "at most 64 characters" in complaint({"PROCESS_NAME": "x" * 65})


def test_no_secret_is_ever_shown() -> None:
    """Neither a valid secret nor a wrong or misplaced one appears in `repr` or an error."""
    settings = load(SLACK_SIGNING_SECRET=SIGNING_SECRET)
    assert settings.secrets == ("xoxb-1", "xapp-1", SIGNING_SECRET, "mv_live_1")
    assert not any(secret in repr(settings) for secret in settings.secrets)

    on_postgres = load(DATABASE_URL="postgres://bot:hu%2Fsh@localhost/jobs")
    assert {"hu%2Fsh", "hu/sh"} <= set(on_postgres.secrets)
    assert "hu%2Fsh" not in repr(on_postgres)

    misplaced = {name.upper(): "hush 2" for name in Settings.model_fields}
    assert "hush" not in complaint(misplaced)


def test_settings_are_frozen() -> None:
    settings = load()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1


def test_the_environment_overrides_the_file_and_empty_counts_as_unset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text(
        f"SLACK_BOT_TOKEN=xoxb-file\nSLACK_SIGNING_SECRET='{SIGNING_SECRET}' # comment\n"
        "PORT=1\nHOST=h\n"
        "MINDVIDEO_API_KEY=key\nUNRELATED=1\n",
    )
    monkeypatch.setenv("PORT", "2")
    monkeypatch.setenv("HOST", "")
    settings = load_settings()
    assert (settings.port, settings.host) == (2, "h")
    assert settings.secrets == ("xoxb-file", SIGNING_SECRET, "key")


def test_values_given_by_the_caller_replace_environment_and_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("PORT=1\n")
    monkeypatch.setenv("HOST", "h")
    settings = load()
    assert (settings.port, settings.host) == (3000, "0.0.0.0")  # noqa: S104 - the default


def test_an_unreadable_file_is_a_configuration_error() -> None:
    Path(".env").write_bytes(b"PORT=\xff\xfe\n")
    with pytest.raises(ConfigurationError, match=r"\.env cannot be read"):
        load_settings()


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("MAX_ACTIVE_PER_PERSN", "MAX_ACTIVE_PER_PERSON"),
        ("MINDVIDEO_APIKEY", "MINDVIDEO_API_KEY"),
        ("SLACK_BOT_TOKENS", "SLACK_BOT_TOKEN"),
        ("slack_bot_token", "SLACK_BOT_TOKEN"),
        ("DATABASE_URI", "DATABASE_URL"),
    ],
    ids=["a letter too few", "two words in one", "a letter too many", "small letters", "another"],
)
def test_a_mistyped_variable_is_named(mistyped: str, meant: str) -> None:
    """It would have no effect: a limit that somebody set would not hold."""
    sentence = f"{mistyped} is no variable of the bot. Did you mean {meant}?"
    assert load(**{mistyped: "a value"}).mistyped == (sentence,)


def test_the_file_is_searched_for_mistyped_variables() -> None:
    lines = [f"{name}={value}" for name, value in {**NEEDED, "PUBLIC_URLS": "x"}.items()]
    Path(".env").write_text("\n".join(lines))
    assert load_settings().mistyped == (
        "PUBLIC_URLS is no variable of the bot. Did you mean PUBLIC_URL?",
    )


@pytest.mark.parametrize(
    "name",
    [
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        "HOSTNAME",
        "PATH",
        "LOGNAME",
    ],
)
def test_a_variable_of_another_program_is_not_taken_for_a_mistyped_one(name: str) -> None:
    assert not load(**{name: "a value"}).mistyped


def test_a_mistyped_variable_stands_beside_the_one_that_is_missing() -> None:
    given = {**NEEDED, "MINDVIDEO_APIKEY": NEEDED["MINDVIDEO_API_KEY"]}
    del given["MINDVIDEO_API_KEY"]
    first, last = complaint(given).splitlines()
    assert first.startswith("MINDVIDEO_API_KEY is not set.")
    assert last == "MINDVIDEO_APIKEY is no variable of the bot. Did you mean MINDVIDEO_API_KEY?"
    assert NEEDED["MINDVIDEO_API_KEY"] not in complaint(given)


def test_a_name_is_shown_as_a_terminal_can_show_it() -> None:
    (sentence,) = load(**{"SLACK_BOT_TOKEN\udcff\n": "a value"}).mistyped
    assert sentence.startswith(r"'SLACK_BOT_TOKEN\udcff\n' is no variable of the bot.")
