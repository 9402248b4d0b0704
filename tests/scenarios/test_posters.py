"""A poster over real HTTP, taken by the real film process: in the channel, in Home and in lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.jobs import deliveries
from bot.notifications import picture, poster
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.slack.entities import ANA
from tests.support.films import pictures_in
from tests.support.running_bot import RunningBot, bot_in
from tests.support.sandbox import running_sandbox


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses in which Slack's and our own work goes on."""
    monkeypatch.setattr(deliveries, "POSTER_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(poster, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(picture, "PROCESSED_SECONDS", 0.02)


def posters(bot: RunningBot) -> list[str]:
    """Return the pictures that the messages in the channel show."""
    return [file_id for said in bot.messages() for file_id in pictures_in(said)]


async def test_a_videos_poster_is_shown_wherever_the_job_is(tmp_path: Path) -> None:
    """And a video that cannot be read is delivered, and has none."""
    for video in PACKAGED_MEDIA.iterdir():
        (tmp_path / video.name).write_bytes(video.read_bytes())
    (tmp_path / "sunset-1x1.mp4").write_bytes(b"no video at all")
    async with (
        running_sandbox(render_seconds=0.05, media_dir=tmp_path) as sandbox,
        bot_in(sandbox, POSTERS="yes") as bot,
    ):
        await bot.type("a broken lake --aspect-ratio 1:1")
        await bot.until_delivered()
        await bot.type("a lake at dawn")
        await bot.until_delivered(2)
        await bot.until(lambda: posters(bot))
        (picture,) = posters(bot)
        file = bot.sandbox.slack.world.files.file(picture)
        assert file.path.read_bytes().startswith(b"\xff\xd8\xff")
        assert file.name == "a-lake-at-dawn-poster.jpg"

        await bot.type("list")
        await bot.until(bot.ephemerals)
        assert f"'slack_file': {{'id': '{picture}'}}" in str(bot.ephemerals()[-1].blocks)
        await bot.sandbox.slack.people.open_home(ANA)
        homes = bot.sandbox.slack.world.views.homes
        await bot.until(lambda: ANA in homes and picture in str(homes[ANA].data))

        # All is there without the picture, too.
        bot.sandbox.slack.world.files.delete(picture)
        await bot.type("list")
        await bot.until(lambda: len(bot.ephemerals()) == 2)
        assert "a lake at dawn" in str(bot.ephemerals()[-1].blocks)
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: picture not in str(homes[ANA].data))
        assert "a lake at dawn" in str(homes[ANA].data)
