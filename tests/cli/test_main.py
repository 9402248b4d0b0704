"""The commands: what they print, and how they end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from bot.options.catalog import Catalog
from bot.slack.manifest import build_manifest


def invoke(*args: str, **env: str) -> Result:
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


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_every_missing_variable_is_told_without_a_traceback(command: str) -> None:
    result = invoke(command)
    assert result.exit_code == 2
    assert [line.split()[0] for line in result.stderr.splitlines()] == [
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "MINDVIDEO_API_KEY",
    ]
    assert result.stdout == ""


def test_a_model_file_that_cannot_be_used_stops_the_start() -> None:
    Path("models").mkdir()
    Path("models/odd.json").write_text("{")
    result = invoke("run", **WELL_FORMED, MODELS_DIR="models")
    assert result.exit_code == 2
    assert "odd.json" in result.stderr


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        (["demo", "--port"], "Choose another with --port."),
        (["run"], "Set PORT to a free port, and HOST to an address of this machine."),
    ],
)
def test_a_port_that_is_taken_stops_the_start_with_a_sentence(
    command: list[str], remedy: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        words = [*command, port] if command[-1] == "--port" else command
        result = invoke(*words, **{**WELL_FORMED, "HOST": "127.0.0.1", "PORT": port})
    assert result.exit_code == 2
    told = f"Nobody can listen on 127.0.0.1, port {port} (Address already in use). {remedy}"
    assert told in result.stderr.splitlines()
    assert "Traceback" not in result.stderr


def test_slack_out_of_reach_stops_the_start_with_a_sentence() -> None:
    result = invoke("run", **WELL_FORMED)
    assert result.exit_code == 1
    assert "Slack" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_the_doctor_fails_when_something_is_not_well() -> None:
    result = invoke("doctor", **WELL_FORMED)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "ok    The configuration is complete."
    assert sum(line.startswith("FAIL") for line in lines) == 2
    assert any(line.startswith("      Check MINDVIDEO_BASE_URL") for line in lines)


def test_an_unknown_command_is_wrong_usage() -> None:
    assert invoke("dance").exit_code == 2


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--help"], capture_output=True, text=True, check=True
    )
    assert "python -m bot" in done.stdout


WELL_FORMED = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "abc",
    "SLACK_API_URL": "http://127.0.0.1:9/api/",
    "MINDVIDEO_API_KEY": "mv_live_1",
    "MINDVIDEO_BASE_URL": "http://127.0.0.1:9",
    "PORT": "0",
}
"""A right configuration for services that are not there: nothing listens on port 9."""
