"""Images that people attach reach MindVideo, by signed links or inside the request."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import pytest
from PIL import Image

from bot.media.reference_images import LONGEST_URI
from bot.options.attachments import MOST_BYTES
from sandbox.mindvideo import faults
from sandbox.mindvideo.faults import Call
from sandbox.slack.entities import ANA, BEN, BOT, GENERAL, Said
from sandbox.slack.faults import DOWNLOAD, Fault, FaultKind
from tests.support.pictures import image_bytes, put_file
from tests.support.running_bot import RunningBot, running_bot

PUBLIC = "https://bot.example"


async def ask(bot: RunningBot, text: str, *files: str, thread_ts: str | None = None) -> Said:
    """Mention the bot in a message with files."""
    people = bot.sandbox.slack.people
    typed = await people.message(ANA, GENERAL, f"<@{BOT}> {text}", files=files, thread_ts=thread_ts)
    assert [each.error for each in typed.deliveries if each.error] == []
    return typed.said


async def until_done(bot: RunningBot, jobs: int = 1) -> Said:
    """Wait until so many jobs' messages say that they are done; return the last of them."""

    def done() -> list[Said]:
        return [said for said in bot.replies() if said.user == BOT and "Done in" in said.text]

    await bot.until(lambda: len(done()) == jobs)
    return done()[-1]


async def until_refused(bot: RunningBot) -> Said:
    """Wait for the private word, and see that nothing was asked of MindVideo."""
    await bot.until(bot.ephemerals)
    assert bot.sandbox.video.requests == []
    return bot.ephemerals()[-1]


def sent(bot: RunningBot) -> Mapping[str, object]:
    """Return the input that MindVideo got last."""
    found = json.loads(bot.sandbox.video.calls(Call.SUBMIT)[-1].body)["input"]
    assert isinstance(found, dict)
    return found


def data_of(uri: object) -> bytes:
    assert isinstance(uri, str)
    head, _, body = uri.partition(",")
    assert head in {"data:image/png;base64", "data:image/jpeg;base64"}
    return base64.b64decode(body)


@dataclass(frozen=True)
class Got:
    """What the bot's own media route answered."""

    status: int
    body: bytes
    headers: httpx.Headers


async def fetch(bot: RunningBot, url: object, method: str = "GET") -> Got:
    """Fetch a hosted link as MindVideo would, through the operator's public address."""
    assert isinstance(url, str)
    path = url.removeprefix(PUBLIC)
    async with httpx.AsyncClient() as client:
        answer = await client.request(method, f"http://127.0.0.1:{bot.service.port}{path}")
    return Got(status=answer.status_code, body=answer.content, headers=answer.headers)


async def test_an_attached_image_travels_inside_the_request_without_a_public_address() -> None:
    """The bytes are the person's own, and the message tells of an image, not of an ID."""
    data = image_bytes()
    async with running_bot() as bot:
        file_id = await put_file(bot, data)
        await ask(bot, "a lake --first-frame-image 1", file_id)
        message = await until_done(bot)
        given = sent(bot)
    assert set(given) == {"prompt", "first_frame_image"}
    assert data_of(given["first_frame_image"]) == data
    assert "First frame image: attached image" in str(message.blocks)
    assert file_id not in str(message.blocks) + message.text


async def test_a_large_image_is_scaled_down_to_travel_inside_the_request() -> None:
    """At most a million characters each; the picture is still one."""
    data = image_bytes(side=1500, noise=True)
    assert LONGEST_URI < len(data) < MOST_BYTES
    async with running_bot() as bot:
        await ask(bot, "a lake", await put_file(bot, data))
        await until_done(bot)
        uris = sent(bot)["image_urls"]
    assert isinstance(uris, list)
    (uri,) = uris
    assert len(uri) <= LONGEST_URI
    with Image.open(io.BytesIO(data_of(uri))) as image:
        assert image.format == "JPEG"


async def test_with_a_public_address_images_are_signed_links_that_give_the_file() -> None:
    """The link gives the bytes with their type, to GET and to HEAD, and nothing else is served."""
    first, second = image_bytes(), image_bytes("JPEG", 100)
    async with running_bot(PUBLIC_URL=f"{PUBLIC}/") as bot:
        files = [await put_file(bot, first), await put_file(bot, second, "misnamed.png")]
        await ask(bot, "from here to there --first 1 --last 2", *files)
        await until_done(bot)
        given = sent(bot)
        got = await fetch(bot, given["first_frame_image"])
        other = await fetch(bot, given["last_frame_image"])
        head = await fetch(bot, given["last_frame_image"], "HEAD")
        link = str(given["first_frame_image"])
        refused = [
            await fetch(bot, url)
            for url in (link[:-8] + "AAAA.png", f"{PUBLIC}/media/", f"{PUBLIC}/media/{files[0]}")
        ]
    assert link.startswith(f"{PUBLIC}/media/")
    assert (got.status, got.body, got.headers["content-type"]) == (200, first, "image/png")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert (other.body, other.headers["content-type"]) == (second, "image/jpeg")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(second)))
    assert [each.status for each in refused] == [404, 404, 404]


async def test_without_a_public_address_no_media_are_served() -> None:
    """What is not needed is not open."""
    async with running_bot() as bot:
        assert (await fetch(bot, f"{PUBLIC}/media/x.png")).status == 404


async def test_a_link_to_a_file_that_is_gone_is_not_found_and_trouble_is_passing() -> None:
    """404 for good, 503 to come again, a broken connection when half of it was sent."""
    async with running_bot(PUBLIC_URL=PUBLIC) as bot:
        file_id = await put_file(bot, image_bytes(side=400, noise=True))
        await ask(bot, "a lake --first 1", file_id)
        await until_done(bot)
        url = sent(bot)["first_frame_image"]
        faults = bot.sandbox.slack.world.faults
        faults.add(DOWNLOAD, Fault(kind=FaultKind.STATUS_BEFORE))
        busy = await fetch(bot, url)
        faults.add(DOWNLOAD, Fault(kind=FaultKind.LOST_AFTER))
        with pytest.raises(httpx.RemoteProtocolError):
            await fetch(bot, url)
        bot.sandbox.slack.world.files.delete(file_id)
        gone = await fetch(bot, url)
    assert (busy.status, gone.status) == (503, 404)
    assert int(busy.headers["retry-after"]) > 0


async def test_the_bytes_of_a_repeated_request_are_the_same() -> None:
    """The links are part of the committed request, so one key never meets two inputs."""
    async with running_bot(PUBLIC_URL=PUBLIC) as bot:
        lost = faults.Fault(call=Call.SUBMIT, kind=faults.FaultKind.LOST_AFTER)
        bot.sandbox.video.fail(lost)
        await ask(bot, "a lake", await put_file(bot, image_bytes()))
        await until_done(bot)
        submits = bot.sandbox.video.calls(Call.SUBMIT)
        charges = bot.sandbox.video.charges
    assert len(submits) == 2
    assert len({submit.body for submit in submits}) == 1
    assert len(charges) == 1


async def test_passing_trouble_at_slack_delays_a_job_and_costs_nothing() -> None:
    """Nothing was sent yet, so the step simply runs again."""
    async with running_bot() as bot:
        faults = bot.sandbox.slack.world.faults
        faults.add(DOWNLOAD, Fault(kind=FaultKind.LOST_AFTER))
        faults.add("files.info", Fault(kind=FaultKind.STATUS_BEFORE))
        data = image_bytes()
        await ask(bot, "a lake --first 1", await put_file(bot, data))
        await until_done(bot)
        assert data_of(sent(bot)["first_frame_image"]) == data
        assert len(bot.sandbox.video.charges) == 1


@pytest.mark.parametrize("text", ["", "again", "again --mode pro"])
async def test_images_in_a_thread_render_the_same_again_with_them(text: str) -> None:
    """The prompt and the options stay."""
    data = image_bytes()
    async with running_bot() as bot:
        said = await ask(bot, "a lake --mode pro")
        await until_done(bot)
        await ask(bot, text, await put_file(bot, data), thread_ts=said.ts)
        await until_done(bot, jobs=2)
        given = sent(bot)
    assert (given["prompt"], given["mode"]) == ("a lake", "pro")
    images = given["image_urls"]
    assert isinstance(images, list)
    assert [data_of(uri) for uri in images] == [data]


@pytest.mark.parametrize("place", ["mention", "direct message", "thread"])
async def test_a_message_with_a_file_is_one_job_however_often_it_is_delivered(place: str) -> None:
    """Slack calls it a `file_share`, and tells of a mention by another event besides."""
    data = image_bytes()
    async with running_bot() as bot:
        people, courier = bot.sandbox.slack.people, bot.sandbox.slack.courier
        channel = people.world.workspace.direct(ANA).id if place == "direct message" else GENERAL
        root = (await people.message(BEN, GENERAL, "look")).said.ts if place == "thread" else None
        text = "a lake" if channel != GENERAL else f"<@{BOT}> a lake"
        files = [await put_file(bot, data)]
        typed = await people.message(ANA, channel, text, files=files, thread_ts=root)
        await asyncio.gather(*(courier.deliver_again(each) for each in typed.deliveries * 3))
        await bot.until(lambda: any("Done in" in said.text for said in bot.replies(channel)))
        for each in typed.deliveries:
            assert (await courier.deliver_again(each, same_id=False)).problem is None
        await bot.sandbox.slack.settled()
        images = sent(bot)["image_urls"]
        assert isinstance(images, list)
        assert [data_of(uri) for uri in images] == [data]
        assert len(bot.sandbox.video.charges) == 1
        assert bot.ephemerals(channel) == []


async def test_the_files_of_a_job_are_kept_when_it_is_rendered_again() -> None:
    """`again` takes the same images."""
    data = image_bytes()
    async with running_bot() as bot:
        said = await ask(bot, "a lake --first 1", await put_file(bot, data))
        await until_done(bot)
        await ask(bot, "again", thread_ts=said.ts)
        await until_done(bot, jobs=2)
        assert data_of(sent(bot)["first_frame_image"]) == data


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("notes.pdf", 1000, "notes.pdf is not an image"),
        ("huge.png", 30_000_000, "huge.png has more than 10 MB"),
    ],
)
async def test_a_file_that_cannot_be_a_reference_is_refused_at_once(
    name: str, size: int, words: str
) -> None:
    """A private sentence; no job, nothing in the channel, nothing charged."""
    async with running_bot() as bot:
        file_id = await put_file(bot, b"x", name)
        bot.sandbox.slack.world.files.file(file_id).size = size
        await ask(bot, "a lake", file_id)
        send_ephemeral = await until_refused(bot)
    assert send_ephemeral.ephemeral_for == ANA
    assert words in send_ephemeral.text
    assert [said for said in bot.messages() + bot.replies() if said.user == BOT] == []


async def test_a_file_that_only_claims_to_be_an_image_ends_the_job_uncharged() -> None:
    """Its name says PNG, its bytes do not."""
    async with running_bot() as bot:
        await ask(bot, "a lake", await put_file(bot, b"%PDF-1.7", "cat.png"))
        send_ephemeral = await until_refused(bot)
    assert "no image that can be read" in send_ephemeral.text
    assert "charged" in send_ephemeral.text


async def test_more_bytes_than_slack_announced_are_not_read() -> None:
    """A size is a claim like a name."""
    async with running_bot() as bot:
        file_id = await put_file(bot, image_bytes() + bytes(MOST_BYTES))
        bot.sandbox.slack.world.files.file(file_id).size = 100
        await ask(bot, "a lake", file_id)
        assert "more than 10 MB" in (await until_refused(bot)).text


@pytest.mark.parametrize("code", ["file_deleted", "file_not_found"])
async def test_a_file_that_vanished_before_it_was_sent_ends_the_job_uncharged(code: str) -> None:
    """Only the asker hears, and the job's message says so too."""
    async with running_bot() as bot:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code=code)
        bot.sandbox.slack.world.faults.add("files.info", fault)
        await ask(bot, "a lake", await put_file(bot, image_bytes()))
        send_ephemeral = await until_refused(bot)
        assert "no longer in Slack" in send_ephemeral.text
        await bot.until(lambda: any("Not started" in said.text for said in bot.replies()))


async def test_a_typed_reference_opens_nobodys_file() -> None:
    """The bot sees more files than most people, so only what is attached counts."""
    async with running_bot() as bot:
        file_id = await put_file(bot, image_bytes())
        delivery = await bot.type(f"a lake --image slack-file:{file_id}")
        assert delivery.shown is not None
        assert "Attach the file itself" in delivery.shown.text
        assert bot.sandbox.video.requests == []
