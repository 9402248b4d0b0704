"""The files around the code say the same as the code."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bot.base.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]


def declared() -> list[Requirement]:
    """Return what pyproject.toml asks for, the tools for development included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(map(Requirement, project["dependencies"] + project["optional-dependencies"]["dev"]))


def test_the_example_of_env_shows_every_setting_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text()
    shown = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert list(shown) == [name.upper() for name in Settings.model_fields]
    prose = " ".join(text.replace("#", "").split())
    for field in Settings.model_fields.values():
        assert str(field.description)[1:] in prose
    needed = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "MINDVIDEO_API_KEY": "mv_live_1",
    }
    assert load_settings({**shown, **needed}) == load_settings(needed)


def test_every_declared_package_has_its_reason() -> None:
    reasons = (ROOT / "docs/decisions.md").read_text()
    for requirement in declared():
        assert re.search(rf"[| ]{re.escape(requirement.name)}[, ]", reasons), requirement.name


def test_the_process_file_starts_each_part_of_the_bot() -> None:
    assert (ROOT / "Procfile").read_text().splitlines() == [
        "web: python -m bot web",
        "worker: python -m bot worker",
        "release: python -m bot migrate",
    ]


@pytest.mark.parametrize("target", ["run", "demo", "test", "check", "bench", "soak"])
def test_make_offers_every_promised_target(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{target}: .*\$\(READY\).* ## \w", makefile, re.MULTILINE)


def test_the_demo_can_be_made_on_another_port() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "demo", "PORT=8090"],  # noqa: S607 - whichever make is installed
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "python -m bot demo --port 8090\n" in done.stdout


def test_what_is_run_can_be_executed() -> None:
    for name in (".ci/run", "scripts/set-up", "scripts/get-chromium", "scripts/get-postgres"):
        assert (ROOT / name).stat().st_mode & 0o111, name
