"""Tests of the demo in the terminal: what it prints, and when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app.run import running
from bot.base.settings import load_settings
from bot.options.catalog import PACKAGED
from sandbox.demo.plain import as_plain
from sandbox.demo.run import Bot, run_command
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.mindvideo.mp4 import length_of, with_length
from sandbox.slack.entities import ANA, GENERAL
from sandbox.slack.workspace import Workspace
from tests.support.sandbox import MANIFEST


@asynccontextmanager
async def start(environment: Mapping[str, str]) -> AsyncIterator[int | None]:
    """Run a bot that sends each request at once."""
    fast = {"SUBMIT_DELAY_SECONDS": "0", "POLL_MIN_SECONDS": "0.1", "POSTERS": "no"}
    async with running(load_settings({**environment, **fast})) as service:
        yield service.port


BOT = Bot(manifest=MANIFEST, models_dir=PACKAGED, socket_mode=False, start=start)


async def printed(line: str, folder: Path) -> list[str]:
    """Return the lines that the demo prints for a command."""
    lines: list[str] = []
    await run_command(BOT, line, lines.append, folder=folder, render_seconds=0.3)
    return lines


async def test_it_prints_what_a_person_sees_and_saves_the_video(tmp_path: Path) -> None:
    """No markup and no IDs of people; the video is as long as it was asked to be."""
    lines = await printed("/video a red car <3 --duration 12", tmp_path)
    assert lines[0] == "#general  Ana: /video a red car <3 --duration 12"
    text = "\n".join(lines)
    assert "  thread  Video: @Ana Lima your video is ready." in text
    assert "a red car <3: Done in" in text
    for markup in ("<@", "&lt;", "*", ":clapper:"):
        assert markup not in text
    (saved,) = tmp_path.glob("*.mp4")
    assert lines[-1] == f"saved     {saved}"
    assert length_of(saved.read_bytes()) == 12


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/video list", "You have not asked for anything yet. /video help tells how."),
        ("/video help", "How to ask: /video what it shows --option value"),
        (
            "/video a car --duration 40",
            "--duration must be a whole number from 3 to 15; you gave 40.",
        ),
        ("/video", "opens a form."),
    ],
)
async def test_it_ends_at_once_where_no_job_is_made(line: str, answer: str, tmp_path: Path) -> None:
    asked, *private = await printed(line, tmp_path)
    assert asked == f"#general  Ana: {line}"
    assert len(private) == 1
    assert private[0].startswith("private")
    assert answer in private[0]


@pytest.mark.parametrize(
    ("mrkdwn", "text"),
    [
        (f"<@{ANA}> in <#{GENERAL}>", "@Ana Lima in #general"),
        (":x: *Failed* · `k7m2`", "❌ Failed · k7m2"),
        ("<https://a.example|a &lt;b&gt;> &amp; <https://b.example>", "a <b> & https://b.example"),
        ("2*3*4 and :no_such:", "2*3*4 and :no_such:"),
        ("<!here> <@U9|bo> <#C9>", "@here @bo #C9"),
    ],
)
def test_markup_becomes_what_a_person_reads(mrkdwn: str, text: str) -> None:
    assert as_plain(Workspace(lambda: 0.0), mrkdwn) == text


@pytest.mark.parametrize("name", ["sunset-16x9", "sunset-9x16", "sunset-1x1"])
@pytest.mark.parametrize("seconds", [3, 5, 7, 15])
def test_a_video_lasts_as_long_as_asked(name: str, seconds: int) -> None:
    content = (PACKAGED_MEDIA / f"{name}.mp4").read_bytes()
    changed = with_length(content, seconds)
    assert length_of(changed) == seconds
    assert len(changed) == len(content)
    assert with_length(changed, 5) == with_length(content, 5)
