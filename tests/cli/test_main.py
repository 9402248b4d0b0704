"""Tests of the commands `run`, `manifest`, `demo` and `doctor`: output and exit code."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from bot.options.catalog import Catalog
from bot.slack.manifest import build_manifest


def invoke(*args: str, **env: str) -> Result:
    """Run a command in this process, with these variables alone."""
    return CliRunner().invoke(main, args, env=env)


def test_manifest_needs_no_configuration_and_prints_json() -> None:
    result = invoke("manifest")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(
        json.dumps(build_manifest(Catalog.load().default))
    )


def test_manifest_for_http_holds_the_given_address() -> None:
    result = invoke("manifest", "--url", "https://videos.example.com")
    assert "https://videos.example.com/slack/events" in result.stdout


@pytest.mark.parametrize("url", ["http://videos.example.com", "videos.example.com", "https://["])
def test_manifest_refuses_an_address_that_slack_would_refuse(url: str) -> None:
    result = invoke("manifest", "--url", url)
    assert result.exit_code == 2
    assert "https://" in result.stderr


@pytest.mark.parametrize("command", ["run", "web", "worker", "doctor"])
def test_every_missing_variable_is_reported_without_a_traceback(command: str) -> None:
    result = invoke(command)
    assert result.exit_code == 2
    assert [line.split()[0] for line in result.stderr.splitlines()] == [
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "MINDVIDEO_API_KEY",
    ]
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        (["demo", "--port"], "Choose another with --port."),
        (["run"], "Set PORT to a free port, and HOST to an address of this machine."),
    ],
)
def test_a_taken_port_ends_the_start_without_a_traceback(command: list[str], remedy: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        arguments = [*command, port] if command[-1] == "--port" else command
        result = invoke(*arguments, **{**WELL_FORMED, "HOST": "127.0.0.1", "PORT": port})
    assert result.exit_code == 2
    sentence = f"Nobody can listen on 127.0.0.1, port {port} (Address already in use). {remedy}"
    assert sentence in result.stderr.splitlines()
    assert "Traceback" not in result.stderr


def test_an_unreachable_slack_ends_the_start_without_a_traceback() -> None:
    result = invoke("run", **WELL_FORMED)
    assert result.exit_code == 1
    assert "Slack" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_doctor_fails_when_a_check_fails() -> None:
    result = invoke("doctor", **WELL_FORMED)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "ok    The configuration is complete."
    assert sum(line.startswith("FAIL") for line in lines) == 2
    assert any(line.startswith("      Check MINDVIDEO_BASE_URL") for line in lines)


def test_doctor_names_a_mistyped_variable() -> None:
    lines = invoke("doctor", **WELL_FORMED, MAX_ACTIVE_PER_PERSN="3").stdout.splitlines()
    assert lines[1] == (
        "note  MAX_ACTIVE_PER_PERSN is no variable of the bot. Did you mean MAX_ACTIVE_PER_PERSON?"
    )


def test_a_start_names_a_mistyped_variable_in_the_log() -> None:
    result = invoke("run", **WELL_FORMED, MAX_ACTIVE_PER_PERSN="3")
    assert "MAX_ACTIVE_PER_PERSN is no variable of the bot" in result.stderr


def test_an_unknown_command_is_wrong_usage() -> None:
    assert invoke("dance").exit_code == 2


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "jobs", "--help"], capture_output=True, text=True, check=True
    )
    assert "python -m bot jobs" in done.stdout


WELL_FORMED = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
    "SLACK_API_URL": "http://127.0.0.1:9/api/",
    "MINDVIDEO_API_KEY": "mv_live_1",
    "MINDVIDEO_BASE_URL": "http://127.0.0.1:9",
    "PORT": "0",
}
"""A valid configuration of unreachable services: nothing listens on port 9."""
