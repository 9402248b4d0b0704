"""The files by which the bot is deployed keep what docs/deploy.md promises.

A test reads them, because a machine that runs the tests may have neither Docker nor systemd.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from configparser import ConfigParser, SectionProxy
from pathlib import Path, PurePosixPath

import pytest

from bot.app.run import STOP_SECONDS
from bot.base.setting_groups import StoreSettings
from bot.base.settings import Settings
from bot.cli.main import COMMANDS, MISCONFIGURED

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
UNITS = sorted((ROOT / "docs").glob("*.service"))
SERVICES = [unit for unit in UNITS if "migrate" not in unit.name]
COMPOSE = (ROOT / "docs/compose.yaml").read_text(encoding="utf-8")
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)

# https://docs.docker.com/reference/dockerfile/
INSTRUCTIONS = {
    "FROM", "WORKDIR", "ENV", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL",
    "HEALTHCHECK", "ENTRYPOINT", "CMD",
}  # fmt: skip


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = lines.replace("\\\n", "")
    return [
        (name, rest) for name, _, rest in (one.partition(" ") for one in joined.split("\n")) if name
    ]


def final(name: str) -> list[str]:
    """Return the arguments of an instruction in the last stage, which is the image."""
    steps = instructions()
    last = max(number for number, (one, _) in enumerate(steps) if one == "FROM")
    return [rest for one, rest in steps[last:] if one == name]


def command(text: str) -> Sequence[str]:
    """Return a command in Docker's JSON form, which starts no shell between it and the signals."""
    parsed: list[str] = json.loads(text)
    return parsed


def test_the_dockerfile_consists_of_known_instructions() -> None:
    assert {name for name, _ in instructions()} <= INSTRUCTIONS
    assert instructions()[0][0] == "FROM"
    bases = {rest.split()[0] for name, rest in instructions() if name == "FROM"}
    assert all(re.fullmatch(r"python:3\.11-slim-\w+", base) for base in bases)


def test_the_image_runs_the_bot_as_a_user_without_rights_behind_a_process_that_reaps() -> None:
    (user,), (entry,), (default,) = final("USER"), final("ENTRYPOINT"), final("CMD")
    assert user.split(":")[0].isdecimal()
    assert int(user.split(":")[0]) > 0
    assert command(entry) == ["tini", "--", "python", "-m", "bot"]
    assert command(default) == ["run"]
    assert final("STOPSIGNAL") == ["SIGTERM"]


def test_all_that_the_image_writes_is_in_its_one_volume() -> None:
    """So its root file system can be read-only."""
    (volume,) = final("VOLUME")
    assert final("WORKDIR") == [volume]
    variables = dict(re.findall(r"(\w+)=(\S+)", " ".join(final("ENV"))))
    database = variables["DATABASE_URL"].removeprefix("sqlite:///")
    for path in (database, variables["TMPDIR"], variables["MPLCONFIGDIR"]):
        assert PurePosixPath(path).is_relative_to(volume)
    assert "--read-only" in GUIDE
    assert f"--volume video-bot:{volume}" in GUIDE


def test_every_file_that_the_image_copies_is_there_and_not_ignored() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignore if line.startswith("!")}
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }
    assert "*" in ignore
    assert copied == kept
    assert all((ROOT / source).exists() for source in copied)


def test_the_health_check_succeeds_for_a_bot_that_lives_and_fails_for_none() -> None:
    (check,) = final("HEALTHCHECK")
    words = command(check.partition("CMD ")[2])
    assert words[0] == "python"
    assert "/healthz" in words[2]
    assert f"or {Settings.model_fields['port'].default}" in words[2]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *words[1:]], env={"PORT": "9"}, capture_output=True, check=False
    )
    assert done.returncode != 0


def settings_of(unit: Path) -> SectionProxy:
    """Return what the section of the service sets; of what stands there twice, the last."""
    parsed = ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have cases
    parsed.read(unit)
    return parsed["Service"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_supervisors_wait_for_longer_than_the_bot_takes_to_stop(unit: Path) -> None:
    assert int(settings_of(unit)["TimeoutStopSec"]) >= STOP_SECONDS + 5
    assert "--stop-timeout 30" in GUIDE
    assert f"stop_grace_period: {STOP_SECONDS + 10:.0f}s" in COMPOSE


@each_unit
def test_a_wrong_configuration_is_not_tried_again(unit: Path) -> None:
    assert int(settings_of(unit)["RestartPreventExitStatus"]) == MISCONFIGURED


@each_unit
def test_each_unit_runs_a_command_and_is_as_closed_as_the_others(unit: Path) -> None:
    settings = settings_of(unit)
    assert settings["ExecStart"].split()[-1] in COMMANDS
    (whole,) = [each for each in UNITS if each.name == "video-bot.service"]
    closed = {
        name: value
        for name, value in settings_of(whole).items()
        if name.startswith(("Protect", "Private", "Restrict", "System", "NoNew", "UMask"))
    }
    assert closed.items() <= dict(settings).items()
    assert unit.name in GUIDE


def test_each_process_beside_another_has_a_port_and_a_name_of_its_own() -> None:
    (worker,) = [unit.read_text(encoding="utf-8") for unit in UNITS if "@" in unit.name]
    assert "Environment=PORT=310%i\nEnvironment=PROCESS_NAME=worker-%i\n" in worker


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """With a program that is there: it looks for it."""
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        start = re.search(r"^ExecStart=(\S+)", text, re.MULTILINE)
        assert start is not None
        copy = tmp_path / unit.name
        copy.write_text(text.replace(start[1], sys.executable), encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own files
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir())],  # noqa: S607 - whichever there is
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stderr.splitlines() if "video-bot" in line] == []


def test_the_containers_are_a_database_what_migrates_one_that_listens_and_two_that_work() -> None:
    """As a text, because what reads it is not there wherever the tests run."""
    services = COMPOSE.partition("\nservices:\n")[2].partition("\nvolumes:")[0]
    parts = dict(re.findall(r"(?ms)^  (\w+):\n(.*?)(?=^  \w+:|\Z)", services))
    assert list(parts) == ["database", "migrate", "web", "worker"]
    for name in ("migrate", "web", "worker"):
        assert "<<: *bot\n" in parts[name]
        assert f"command: [{name}]\n" in parts[name]
        assert name in COMMANDS
    assert "replicas: 2\n" in parts["worker"]
    for name in ("web", "worker"):
        assert re.search(r"migrate:\s+condition: service_completed_successfully", parts[name])
    assert re.search(r"database:\s+condition: service_healthy", parts["migrate"])
    url = re.search(r"DATABASE_URL: (\S+):\$\{POSTGRES_PASSWORD:\?.*\}(@\S+)", COMPOSE)
    assert url is not None
    assert StoreSettings.model_validate({"DATABASE_URL": f"{url[1]}:x{url[2]}"}).is_postgres


def test_the_image_is_checked_in_ci_where_docker_works() -> None:
    assert "scripts/check-image" in (ROOT / ".ci/run").read_text(encoding="utf-8")
    done = subprocess.run(
        ["scripts/check-image"],  # noqa: S607 - our own script
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DOCKER_HOST": "unix:///nowhere"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "the image is not built" in done.stdout
