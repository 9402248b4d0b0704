"""Tests of the simulated Slack with a real Bolt app, by signed requests and by Socket Mode."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError

from bot.slack.chat import SlackChat
from bot.slack.views import SlackViews
from sandbox.server import serve
from sandbox.slack.entities import ANA, BEN, BOT, GENERAL, OPEN, Payload
from sandbox.slack.service import SlackSandbox
from sandbox.slack.views import View
from tests.support.slack_sandbox import HELLO, HERE, chunks_of, client_of, running_slack

BUTTONS: list[Payload] = [
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {
                "type": "button",
                "action_id": "again",
                "text": {"type": "plain_text", "text": "Again"},
                "value": "j1",
            },
        ],
    },
]

FORM: Payload = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Create a video"},
    "submit": {"type": "plain_text", "text": "Create"},
    "private_metadata": "nonce",
    "blocks": [
        {
            "type": "input",
            "block_id": "prompt",
            "label": {"type": "plain_text", "text": "Prompt"},
            "element": {"type": "plain_text_input", "action_id": "prompt", "multiline": True},
        },
        {
            "type": "input",
            "block_id": "duration",
            "label": {"type": "plain_text", "text": "Seconds"},
            "element": {
                "type": "number_input",
                "action_id": "duration",
                "is_decimal_allowed": False,
                "initial_value": "5",
                "min_value": "3",
                "max_value": "15",
            },
        },
        {
            "type": "input",
            "block_id": "image",
            "optional": True,
            "label": {"type": "plain_text", "text": "Image"},
            "element": {"type": "file_input", "action_id": "image"},
        },
    ],
}


class RecordingBot:
    """A Bolt app that records what it receives; the test sets its answer to a form."""

    def __init__(self, app: AsyncApp) -> None:
        self.app = app
        self.received: list[Payload] = []
        self.form_answer: Payload = {}
        app.command("/video")(self._command)
        app.event("app_mention")(self._event)
        app.event("message")(self._event)
        app.event("app_home_opened")(self._event)
        app.action("again")(self._action)
        app.view("form")(self._view)
        app.shortcut("create_video")(self._action)
        app.shortcut("video_from_message")(self._action)

    def types(self) -> list[object]:
        """The types of what was received."""
        return [event["type"] for event in self.received]

    async def _command(self, ack: AsyncAck, body: Payload) -> None:
        self.received.append(body)
        await ack(f"received {body['text']}")

    async def _event(self, event: Payload) -> None:
        self.received.append(event)

    async def _action(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        self.received.append(body)

    async def _view(self, ack: AsyncAck, body: Payload) -> None:
        self.received.append(body)
        await ack(**self.form_answer)  # type: ignore[arg-type] # the test knows its form


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SlackSandbox]:
    """A simulated Slack."""
    async with running_slack(tmp_path) as slack:
        yield slack


@asynccontextmanager
async def bolt_app(sandbox: SlackSandbox) -> AsyncIterator[AsyncApp]:
    """Build a Bolt app with the sandbox's credentials."""
    async with client_of(sandbox) as client:
        yield AsyncApp(
            client=client,
            token=client.token,
            signing_secret=sandbox.credentials.signing_secret,
        )


@asynccontextmanager
async def over_http(sandbox: SlackSandbox) -> AsyncIterator[RecordingBot]:
    """Run a bot that receives signed requests."""
    async with bolt_app(sandbox) as app, serve(app.web_app("/slack/events")) as url:
        sandbox.deliver_to(f"{url}/slack/events")
        yield RecordingBot(app)


@asynccontextmanager
async def over_a_socket(sandbox: SlackSandbox) -> AsyncIterator[RecordingBot]:
    """Run a bot in Socket Mode."""
    async with bolt_app(sandbox) as app:
        handler = AsyncSocketModeHandler(app, sandbox.credentials.app_token, ping_interval=0.1)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        await sandbox.sockets.connected()
        yield RecordingBot(app)
        await handler.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture(params=[over_http, over_a_socket], ids=["http", "socket"])
async def bot(request: pytest.FixtureRequest, sandbox: SlackSandbox) -> AsyncIterator[RecordingBot]:
    """A bot, once for each way of connecting."""
    async with request.param(sandbox) as bot:
        yield bot


@pytest.fixture
async def http_bot(sandbox: SlackSandbox) -> AsyncIterator[RecordingBot]:
    """A bot that receives signed requests."""
    async with over_http(sandbox) as bot:
        yield bot


async def until_received(bot: RecordingBot, count: int) -> list[Payload]:
    """Wait until the bot, which acknowledges events first, has received this many payloads."""
    async with asyncio.timeout(5):
        while len(bot.received) < count:  # noqa: ASYNC110 - Bolt signals nothing when a listener ends
            await asyncio.sleep(0.005)
    return bot.received


async def test_a_command_reaches_the_bot_and_its_answer_the_user(
    bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    delivery = await sandbox.people.command(ANA, GENERAL, "a red car --duration 5")

    (body,) = bot.received
    assert (body["user_id"], body["channel_id"]) == (ANA, GENERAL)
    assert body["trigger_id"]
    assert delivery.shown is not None
    assert delivery.shown.text == "received a red car --duration 5"
    assert delivery.shown.ephemeral_for == ANA


async def test_a_mention_is_delivered_as_two_events_of_one_message(
    http_bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    typed = await sandbox.people.message(ANA, GENERAL, f"<@{BOT}> a lake")

    events = await until_received(http_bot, 2)
    assert {event["type"] for event in events} == {"app_mention", "message"}
    assert {event["ts"] for event in events} == {typed.message.ts}
    assert len({str(each.payload["event_id"]) for each in typed.deliveries}) == 2


async def test_a_direct_message_is_one_event(http_bot: RecordingBot, sandbox: SlackSandbox) -> None:
    direct = sandbox.world.workspace.direct(ANA)

    await sandbox.people.message(ANA, direct.id, f"<@{BOT}> a lake")

    (event,) = await until_received(http_bot, 1)
    assert (event["type"], event["channel_type"]) == ("message", "im")


async def test_the_bot_receives_no_events_of_a_channel_without_it(
    http_bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    typed = await sandbox.people.message(ANA, OPEN, f"<@{BOT}> a lake")

    assert typed.deliveries == ()
    assert http_bot.received == []


async def test_a_click_is_delivered_with_the_buttons_value_and_message(
    http_bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    message = sandbox.world.workspace.post(GENERAL, BOT, "Done", blocks=BUTTONS)
    await sandbox.settled()

    await sandbox.people.click(BEN, message.ts, "again")

    (body,) = [
        body for body in await until_received(http_bot, 1) if body["type"] == "block_actions"
    ]
    assert isinstance(body["actions"], list)
    assert [action["value"] for action in body["actions"]] == ["j1"]
    assert body["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": GENERAL,
        "is_ephemeral": False,
    }


async def open_form(sandbox: SlackSandbox, *, trigger: str | None = None) -> View:
    """Open the form for Ana."""
    async with client_of(sandbox) as client:
        trigger = trigger or sandbox.world.views.new_trigger(ANA)
        await SlackViews(client).open(trigger, FORM)  # type: ignore[arg-type] # is JSON
    view = sandbox.world.views.top(ANA)
    assert view is not None
    return view


async def test_a_form_is_submitted_with_the_values_of_its_fields(
    http_bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    view = await open_form(sandbox)
    file = await sandbox.world.files.put(name="dog.png", owner=ANA, chunks=chunks_of(b"dog"))

    await sandbox.people.submit_view(
        ANA, view.id, {"prompt": {"prompt": "a lake"}, "image": {"image": [file.id]}}
    )

    (body,) = http_bot.received
    sent = body["view"]
    assert isinstance(sent, dict)
    values = sent["state"]["values"]
    assert values["prompt"]["prompt"] == {"type": "plain_text_input", "value": "a lake"}
    assert values["duration"]["duration"]["value"] == "5"
    assert values["image"]["image"]["files"][0]["id"] == file.id
    assert sent["private_metadata"] == "nonce"
    assert sandbox.world.views.top(ANA) is None


async def test_the_bots_errors_are_shown_at_the_field(
    bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    bot.form_answer = {"response_action": "errors", "errors": {"prompt": "Too dull."}}
    view = await open_form(sandbox)

    await sandbox.people.submit_view(ANA, view.id, {"prompt": {"prompt": "a lake"}})

    assert sandbox.world.views.top(ANA) is view
    assert view.errors == {"prompt": "Too dull."}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "prompt"),
        ({"prompt": {"prompt": "x"}, "duration": {"duration": "16"}}, "duration"),
        ({"prompt": {"prompt": "x"}, "duration": {"duration": "2"}}, "duration"),
        ({"prompt": {"prompt": "x"}, "duration": {"duration": "5.5"}}, "duration"),
        ({"prompt": {"prompt": "x"}, "duration": {"duration": "five"}}, "duration"),
    ],
)
async def test_a_form_with_invalid_fields_is_not_submitted(
    sandbox: SlackSandbox, values: dict[str, dict[str, object]], field: str
) -> None:
    async with over_http(sandbox) as bot:
        view = await open_form(sandbox)

        delivery = await sandbox.people.submit_view(ANA, view.id, values)

    assert delivery.acks == []
    assert list(view.errors) == [field]
    assert bot.received == []


async def test_a_form_can_be_stacked_replaced_and_cleared(sandbox: SlackSandbox) -> None:
    prompt = {"prompt": {"prompt": "x"}}
    async with over_http(sandbox) as bot:
        first = await open_form(sandbox)
        bot.form_answer = {"response_action": "push", "view": FORM}
        await sandbox.people.submit_view(ANA, first.id, prompt)
        second = sandbox.world.views.top(ANA)
        assert second is not None
        assert second.previous_id == first.id

        bot.form_answer = {
            "response_action": "update",
            "view": {**FORM, "private_metadata": "other"},
        }
        await sandbox.people.submit_view(ANA, second.id, prompt)
        assert second.data["private_metadata"] == "other"

        bot.form_answer = {"response_action": "clear"}
        await sandbox.people.submit_view(ANA, second.id, prompt)
    assert sandbox.world.views.top(ANA) is None


async def test_at_most_three_forms_are_stacked(sandbox: SlackSandbox) -> None:
    new_trigger = sandbox.world.views.new_trigger
    await open_form(sandbox)
    async with client_of(sandbox) as client:
        for _ in range(2):
            await client.views_push(trigger_id=new_trigger(ANA), view=FORM)

        with pytest.raises(SlackApiError, match="push_limit_reached"):
            await client.views_push(trigger_id=new_trigger(ANA), view=FORM)


async def test_shortcuts_and_the_home_tab_reach_the_bot(
    http_bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    message = sandbox.world.workspace.post(GENERAL, BEN, "a red car")

    await sandbox.people.shortcut(ANA, "create_video")
    await sandbox.people.message_shortcut(ANA, message.ts, "video_from_message")
    await sandbox.people.open_home(ANA)

    await until_received(http_bot, 3)
    assert http_bot.types() == ["shortcut", "message_action", "app_home_opened"]


async def test_bolt_ignores_the_bots_own_messages(
    http_bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    async with client_of(sandbox) as client:
        await SlackChat(client).post(HERE, HELLO, "j1")
    await sandbox.settled()

    await sandbox.people.message(ANA, GENERAL, "and a user's")

    (event,) = await until_received(http_bot, 1)
    assert event["user"] == ANA


async def test_edits_and_deletions_are_delivered(
    http_bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    typed = await sandbox.people.message(ANA, GENERAL, "a lak")
    await sandbox.people.edit(typed.message, "a lake")
    await sandbox.people.delete(typed.message)

    events = await until_received(http_bot, 3)
    assert [event.get("subtype") for event in events] == [
        None,
        "message_changed",
        "message_deleted",
    ]
    assert typed.message.edits == [("a lak", [])]


async def test_an_event_is_delivered_again_with_the_same_and_with_another_id(
    http_bot: RecordingBot, sandbox: SlackSandbox
) -> None:
    (delivery,) = (await sandbox.people.message(ANA, GENERAL, "hi")).deliveries
    first_id = delivery.payload["event_id"]

    await sandbox.dispatcher.deliver_again(delivery)
    assert delivery.payload["event_id"] == first_id
    await sandbox.dispatcher.deliver_again(delivery, same_id=False)
    assert delivery.payload["event_id"] != first_id

    assert len({event["ts"] for event in await until_received(http_bot, 3)}) == 1


async def test_a_forged_signature_is_refused_by_the_bot(sandbox: SlackSandbox) -> None:
    async with over_http(sandbox) as bot:
        sandbox.credentials.signing_secret = "another"

        delivery = await sandbox.people.command(ANA, GENERAL, "a red car")

    assert delivery.ack.status == 401
    assert delivery.error == '/video failed with the error "dispatch_failed"'
    assert bot.received == []


async def test_an_event_is_delivered_up_to_four_times_with_the_number_of_the_retry(
    sandbox: SlackSandbox,
) -> None:
    seen: list[str | None] = []

    async def fail(request: web.Request) -> web.Response:
        seen.append(request.headers.get("X-Slack-Retry-Num"))
        raise web.HTTPInternalServerError

    broken = web.Application()
    broken.router.add_post("/slack/events", fail)
    async with serve(broken) as url:
        sandbox.deliver_to(f"{url}/slack/events")
        typed = await sandbox.people.message(ANA, GENERAL, "hi")
        await sandbox.settled()

    assert seen == [None, "1", "2", "3"]
    assert len(typed.deliveries[0].acks) == 4


async def test_a_late_acknowledgement_is_shown_as_an_error(tmp_path: Path) -> None:
    async with running_slack(tmp_path, ack_seconds=0.1) as sandbox, over_http(sandbox) as bot:

        async def slow(ack: AsyncAck) -> None:
            await asyncio.sleep(0.3)
            await ack()

        bot.app.command("/slow")(slow)
        delivery = await sandbox.people.command(ANA, GENERAL, "", command="/slow")

        assert delivery.error == '/slow failed with the error "operation_timeout"'
        assert sandbox.people.errors_shown[ANA] == delivery.error


async def test_without_a_bot_the_user_is_shown_an_error(sandbox: SlackSandbox) -> None:
    delivery = await sandbox.people.command(ANA, GENERAL, "a red car")

    assert delivery.error == '/video failed with the error "dispatch_failed"'


async def test_a_socket_that_slack_closes_is_replaced(sandbox: SlackSandbox) -> None:
    async with over_a_socket(sandbox) as bot:
        await sandbox.sockets.disconnect()
        async with asyncio.timeout(5):
            await sandbox.sockets.connected()

        await sandbox.people.command(ANA, GENERAL, "a red car")

    assert len(bot.received) == 1
