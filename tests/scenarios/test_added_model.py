"""A model that was added from its page, over HTTP: with a needed image, with videos and audio."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.messages.buttons import OPEN_DRAFT
from sandbox import sandbox
from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.slack.entities import BOT
from storage.job import Json
from tests.support.conversation import (
    last_input,
    mention,
    press,
    texts,
    until_ephemeral,
    until_reply_done,
)
from tests.support.forms import blocks_of, element_of, entries, form_of, submit, switch
from tests.support.http_client import http_client
from tests.support.images import image_bytes, put_file
from tests.support.model_samples import schema_of
from tests.support.running_bot import RunningBot, bot_in
from tests.support.sandbox import MANIFEST

PUBLIC = "https://bot.example"
SLUG = "studio/dance-2"
PICTURE = image_bytes()
CLIP = (PACKAGED_MEDIA / "sunset-1x1.mp4").read_bytes()
SONG = b"ID3\x04" + bytes(60)


def upload(kind: str) -> Mapping[str, Json]:
    """Return how a page says that it takes files of a kind."""
    return {"widget": "file-upload", "uploadKind": kind, "accept": f"{kind}/*"}


PAGE = f"""
curl -X POST https://api.mindvideo.ai/api/v1/tasks \\
-H "Authorization: Bearer mv_live_xxx" \\
-d '{{"model": "{SLUG}", "input": {{"image_url": "https://example.com/a.png"}}}}'
""" + json.dumps(
    schema_of(
        {
            "prompt": {"type": "string"},
            "image_url": {"type": "string", "x-playground": upload("image")},
            "video_urls": {
                "type": "array",
                "items": {"type": "string"},
                "maxItems": 2,
                "title": "Motions",
                "x-playground": upload("video"),
            },
            "audio_url": {"type": "string", "title": "Music"},
            "seed": {"type": "integer", "minimum": -1, "maximum": 4294967295},
            "duration": {"type": "integer", "default": 5, "minimum": 3, "maximum": 10},
        },
        "image_url",
    )
)


@pytest.fixture
def models(tmp_path: Path) -> str:
    """Give a folder into which the model was added, and is the default."""
    env = {"MODELS_DIR": str(tmp_path)}
    done = CliRunner().invoke(main, ["model", "add", "-"], input=PAGE, env=env)
    assert done.exit_code == 0, done.output
    assert "audio_url: an audio file" in done.output
    return str(tmp_path)


@asynccontextmanager
async def bot_beside(models: str, **environment: str) -> AsyncIterator[RunningBot]:
    """Run a bot beside a MindVideo that has the same models."""
    async with (
        sandbox.running_sandbox(MANIFEST, Path(models), render_seconds=0.05) as services,
        bot_in(services, socket_mode=False, MODELS_DIR=models, **environment) as bot,
    ):
        yield bot


async def served(bot: RunningBot, link: Json) -> tuple[bytes, str]:
    """Return what MindVideo gets by a link of the bot: the bytes and their type."""
    assert isinstance(link, str)
    assert link.startswith(f"{PUBLIC}/media/")
    async with http_client() as client:
        path = link.removeprefix(PUBLIC)
        answer: httpx.Response = await client.get(f"http://127.0.0.1:{bot.service.port}{path}")
    assert answer.status_code == 200
    return answer.content, answer.headers["content-type"]


async def test_it_renders_with_files_of_each_kind_from_every_surface(models: str) -> None:
    """Those that no option names go to the first option of their kind, as links."""
    async with bot_beside(models, PUBLIC_URL=PUBLIC) as bot:
        picture = await put_file(bot, PICTURE)
        clip = await put_file(bot, CLIP, "dance.mp4")
        song = await put_file(bot, SONG, "song.mp3")
        first = await mention(bot, f"--model {SLUG} --seed -1 she dances", song, clip, picture)
        told = await until_reply_done(bot)
        assert "Motions: attached video" in str(told.blocks)
        assert "Music: attached audio file" in str(told.blocks)
        sent = last_input(bot)
        assert (sent["prompt"], sent["seed"]) == ("she dances", -1)
        assert json.loads(bot.sandbox.video.calls(Call.SUBMIT)[-1].body)["model"] == SLUG
        assert await served(bot, sent["image_url"]) == (PICTURE, "image/png")
        assert await served(bot, sent["audio_url"]) == (SONG, "audio/mpeg")
        assert [await served(bot, link) for link in texts(sent["video_urls"])] == [
            (CLIP, "video/mp4")
        ]

        # In the thread another video takes the place of the first one; all else stays.
        other = await put_file(bot, CLIP + bytes(8), "other.mp4")
        await mention(bot, "faster", other, thread=first)
        await until_reply_done(bot, jobs=2)
        again = last_input(bot)
        assert again["prompt"] == "she dances. faster"
        assert again["image_url"] is not None
        assert [await served(bot, link) for link in texts(again["video_urls"])] == [
            (CLIP + bytes(8), "video/mp4")
        ]

        # The form has a field for each kind, and keeps what a text and a redraw find in it.
        await mention(bot, f"--model {SLUG} --seed x", picture, clip)
        await press(bot, await until_ephemeral(bot), OPEN_DRAFT)
        assert "slack-file" in str(element_of(form_of(bot), "kept:image_url"))
        assert "slack-file" in str(element_of(form_of(bot), "kept:video_urls"))
        assert element_of(form_of(bot), "option:audio_url")["filetypes"] == [
            *("mp3", "wav", "m4a", "aac", "ogg", "flac")
        ]
        filled = entries(SLUG, video_urls=[other], audio_url=[song])
        await switch(bot, "model", SLUG, filled)
        assert "song.mp3" in str(element_of(form_of(bot), "kept:audio_url"))
        assert "A file or a link is needed." in str(blocks_of(form_of(bot))["option:image_url"])
        await submit(bot, values=entries(SLUG, seed="4294967295"))
        await bot.until(lambda: len(bot.sandbox.video.charges) == 3)
        by_form = last_input(bot)
        assert by_form["seed"] == 4294967295
        assert len(texts(by_form["video_urls"])) == 2
        assert await served(bot, by_form["audio_url"]) == (SONG, "audio/mpeg")


async def test_without_a_public_address_small_files_travel_in_the_request(models: str) -> None:
    """And what is too large, of another kind, or nothing that is taken, is refused uncharged."""
    async with bot_beside(models) as bot:
        picture = await put_file(bot, PICTURE)
        clip = await put_file(bot, CLIP[:700_000], "dance.mp4")

        async def refusal(text: str, *files: str) -> str:
            known = len(bot.ephemerals())
            await mention(bot, f"--model {SLUG} {text}", *files)
            await bot.until(lambda: len(bot.ephemerals()) > known)
            return bot.ephemerals()[-1].text

        needed = await refusal("she dances", clip)
        assert "`--image-url` is missing: Dance 2 needs it. Mention me in a message" in needed
        assert "means cat.png, which is not a video" in await refusal("--video 1", picture)
        assert "which is not an image" in await refusal("--image 1", clip)
        notes = await put_file(bot, b"x", "notes.pdf")
        told = await refusal("she dances", picture, notes)
        assert "notes.pdf is not an image, a video or an audio file that I can pass on" in told
        assert "MP4, MOV or WebM" in told
        private = await refusal("--video https://10.0.0.1/a.mp4 she dances", picture)
        assert "leads to this machine or a private network. Attach the video itself" in private
        assert "an attached audio file" in await refusal("--audio http://a.b/c.mp3", picture)
        three = [await put_file(bot, CLIP, f"{number}.mp4") for number in range(3)]
        assert "at most 2 videos are taken" in await refusal("she dances", picture, *three)
        bot.sandbox.slack.world.files.file(three[0]).size = 101 * 1024 * 1024
        assert "0.mp4 has more than 100 MB" in await refusal("she dances", picture, three[0])
        assert [said for said in bot.messages() + bot.replies() if said.user == BOT] == []

        # Only the bytes tell these.
        fake = await put_file(bot, b"%PDF-1.7" + bytes(60), "fake.mp4")
        assert "fake.mp4 is no video" in await refusal("she dances", picture, fake)
        large = await put_file(bot, CLIP + bytes(800_000), "large.mp4")
        assert "large.mp4 has more than 0.7 MB" in await refusal("she dances", picture, large)
        assert bot.sandbox.video.requests == []

        await mention(bot, f"--model {SLUG} she dances", picture, clip)
        await until_reply_done(bot)
        (uri,) = texts(last_input(bot)["video_urls"])
        head, _, body = uri.partition(",")
        assert head == "data:video/mp4;base64"
        assert base64.b64decode(body) == CLIP[:700_000]
        assert len(bot.sandbox.video.charges) == 1
