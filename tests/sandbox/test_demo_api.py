"""Tests of the HTTP calls of the demo page."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, FormData, StreamReader
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.chat import SlackChat
from bot.slack.views import SlackViews
from sandbox.demo.api import DemoApi
from sandbox.server import serve
from sandbox.slack.entities import ANA, BEN, BOT, GENERAL, VAULT, Payload
from sandbox.slack.service import SlackSandbox
from storage.job import Json
from tests.support.sandbox import MANIFEST
from tests.support.slack_sandbox import HELLO, HERE, chunks_of, client_of

FORM: dict[str, Json] = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Create a video"},
    "submit": {"type": "plain_text", "text": "Create"},
    "blocks": [
        {
            "type": "input",
            "block_id": "prompt",
            "label": {"type": "plain_text", "text": "Prompt"},
            "element": {"type": "plain_text_input", "action_id": "prompt"},
        },
    ],
}


class PageClient:
    """A client that makes the page's calls."""

    def __init__(self, session: ClientSession, sandbox: SlackSandbox) -> None:
        self.session = session
        self.sandbox = sandbox

    async def state(self, user: str = ANA, **query: str) -> Payload:
        """Return the state of a user's page."""
        async with self.session.get("/demo/state", params={"user": user, **query}) as answer:
            state: Payload = await answer.json()
            return state

    async def act(self, **act: object) -> Payload:
        """Perform an action; as Ana unless `user` is given."""
        async with self.session.post("/demo/act", json={"user": ANA, **act}) as answer:
            result: Payload = await answer.json()
            return {**result, "status": answer.status}


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[PageClient]:
    """A sandbox with the page's calls, and a bot that answers its command."""
    sandbox = SlackSandbox(tmp_path, MANIFEST, retry_pauses=())
    DemoApi(sandbox.people).add_to(sandbox.app)
    async with serve(sandbox.app) as base_url:
        sandbox.set_base_url(base_url)
        async with client_of(sandbox) as client, ClientSession(base_url) as session:
            app = AsyncApp(client=client, signing_secret=sandbox.credentials.signing_secret)
            app.command("/video")(_answer)
            app.shortcut("create_video")(_open_form)
            app.view("form")(_refuse)
            async with serve(app.web_app("/slack/events")) as bot_url:
                sandbox.deliver_to(f"{bot_url}/slack/events")
                yield PageClient(session, sandbox)


async def _answer(ack: AsyncAck, command: dict[str, str]) -> None:
    await ack(f"received {command['text']}")


async def _open_form(ack: AsyncAck, body: dict[str, str], client: AsyncWebClient) -> None:
    await SlackViews(client).open(body["trigger_id"], FORM)
    await ack()


async def _refuse(ack: AsyncAck) -> None:
    await ack(response_action="errors", errors={"prompt": "Too dull."})


async def test_a_user_is_shown_their_own_channels_only(page: PageClient) -> None:
    state = await page.state(BEN)

    assert isinstance(state["channels"], list)
    names = {channel["id"]: channel["name"] for channel in state["channels"]}
    assert names[GENERAL] == "general"
    assert VAULT not in names
    assert names["D0BEN"] == "video"
    assert (await page.state(BEN, channel=VAULT))["ok"] is False


async def test_a_typed_command_reaches_the_bot_with_slacks_markup(
    page: PageClient,
) -> None:
    result = await page.act(
        type="command", channel=GENERAL, text="/video @ben & a #general car https://x.example/a?b"
    )

    assert result["ok"] is True
    assert isinstance(result["ephemeral"], dict)
    assert result["ephemeral"]["text"] == (
        "received <@U0BEN> &amp; a <#C0GENERAL|general> car <https://x.example/a?b>"
    )
    assert isinstance((state := await page.state())["messages"], list)
    assert [message["ephemeral_for"] for message in state["messages"]] == [ANA]
    assert (await page.state(BEN))["messages"] == []


async def test_a_message_is_shown_with_its_thread_and_files(page: PageClient) -> None:
    form = FormData()
    form.add_field("file", b"dog", filename="dog.png")
    async with page.session.post("/demo/files", params={"user": ANA}, data=form) as answer:
        file_id = (await answer.json())["file_id"]

    await page.act(type="message", channel=GENERAL, text="@video look", files=[file_id])
    (root,) = page.sandbox.world.workspace.history(GENERAL)
    await page.act(type="message", user=BEN, channel=GENERAL, text="nice", thread_ts=root.ts)

    state = await page.state(thread=root.ts)
    assert isinstance(state["messages"], list)
    (message,) = state["messages"]
    assert message["text"] == f"<@{BOT}> look"
    assert message["reply_count"] == 1
    assert message["files"][0]["mimetype"] == "image/png"
    assert isinstance(state["thread"], dict)
    assert [message["text"] for message in state["thread"]["messages"]][1:] == ["nice"]


async def test_a_file_is_served_in_ranges(page: PageClient) -> None:
    world = page.sandbox.world
    file = await world.files.put(name="a.mp4", owner=ANA, chunks=chunks_of(b"0123456789"))

    headers = {"Range": "bytes=2-4"}
    async with page.session.get(f"/demo/files/{file.id}", headers=headers) as answer:
        assert (answer.status, await answer.read()) == (206, b"234")
        assert answer.content_type == "video/mp4"
    async with page.session.get("/demo/files/F0") as answer:
        assert answer.status == 404


async def test_a_form_opens_shows_its_errors_and_closes(page: PageClient) -> None:
    await page.act(type="shortcut", callback_id="create_video")
    modal = await _modal(page)
    assert (modal["title"], modal["submit"]) == ("Create a video", "Create")

    result = await page.act(type="submit_view", view_id=modal["id"], values={})
    assert result["ok"] is True
    assert (await _modal(page))["errors"] == {"prompt": "Please complete this required field."}

    values = {"prompt": {"prompt": "a lake"}}
    await page.act(type="submit_view", view_id=modal["id"], values=values)
    assert (await _modal(page))["errors"] == {"prompt": "Too dull."}

    await page.act(type="close_view", view_id=modal["id"])
    state = await page.state()
    assert isinstance(state["views"], dict)
    assert state["views"]["modal"] is None


async def _modal(page: PageClient) -> Payload:
    state = await page.state()
    assert isinstance(state["views"], dict)
    modal: Payload = state["views"]["modal"]
    return modal


async def test_an_error_is_shown_until_the_next_action(page: PageClient) -> None:
    result = await page.act(type="command", channel=GENERAL, text="/unknown thing")

    assert result["ok"] is False
    assert result["error"] == (await page.state())["error"]
    assert "/unknown failed" in str(result["error"])
    await page.act(type="command", channel=GENERAL, text="/video x")
    assert (await page.state())["error"] is None


@pytest.mark.parametrize("act", [{}, {"type": "dance"}, {"type": "command"}])
async def test_an_invalid_action_is_a_bad_request(page: PageClient, act: dict[str, object]) -> None:
    assert (await page.act(**act))["status"] == 400


async def test_the_stream_reports_each_change(page: PageClient) -> None:
    async with page.session.get("/demo/stream", params={"user": ANA}) as stream:
        first = await _next_event(stream.content)
        async with client_of(page.sandbox) as client:
            await SlackChat(client).post(HERE, HELLO, "j1")
        second = await _next_event(stream.content)

    assert first["changed"] is second["changed"] is True
    assert isinstance(first["version"], int)
    assert isinstance(second["version"], int)
    assert second["version"] > first["version"]


async def _next_event(content: StreamReader) -> Payload:
    async with asyncio.timeout(5):
        line = await content.readline()
        await content.readline()
    event: Payload = json.loads(line.removeprefix(b"data: "))
    return event


async def test_the_page_and_its_files_are_served(page: PageClient) -> None:
    async with page.session.get("/") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
    async with page.session.get("/page/index.html") as answer:
        assert answer.status == 200
