"""Tests of attached images on their way to MindVideo: data URIs and signed links."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass

import httpx
import pytest
from PIL import Image

from bot.media.reference_images import LONGEST_URI
from bot.options.attachments import MOST_BYTES
from sandbox.slack.entities import ANA, BOT, GENERAL, StoredMessage
from sandbox.slack.faults import DOWNLOAD, Fault, FaultKind
from tests.support.conversation import last_input, mention, texts, until_reply_done
from tests.support.http_client import http_client
from tests.support.images import data_of, empty_png, image_bytes, put_file
from tests.support.running_bot import RunningBot, running_bot

PUBLIC = "https://bot.example"


async def until_refused(bot: RunningBot) -> StoredMessage:
    """Wait for the ephemeral refusal, and check that MindVideo got no request."""
    await bot.until(bot.ephemerals)
    assert bot.sandbox.video.requests == []
    return bot.ephemerals()[-1]


@dataclass(frozen=True)
class HostedFile:
    """A response of the bot's media route."""

    status: int
    body: bytes
    headers: httpx.Headers


async def fetch(bot: RunningBot, url: object, method: str = "GET") -> HostedFile:
    """Request a hosted link of `PUBLIC_URL` from the bot's own port."""
    assert isinstance(url, str)
    path = url.removeprefix(PUBLIC)
    async with http_client() as client:
        answer = await client.request(method, f"http://127.0.0.1:{bot.service.port}{path}")
    return HostedFile(status=answer.status_code, body=answer.content, headers=answer.headers)


async def test_without_a_public_address_an_image_is_sent_inside_the_request() -> None:
    """The message names an attached image and shows no file ID."""
    data = image_bytes()
    async with running_bot() as bot:
        file_id = await put_file(bot, data)
        await mention(bot, "a lake --first-frame-image 1", file_id)
        message = await until_reply_done(bot)
        sent = last_input(bot)
    assert set(sent) == {"prompt", "first_frame_image"}
    assert data_of(sent["first_frame_image"]) == data
    assert "First frame: attached image" in str(message.blocks)
    assert file_id not in str(message.blocks) + message.text


async def test_a_large_image_is_scaled_down_to_fit_into_the_request() -> None:
    """A data URI has at most a million characters, and is a JPEG."""
    data = image_bytes(side=1500, noise=True)
    assert LONGEST_URI < len(data) < MOST_BYTES
    async with running_bot() as bot:
        await mention(bot, "a lake", await put_file(bot, data))
        await until_reply_done(bot)
        (uri,) = texts(last_input(bot)["image_urls"])
    assert len(uri) <= LONGEST_URI
    with Image.open(io.BytesIO(data_of(uri))) as image:
        assert image.format == "JPEG"


async def test_with_a_public_address_an_image_is_sent_as_a_signed_link() -> None:
    """The links serve the bytes with their type to GET and HEAD; other paths are not found."""
    first, second = image_bytes(), image_bytes("JPEG", 400)
    async with running_bot(PUBLIC_URL=f"{PUBLIC}/") as bot:
        files = [await put_file(bot, first), await put_file(bot, second, "misnamed.png")]
        await mention(bot, "from here to there --first 1 --last 2", *files)
        await until_reply_done(bot)
        sent = last_input(bot)
        served = await fetch(bot, sent["first_frame_image"])
        other = await fetch(bot, sent["last_frame_image"])
        head = await fetch(bot, sent["last_frame_image"], "HEAD")
        link = str(sent["first_frame_image"])
        refused = [
            await fetch(bot, url)
            for url in (link[:-8] + "AAAA.png", f"{PUBLIC}/media/", f"{PUBLIC}/media/{files[0]}")
        ]
    assert link.startswith(f"{PUBLIC}/media/")
    assert (served.status, served.body, served.headers["content-type"]) == (200, first, "image/png")
    assert served.headers["x-content-type-options"] == "nosniff"
    assert (other.body, other.headers["content-type"]) == (second, "image/jpeg")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(second)))
    assert [each.status for each in refused] == [404, 404, 404]


async def test_without_a_public_address_no_media_are_served() -> None:
    async with running_bot() as bot:
        assert (await fetch(bot, f"{PUBLIC}/media/x.png")).status == 404


async def test_a_link_distinguishes_a_deleted_file_from_a_failure_of_slack() -> None:
    """404 for a deleted file, 503 for an error of Slack, a broken connection for a cut download."""
    async with running_bot(PUBLIC_URL=PUBLIC) as bot:
        file_id = await put_file(bot, image_bytes(side=400, noise=True))
        await mention(bot, "a lake --first 1", file_id)
        await until_reply_done(bot)
        url = last_input(bot)["first_frame_image"]
        faults = bot.sandbox.slack.world.faults
        faults.add(DOWNLOAD, Fault(kind=FaultKind.STATUS_BEFORE))
        busy = await fetch(bot, url)
        faults.add(DOWNLOAD, Fault(kind=FaultKind.LOST_AFTER))
        with pytest.raises(httpx.RemoteProtocolError):
            await fetch(bot, url)
        bot.sandbox.slack.world.files.delete(file_id)
        deleted = await fetch(bot, url)
    assert (busy.status, deleted.status) == (503, 404)
    assert int(busy.headers["retry-after"]) > 0


async def test_a_transient_failure_of_slack_only_delays_the_job() -> None:
    """No submit was sent yet, so the step is retried."""
    async with running_bot() as bot:
        faults = bot.sandbox.slack.world.faults
        faults.add(DOWNLOAD, Fault(kind=FaultKind.LOST_AFTER))
        faults.add("files.info", Fault(kind=FaultKind.STATUS_BEFORE))
        data = image_bytes()
        await mention(bot, "a lake --first 1", await put_file(bot, data))
        await until_reply_done(bot)
        assert data_of(last_input(bot)["first_frame_image"]) == data
        assert len(bot.sandbox.video.charges) == 1


async def test_an_image_in_a_thread_renders_the_job_again_with_it() -> None:
    """The prompt and the options stay the same."""
    data = image_bytes()
    async with running_bot() as bot:
        message = await mention(bot, "a lake --mode pro")
        await until_reply_done(bot)
        await mention(bot, "", await put_file(bot, data), thread=message)
        await until_reply_done(bot, jobs=2)
        sent = last_input(bot)
    assert (sent["prompt"], sent["mode"]) == ("a lake", "pro")
    assert [data_of(uri) for uri in texts(sent["image_urls"])] == [data]


async def test_a_message_with_a_file_is_one_job_however_often_it_is_delivered() -> None:
    """Slack sends an event of subtype `file_share`, and another one for the mention."""
    data = image_bytes()
    async with running_bot() as bot:
        people, dispatcher = bot.sandbox.slack.people, bot.sandbox.slack.dispatcher
        files = [await put_file(bot, data)]
        typed = await people.message(ANA, GENERAL, f"<@{BOT}> a lake", files=files)
        await asyncio.gather(*(dispatcher.deliver_again(each) for each in typed.deliveries * 3))
        await until_reply_done(bot)
        for each in typed.deliveries:
            assert (await dispatcher.deliver_again(each, same_id=False)).problem is None
        await bot.sandbox.slack.settled()
        assert [data_of(uri) for uri in texts(last_input(bot)["image_urls"])] == [data]
        assert len(bot.sandbox.video.charges) == 1
        assert bot.ephemerals() == []


async def test_a_file_that_is_no_image_is_refused_at_once() -> None:
    """The refusal is ephemeral; no job, no message and no charge follow."""
    async with running_bot() as bot:
        await mention(bot, "a lake", await put_file(bot, b"x", "notes.pdf"))
        refusal = await until_refused(bot)
    assert refusal.ephemeral_for == ANA
    assert "notes.pdf is not an image" in refusal.text
    assert [posted for posted in bot.messages() + bot.replies() if posted.user == BOT] == []


async def test_a_file_named_as_an_image_with_other_bytes_ends_the_job_uncharged() -> None:
    """Its name ends with `.png`, its bytes are a PDF."""
    async with running_bot() as bot:
        await mention(bot, "a lake", await put_file(bot, b"%PDF-1.7", "cat.png"))
        refusal = await until_refused(bot)
    assert "cat.png is no image that can be read" in refusal.text
    assert "charged" in refusal.text


async def test_more_bytes_than_slack_announced_are_not_read() -> None:
    """The size that Slack announces is not trusted."""
    async with running_bot() as bot:
        file_id = await put_file(bot, image_bytes() + bytes(MOST_BYTES))
        bot.sandbox.slack.world.files.file(file_id).size = 100
        await mention(bot, "a lake", file_id)
        assert "cat.png has more than 10 MB" in (await until_refused(bot)).text


async def test_a_bomb_is_refused_by_its_name_and_the_next_image_is_read() -> None:
    """A few kilobytes that decode to hundreds of megabytes."""
    async with running_bot() as bot:
        await mention(bot, "a lake", await put_file(bot, empty_png(7100), "bomb.png"))
        assert "bomb.png has more than 50 megapixels" in (await until_refused(bot)).text
        await mention(bot, "a lake", await put_file(bot, image_bytes()))
        await until_reply_done(bot)


async def test_the_colours_of_a_printer_are_converted_behind_a_link() -> None:
    """The model takes JPEGs, and not each program that reads one knows these colours."""
    async with running_bot(PUBLIC_URL=PUBLIC) as bot:
        data = image_bytes("JPEG", 400, mode="CMYK")
        await mention(bot, "a lake --first 1", await put_file(bot, data, "cat.jpg"))
        await until_reply_done(bot)
        served = await fetch(bot, last_input(bot)["first_frame_image"])
    with Image.open(io.BytesIO(served.body)) as image:
        assert image.mode == "RGB"


async def test_a_file_that_was_deleted_before_the_submit_ends_the_job_uncharged() -> None:
    """The user is notified ephemerally, and the job's message shows it."""
    async with running_bot() as bot:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="file_deleted")
        bot.sandbox.slack.world.faults.add("files.info", fault)
        await mention(bot, "a lake", await put_file(bot, image_bytes()))
        assert "no longer in Slack" in (await until_refused(bot)).text
        await bot.until(lambda: any("Not started" in reply.text for reply in bot.replies()))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (image_bytes(side=200), "cat.png has 200 by 200 pixels; Kling V3 takes images of at least"),
        (image_bytes(side=400, height=299), "cat.png has 400 by 299 pixels"),
        (image_bytes("JPEG", 1000, height=390), "takes images between 1:2.5 and 2.5:1. Crop it"),
    ],
)
async def test_an_image_of_a_shape_that_the_model_does_not_take_ends_the_job_uncharged(
    data: bytes, sentence: str
) -> None:
    """Its bytes tell, where Slack's description does not."""
    async with running_bot() as bot:
        await mention(bot, "a lake", await put_file(bot, data))
        assert sentence in (await until_refused(bot)).text


def assert_jpeg(data: bytes) -> None:
    """Check that bytes are a JPEG of 400 by 400 pixels."""
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (400, 400))


async def test_a_format_that_the_model_does_not_take_is_converted_inside_the_request() -> None:
    async with running_bot() as bot:
        file_id = await put_file(bot, image_bytes("WEBP", 400), "cat.webp")
        await mention(bot, "a lake --first 1", file_id)
        await until_reply_done(bot)
        assert_jpeg(data_of(last_input(bot)["first_frame_image"]))


async def test_a_format_that_the_model_does_not_take_is_converted_behind_a_link() -> None:
    async with running_bot(PUBLIC_URL=PUBLIC) as bot:
        file_id = await put_file(bot, image_bytes("GIF", 400), "cat.gif")
        await mention(bot, "a lake --first 1", file_id)
        await until_reply_done(bot)
        link = last_input(bot)["first_frame_image"]
        served, head = await fetch(bot, link), await fetch(bot, link, "HEAD")
    assert_jpeg(served.body)
    assert served.headers["content-type"] == "image/jpeg"
    assert (head.body, head.headers["content-length"]) == (b"", str(len(served.body)))
